import type { Labels, LabelValue } from './labels.ts';

/** What every metric says of itself. */
export interface MetricDefinition<L extends Labels = Labels> {
  /** The name in Prometheus. */
  readonly name: string;
  /** The unit as OpenTelemetry writes it: `s`, `By`, `bits/s`, `{session}`. */
  readonly unit: string;
  /** The exact meaning, in one sentence; it is the HELP text. */
  readonly description: string;
  /** The labels, by name. */
  readonly labels: L;
}

/** Something that only grows. */
export interface CounterMetric<L extends Labels = Labels> extends MetricDefinition<L> {
  readonly kind: 'counter';
}

/** Something that goes up and down. */
export interface GaugeMetric<L extends Labels = Labels> extends MetricDefinition<L> {
  readonly kind: 'gauge';
}

/** A distribution over fixed buckets. */
export interface HistogramMetric<L extends Labels = Labels> extends MetricDefinition<L> {
  readonly kind: 'histogram';
  /** Upper bounds of the buckets, ascending, without +Inf. */
  readonly buckets: readonly number[];
}

/** Any metric of the schema. */
export type Metric<L extends Labels = Labels> = CounterMetric<L> | GaugeMetric<L> | HistogramMetric<L>;

/** The labels a metric is used with: an object with exactly its label names. */
export type LabelsOf<M extends Metric> = { readonly [K in keyof M['labels']]: LabelValue<M['labels'][K]> };

/** The label argument of a metric: none when the metric has no labels. */
export type LabelArguments<M extends Metric> = keyof M['labels'] extends never ? [] : [labels: LabelsOf<M>];

/** Defines a counter. */
export function counter<const L extends Labels>(definition: MetricDefinition<L>): CounterMetric<L> {
  return { kind: 'counter', ...definition };
}

/** Defines a gauge. */
export function gauge<const L extends Labels>(definition: MetricDefinition<L>): GaugeMetric<L> {
  return { kind: 'gauge', ...definition };
}

/** Defines a histogram. */
export function histogram<const L extends Labels>(
  definition: MetricDefinition<L> & { readonly buckets: readonly number[] },
): HistogramMetric<L> {
  return { kind: 'histogram', ...definition };
}
