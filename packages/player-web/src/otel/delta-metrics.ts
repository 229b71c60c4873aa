import {
  type CounterMetric,
  type HistogramMetric,
  type LabelValues,
  type Metric,
  otelName,
} from '@moq-observability/moq-metrics';
import { attributes, DELTA, type OtlpAttribute, type OtlpMetric, unixNano } from './otlp.ts';

interface CounterSeries {
  readonly attributes: readonly OtlpAttribute[];
  value: number;
}

interface HistogramSeries {
  readonly attributes: readonly OtlpAttribute[];
  readonly counts: number[];
  sum: number;
}

/** The series of a metric, by their labels. */
type Families<M, S> = Map<string, { readonly metric: M; readonly series: Map<string, S> }>;

/** Adds up increments of the schema's metrics until they are collected: the delta since the last time. */
export class DeltaMetrics {
  #since: number;
  readonly #counters: Families<Metric, CounterSeries> = new Map();
  readonly #histograms: Families<Metric & { readonly buckets: readonly number[] }, HistogramSeries> =
    new Map();

  /** @param since when counting begins, in Unix milliseconds */
  constructor(since: number) {
    this.#since = since;
  }

  /** Adds to a counter. Adding 0 is worth a point: the series then exists before its first event. */
  add<L extends LabelValues>(metric: CounterMetric<L>, labels: NoInfer<L>, amount = 1): void {
    const series = seriesOf(this.#counters, metric, labels, (attributes) => ({ attributes, value: 0 }));
    series.value += amount;
  }

  /** Observes a value in a histogram. */
  observe<L extends LabelValues>(metric: HistogramMetric<L>, labels: NoInfer<L>, value: number): void {
    const { buckets } = metric;
    const series = seriesOf(this.#histograms, metric, labels, (attributes) => ({
      attributes,
      counts: Array.from({ length: buckets.length + 1 }, () => 0),
      sum: 0,
    }));
    const bucket = buckets.findIndex((bound) => value <= bound);
    series.counts[bucket < 0 ? buckets.length : bucket]! += 1;
    series.sum += value;
  }

  /**
   * What was added since the last collection; empty when nothing was.
   *
   * @param now in Unix milliseconds
   */
  collect(now: number): readonly OtlpMetric[] {
    const times = { startTimeUnixNano: unixNano(this.#since), timeUnixNano: unixNano(now) };
    const metrics: OtlpMetric[] = [];
    for (const { metric, series } of this.#counters.values()) {
      const dataPoints = Array.from(series.values(), ({ attributes, value }) => ({
        attributes,
        ...times,
        asDouble: value,
      }));
      metrics.push({
        ...head(metric),
        sum: { aggregationTemporality: DELTA, isMonotonic: true, dataPoints },
      });
    }
    for (const { metric, series } of this.#histograms.values()) {
      const dataPoints = Array.from(series.values(), ({ attributes, counts, sum }) => ({
        attributes,
        ...times,
        count: String(counts.reduce((all, count) => all + count, 0)),
        sum,
        bucketCounts: counts.map(String),
        explicitBounds: metric.buckets,
      }));
      metrics.push({ ...head(metric), histogram: { aggregationTemporality: DELTA, dataPoints } });
    }
    this.#counters.clear();
    this.#histograms.clear();
    this.#since = now;
    return metrics;
  }
}

function seriesOf<M extends { readonly name: string }, S>(
  families: Families<M, S>,
  metric: M,
  labels: LabelValues,
  make: (attributes: readonly OtlpAttribute[]) => S,
): S {
  let family = families.get(metric.name);
  if (!family) families.set(metric.name, (family = { metric, series: new Map() }));
  const key = JSON.stringify(labels);
  let series = family.series.get(key);
  if (!series) family.series.set(key, (series = make(attributes(labels))));
  return series;
}

function head(metric: Metric): Pick<OtlpMetric, 'name' | 'unit'> {
  return { name: otelName(metric), unit: metric.unit };
}
