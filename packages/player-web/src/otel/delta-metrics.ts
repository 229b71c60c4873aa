import { START_COUNTERS, START_HISTOGRAMS } from '../generated/start-schema.ts';
import type { ClientLabels, Meters } from './meters.ts';
import { attributes, DELTA, type OtlpAttribute, type OtlpMetric, unixNano } from './otlp.ts';

/** A counter of a start. */
export type StartCounter = keyof typeof START_COUNTERS;

/** A histogram of a start. */
export type StartHistogram = keyof typeof START_HISTOGRAMS;

interface CounterSeries {
  readonly attributes: readonly OtlpAttribute[];
  value: number;
}

interface HistogramSeries {
  readonly attributes: readonly OtlpAttribute[];
  readonly counts: number[];
  sum: number;
}

/** The series of metrics, by their keys and then by their labels. */
type Families<Key, S> = Map<Key, Map<string, S>>;

/**
 * Adds up increments of the metrics of a start until they are collected: the delta since the last time. Names and
 * buckets are generated from the schema, which with all it says of each metric is too heavy to be there before the
 * first frame.
 */
export class DeltaMetrics implements Meters<StartCounter, StartHistogram> {
  #since: number;
  readonly #counters: Families<StartCounter, CounterSeries> = new Map();
  readonly #histograms: Families<StartHistogram, HistogramSeries> = new Map();

  /** @param since when counting begins, in Unix milliseconds */
  constructor(since: number) {
    this.#since = since;
  }

  add<Key extends StartCounter>(metric: Key, labels: ClientLabels<Key>, amount = 1): void {
    const series = seriesOf(this.#counters, metric, labels, (attributes) => ({ attributes, value: 0 }));
    series.value += amount;
  }

  observe<Key extends StartHistogram>(metric: Key, labels: ClientLabels<Key>, value: number): void {
    const { buckets } = START_HISTOGRAMS[metric];
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
    for (const [key, series] of this.#counters) {
      const dataPoints = Array.from(series.values(), ({ attributes, value }) => ({
        attributes,
        ...times,
        asDouble: value,
      }));
      metrics.push({
        ...START_COUNTERS[key],
        sum: { aggregationTemporality: DELTA, isMonotonic: true, dataPoints },
      });
    }
    for (const [key, series] of this.#histograms) {
      const { name, unit, buckets } = START_HISTOGRAMS[key];
      const dataPoints = Array.from(series.values(), ({ attributes, counts, sum }) => ({
        attributes,
        ...times,
        count: counts.reduce((all, count) => all + count, 0),
        sum,
        bucketCounts: counts,
        explicitBounds: buckets,
      }));
      metrics.push({ name, unit, histogram: { aggregationTemporality: DELTA, dataPoints } });
    }
    this.#counters.clear();
    this.#histograms.clear();
    this.#since = now;
    return metrics;
  }
}

function seriesOf<Key, S>(
  families: Families<Key, S>,
  metric: Key,
  labels: Readonly<Record<string, string>>,
  make: (attributes: readonly OtlpAttribute[]) => S,
): S {
  let family = families.get(metric);
  if (!family) families.set(metric, (family = new Map()));
  const key = JSON.stringify(labels);
  let series = family.get(key);
  if (!series) family.set(key, (series = make(pointAttributes(labels))));
  return series;
}

/** The namespace is part of the broadcast. */
function pointAttributes({
  namespace: _namespace,
  ...labels
}: Readonly<Record<string, string>>): readonly OtlpAttribute[] {
  return attributes(labels);
}
