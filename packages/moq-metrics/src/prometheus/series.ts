/**
 * Series counted in plain numbers. A cell is the series itself; a handle counts into a cell until it is closed, and
 * into nothing afterwards.
 */
import { labelsText } from '../exposition/format.ts';
import { isLabelValue, type LabelValues } from '../labels.ts';

/** What points from a series at an example of what it counted: `trace_id`, `span_id`. */
export type ExemplarLabels = LabelValues;

/** An example of what a series counted. */
export interface Exemplar {
  /** Its labels, as they stand between the braces. */
  readonly text: string;
  readonly value: number;
  /** Unix time in seconds. */
  readonly timestamp: number;
}

/** How long the labels of an exemplar may be together, by OpenMetrics. */
const EXEMPLAR_MAX = 128;

/** An example to show, or nothing when its labels are too long or would break the line. */
function exemplarOf(labels: ExemplarLabels, value: number, now: () => number): Exemplar | undefined {
  const entries = Object.entries(labels);
  const length = entries.reduce((sum, [name, text]) => sum + name.length + text.length, 0);
  if (
    length > EXEMPLAR_MAX ||
    !entries.every(([name, text]) => /^[a-z_]\w*$/i.test(name) && isLabelValue(text))
  ) {
    return undefined;
  }
  return { text: labelsText(labels), value, timestamp: now() / 1000 };
}

/** What all series have. */
abstract class LabelledCell {
  /** Those asked for, but for values that were folded. */
  readonly labels: LabelValues;
  /** The labels, as they stand between the braces. */
  readonly text: string;

  constructor(labels: LabelValues) {
    this.labels = labels;
    this.text = labelsText(labels);
  }
}

/** A counter's series. */
export class CounterCell extends LabelledCell {
  value = 0;
  exemplar: Exemplar | undefined;
}

/** A gauge's series. */
export class GaugeCell extends LabelledCell {
  value = 0;
  /** Whether it was ever set: then it tells one thing, and adding it to another has no meaning. */
  absolute = false;
}

/** A histogram's series. */
export class HistogramCell extends LabelledCell {
  /** One count per bucket, and last the one past the highest bound. */
  readonly counts: Float64Array;
  sum = 0;
  exemplars: (Exemplar | undefined)[] | undefined;

  constructor(labels: LabelValues, buckets: number) {
    super(labels);
    this.counts = new Float64Array(buckets + 1);
  }
}

/** What all handles have. */
abstract class Handle<Cell extends LabelledCell> {
  /** Where it counts: a series, and once it is closed a place nobody looks at. */
  protected cell: Cell;
  #release: (() => void) | undefined;

  constructor(cell: Cell, release: () => void) {
    this.cell = cell;
    this.#release = release;
  }

  /** The labels of the series: those asked for, but for values that were folded. */
  get labels(): LabelValues {
    return this.cell.labels;
  }

  /** Ends the counting: what comes later goes nowhere. The slots the handle held may be given to others some day. */
  close(): void {
    if (!this.#release) return;
    this.#release();
    this.#release = undefined;
    this.cell = this.nowhere();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  protected abstract nowhere(): Cell;
}

/** Counts into one series of a counter. */
export class CounterSeries extends Handle<CounterCell> {
  readonly #now: () => number;

  constructor(cell: CounterCell, now: () => number, release: () => void) {
    super(cell, release);
    this.#now = now;
  }

  /** What the series counts now. */
  get value(): number {
    return this.cell.value;
  }

  /** Adds to the series. Negative and non-finite amounts are ignored: a counter only grows. */
  add(amount = 1, labels?: ExemplarLabels): void {
    if (!(amount >= 0 && amount < Number.POSITIVE_INFINITY)) return;
    const { cell } = this;
    cell.value += amount;
    if (labels) cell.exemplar = exemplarOf(labels, amount, this.#now) ?? cell.exemplar;
  }

  protected override nowhere(): CounterCell {
    return new CounterCell({});
  }
}

/** Counts into one series of a gauge. */
export class GaugeSeries extends Handle<GaugeCell> {
  /** What the series says now. */
  get value(): number {
    return this.cell.value;
  }

  /** Sets the value. */
  set(value: number): void {
    const { cell } = this;
    cell.value = value;
    cell.absolute = true;
  }

  /** Adds to the value; a negative amount subtracts. Non-finite amounts are ignored. */
  add(amount = 1): void {
    if (amount > Number.NEGATIVE_INFINITY && amount < Number.POSITIVE_INFINITY) this.cell.value += amount;
  }

  protected override nowhere(): GaugeCell {
    return new GaugeCell({});
  }
}

/** Counts into one series of a histogram. */
export class HistogramSeries extends Handle<HistogramCell> {
  readonly #buckets: readonly number[];
  readonly #now: () => number;

  constructor(cell: HistogramCell, buckets: readonly number[], now: () => number, release: () => void) {
    super(cell, release);
    this.#buckets = buckets;
    this.#now = now;
  }

  /** One count per bucket, and last the one past the highest bound. */
  get counts(): readonly number[] {
    return [...this.cell.counts];
  }

  /** How many values were observed. */
  get count(): number {
    return this.cell.counts.reduce((sum, count) => sum + count, 0);
  }

  /** The sum of the values observed. */
  get sum(): number {
    return this.cell.sum;
  }

  /** Observes a value; non-finite ones are ignored. */
  observe(value: number, labels?: ExemplarLabels): void {
    if (!(value > Number.NEGATIVE_INFINITY && value < Number.POSITIVE_INFINITY)) return;
    const { cell } = this;
    const bucket = bucketOf(this.#buckets, value);
    cell.counts[bucket]! += 1;
    cell.sum += value;
    if (labels) this.#exemplify(bucket, value, labels);
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
    const { cell } = this;
    if (counts.length !== cell.counts.length) {
      throw new RangeError(`${cell.counts.length} bucket counts are needed, not ${counts.length}`);
    }
    for (let i = 0; i < counts.length; i++) cell.counts[i]! += counts[i]!;
    cell.sum += sum;
    if (example) this.#exemplify(bucketOf(this.#buckets, example.value), example.value, example.labels);
  }

  #exemplify(bucket: number, value: number, labels: ExemplarLabels): void {
    const exemplars = (this.cell.exemplars ??= []);
    exemplars[bucket] = exemplarOf(labels, value, this.#now) ?? exemplars[bucket];
  }

  protected override nowhere(): HistogramCell {
    return new HistogramCell({}, this.#buckets.length);
  }
}

function bucketOf(buckets: readonly number[], value: number): number {
  let bucket = 0;
  while (bucket < buckets.length && value > buckets[bucket]!) bucket += 1;
  return bucket;
}
