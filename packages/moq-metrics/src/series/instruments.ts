import type { CounterMetric, GaugeMetric, HistogramMetric, LabelArguments } from '../define.ts';
import type { LabelValues } from '../labels.ts';

/** Counts into one series until it is closed, and into nothing afterwards. */
export interface Handle extends Disposable {
  /** Ends the counting, and lets go of the slots of bounded labels. The second time it does nothing. */
  close(): void;
}

/** Counts into one series of a counter. */
export interface CounterHandle extends Handle {
  /** Adds to the series, by default 1. Negative and non-finite amounts are ignored. */
  add(amount?: number): void;
}

/** Tells one series of a gauge. */
export interface GaugeHandle extends Handle {
  /** Sets the value. */
  set(value: number): void;
  /** Adds to the value, by default 1; a negative amount subtracts. Non-finite amounts are ignored. */
  add(amount?: number): void;
}

/** Observes into one series of a histogram. */
export interface HistogramHandle extends Handle {
  /** Observes a value; non-finite ones are ignored. */
  observe(value: number): void;
}

/** The series of a metric, whatever counts them. */
export interface SeriesOf<L extends LabelValues, H extends Handle> {
  /**
   * Opens a handle on the series of these labels: keep it, so that the hot path looks nothing up, and close it when
   * what it counts for is over. Never throws: a value that is no good, or is past the cap, counts into `__other__`.
   */
  series(...labels: LabelArguments<L>): H;
}

/** What every binding offers: the schema's metrics, ready to be counted. */
export interface Instruments {
  /** The series of a counter. */
  counter<L extends LabelValues>(metric: CounterMetric<L>): SeriesOf<L, CounterHandle>;
  /** The series of a gauge. */
  gauge<L extends LabelValues>(metric: GaugeMetric<L>): SeriesOf<L, GaugeHandle>;
  /** The series of a histogram. */
  histogram<L extends LabelValues>(metric: HistogramMetric<L>): SeriesOf<L, HistogramHandle>;
}
