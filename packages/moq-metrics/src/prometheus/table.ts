import { labelsText } from '../exposition/format.ts';
import type { LabelValues } from '../labels.ts';
import { type Exemplar, exemplarOf, type ExemplarLabels } from './exemplar.ts';

/** A series: where its numbers are. */
export class Cell {
  /** Those asked for, but for values that were folded. */
  readonly labels: LabelValues;
  /** Among these numbers, beginning at this index. They are elsewhere once the series is given up. */
  numbers: Float64Array;
  at: number;
  /** Which of the table's series it is; `undefined` once it is none of them. */
  row: number | undefined;
  /** Whether it is a gauge that was ever set: then it tells one thing, and adding it to another has no meaning. */
  absolute = false;

  constructor(labels: LabelValues, numbers: Float64Array, at: number, row: number) {
    this.labels = labels;
    this.numbers = numbers;
    this.at = at;
    this.row = row;
  }

  /** The first of its numbers: a counter's and a gauge's only one, and a histogram's sum. */
  get value(): number {
    return this.numbers[this.at]!;
  }
}

/** All series of a metric as they stood at one instant, however long it takes to write them down. */
export interface Snapshot {
  /** The labels of each series, as they stand between the braces; `undefined` in place of one that was given up. */
  readonly texts: readonly (string | undefined)[];
  /** The numbers of each series, one series after the other. */
  readonly numbers: Float64Array;
  /** By the index of the number they are examples of. */
  readonly exemplars: ReadonlyMap<number, Exemplar>;
}

/** How many series lie in one piece of memory. */
const PIECE = 64;

/**
 * The numbers of all series of a metric, side by side: a scrape copies them a piece at a time. Numbers that lie with
 * their series it would have to fetch from all over the memory.
 */
export class Table {
  readonly #width: number;
  readonly #now: () => number;
  readonly #pieces: Float64Array[] = [];
  readonly #texts: (string | undefined)[] = [];
  readonly #exemplars = new Map<number, Exemplar>();
  /** The rows of series that were given up. */
  readonly #free: number[] = [];

  /**
   * @param width how many numbers a series has
   * @param now a clock, in milliseconds of Unix time
   */
  constructor(width: number, now: () => number) {
    this.#width = width;
    this.#now = now;
  }

  /** A new series, at zero. */
  open(labels: LabelValues): Cell {
    const row = this.#free.pop() ?? this.#texts.length;
    const piece = (this.#pieces[Math.floor(row / PIECE)] ??= new Float64Array(PIECE * this.#width));
    this.#texts[row] = labelsText(labels);
    return new Cell(labels, piece, (row % PIECE) * this.#width, row);
  }

  /** Gives a series up. What is counted into it from now on goes nowhere. */
  close(cell: Cell): void {
    const { row, numbers, at } = cell;
    if (row === undefined) return;
    cell.row = undefined;
    cell.numbers = numbers.slice(at, at + this.#width);
    cell.at = 0;
    numbers.fill(0, at, at + this.#width);
    for (let i = 0; i < this.#width; i++) this.#exemplars.delete(row * this.#width + i);
    this.#texts[row] = undefined;
    this.#free.push(row);
  }

  /** Keeps an example of what one of the numbers of a series counted, if its labels are any good. */
  exemplify({ row }: Cell, index: number, value: number, labels: ExemplarLabels): void {
    const exemplar = exemplarOf(labels, value, this.#now());
    if (exemplar && row !== undefined) this.#exemplars.set(row * this.#width + index, exemplar);
  }

  /** Copies all there is to write down. */
  snapshot(): Snapshot {
    const size = PIECE * this.#width;
    const numbers = new Float64Array(this.#pieces.length * size);
    for (const [i, piece] of this.#pieces.entries()) numbers.set(piece, i * size);
    return { texts: [...this.#texts], numbers, exemplars: new Map(this.#exemplars) };
  }
}
