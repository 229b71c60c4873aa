import {
  type CounterMetric,
  type HistogramMetric,
  type LabelValues,
  type Metric,
  otelName,
} from '@moq-observability/moq-metrics';

/** What was counted under one set of labels: the amount of a counter, or the sum and the counts of a histogram. */
export interface Increment {
  readonly metric: CounterMetric<LabelValues> | HistogramMetric<LabelValues>;
  readonly labels: LabelValues;
  value: number;
  /** One count per bucket, and last the one past the highest bound; empty for counters. */
  readonly counts: number[];
}

/** Adds up what is counted. */
export class Increments {
  readonly #byMetric = new Map<string, Map<string, Increment>>();

  /** Adds to a counter. */
  add<L extends LabelValues>(metric: CounterMetric<L>, labels: NoInfer<L>, amount = 1): void {
    this.#increment(metric, labels).value += amount;
  }

  /** Observes a value in a histogram. */
  observe<L extends LabelValues>(metric: HistogramMetric<L>, labels: NoInfer<L>, value: number): void {
    const increment = this.#increment(metric, labels);
    const bucket = metric.buckets.findIndex((bound) => value <= bound);
    increment.counts[bucket < 0 ? metric.buckets.length : bucket]! += 1;
    increment.value += value;
  }

  /** Adds what was counted elsewhere. */
  merge(others: Iterable<Increment>): void {
    for (const { metric, labels, value, counts } of others) {
      const increment = this.#increment(metric, labels);
      increment.value += value;
      counts.forEach((count, bucket) => (increment.counts[bucket]! += count));
    }
  }

  /** What was added up, metric by metric. */
  *[Symbol.iterator](): Generator<Increment> {
    for (const byLabels of this.#byMetric.values()) yield* byLabels.values();
  }

  #increment(metric: Increment['metric'], labels: LabelValues): Increment {
    let byLabels = this.#byMetric.get(metric.name);
    if (!byLabels) this.#byMetric.set(metric.name, (byLabels = new Map()));
    const key = Object.values(labels).join('\n');
    let increment = byLabels.get(key);
    if (!increment) {
      const counts = metric.kind === 'histogram' ? [...metric.buckets, 0].map(() => 0) : [];
      byLabels.set(key, (increment = { metric, labels, value: 0, counts }));
    }
    return increment;
  }
}

/** From when to when, in Unix milliseconds. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Increments as the metrics of an OTLP request. */
export function otlpMetrics(increments: Iterable<Increment>, { start, end }: Interval): readonly unknown[] {
  const metrics = new Map<Metric, Record<string, unknown>[]>();
  const times = { startTimeUnixNano: unixNano(start), timeUnixNano: unixNano(end) };
  for (const { metric, labels, value, counts } of increments) {
    let points = metrics.get(metric);
    if (!points) metrics.set(metric, (points = []));
    points.push({ attributes: otlpAttributes(labels), ...times, ...valueOf(metric, value, counts) });
  }
  return Array.from(metrics, ([metric, dataPoints]) => ({
    name: otelName(metric),
    unit: metric.unit,
    ...(metric.kind === 'counter'
      ? { sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints } }
      : { histogram: { aggregationTemporality: 1, dataPoints } }),
  }));
}

/** Text by name as OTLP has it. */
export function otlpAttributes(texts: Readonly<Record<string, string>>): readonly unknown[] {
  return Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

/** Unix milliseconds as OTLP has them. */
export function unixNano(milliseconds: number): string {
  return `${Math.floor(milliseconds)}000000`;
}

function valueOf(metric: Increment['metric'], value: number, counts: readonly number[]): object {
  if (metric.kind === 'counter') return { asDouble: value };
  return {
    count: String(counts.reduce((sum, count) => sum + count, 0)),
    sum: value,
    bucketCounts: counts.map(String),
    explicitBounds: metric.buckets,
  };
}
