/** Handles on series: each counts into one until it is closed, and into nothing afterwards. */
import type { LabelValues } from '../labels.ts';
import type { ExemplarLabels } from './exemplar.ts';
import type { Cell, Table } from './table.ts';

/** What all handles have. */
abstract class Handle {
  /** The labels of the series: those asked for, but for values that were folded. */
  readonly labels: LabelValues;
  /** Where it counts, until it is closed. */
  protected cell: Cell | undefined;
  readonly #release: () => void;

  constructor(cell: Cell, release: () => void) {
    this.labels = cell.labels;
    this.cell = cell;
    this.#release = release;
  }

  /** Ends the counting: what comes later goes nowhere. The slots the handle held may be given to others some day. */
  close(): void {
    if (!this.cell) return;
    this.cell = undefined;
    this.#release();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Counts into one series of a counter. */
export class CounterSeries extends Handle {
  readonly #table: Table;

  constructor(cell: Cell, table: Table, release: () => void) {
    super(cell, release);
    this.#table = table;
  }

  /** What the series counts now; 0 once the handle is closed. */
  get value(): number {
    return this.cell?.value ?? 0;
  }

  /** Adds to the series. Negative and non-finite amounts are ignored: a counter only grows. */
  add(amount = 1, labels?: ExemplarLabels): void {
    const { cell } = this;
    if (!cell || !(amount >= 0 && amount < Number.POSITIVE_INFINITY)) return;
    cell.numbers[cell.at]! += amount;
    if (labels) this.#table.exemplify(cell, 0, amount, labels);
  }
}

/** Counts into one series of a gauge. */
export class GaugeSeries extends Handle {
  /** What the series says now; 0 once the handle is closed. */
  get value(): number {
    return this.cell?.value ?? 0;
  }

  /** Sets the value. */
  set(value: number): void {
    const { cell } = this;
    if (!cell) return;
    cell.numbers[cell.at] = value;
    cell.absolute = true;
  }

  /** Adds to the value; a negative amount subtracts. Non-finite amounts are ignored. */
  add(amount = 1): void {
    const { cell } = this;
    if (!cell || !(amount > Number.NEGATIVE_INFINITY && amount < Number.POSITIVE_INFINITY)) return;
    cell.numbers[cell.at]! += amount;
  }
}

/** Counts into one series of a histogram: the sum, then one count per bucket, and last the one past the highest bound. */
export class HistogramSeries extends Handle {
  readonly #buckets: readonly number[];
  readonly #table: Table;

  constructor(cell: Cell, buckets: readonly number[], table: Table, release: () => void) {
    super(cell, release);
    this.#buckets = buckets;
    this.#table = table;
  }

  /** One count per bucket, and last the one past the highest bound; none once the handle is closed. */
  get counts(): readonly number[] {
    const { cell } = this;
    return cell ? [...cell.numbers.subarray(cell.at + 1, cell.at + this.#buckets.length + 2)] : [];
  }

  /** How many values were observed. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** The sum of the values observed; 0 once the handle is closed. */
  get sum(): number {
    return this.cell?.value ?? 0;
  }

  /** Observes a value; non-finite ones are ignored. */
  observe(value: number, labels?: ExemplarLabels): void {
    const { cell } = this;
    if (!cell || !(value > Number.NEGATIVE_INFINITY && value < Number.POSITIVE_INFINITY)) return;
    const index = 1 + bucketOf(this.#buckets, value);
    cell.numbers[cell.at]! += value;
    cell.numbers[cell.at + index]! += 1;
    if (labels) this.#table.exemplify(cell, index, value, labels);
  }

  /**
   * Adds what was counted elsewhere over the same buckets.
   *
   * @param counts one count per bucket, and last the one past the highest bound (as in OTLP)
   * @param sum the sum of the observed values
   * @param example one of them, and what it points at
   * @throws RangeError when there are not as many counts as buckets, plus one
   */
  merge(
    counts: readonly number[],
    sum: number,
    example?: { readonly value: number; readonly labels: ExemplarLabels },
  ): void {
    const expected = this.#buckets.length + 1;
    if (counts.length !== expected) {
      throw new RangeError(`${expected} bucket counts are needed, not ${counts.length}`);
    }
    const { cell } = this;
    if (!cell) return;
    cell.numbers[cell.at]! += sum;
    for (let i = 0; i < counts.length; i++) cell.numbers[cell.at + 1 + i]! += counts[i]!;
    if (!example) return;
    this.#table.exemplify(cell, 1 + bucketOf(this.#buckets, example.value), example.value, example.labels);
  }
}

function bucketOf(buckets: readonly number[], value: number): number {
  let bucket = 0;
  while (bucket < buckets.length && value > buckets[bucket]!) bucket += 1;
  return bucket;
}
