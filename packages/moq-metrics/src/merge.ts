/**
 * Adding up what many clients counted: delta points as they come over OTLP, held against the schema, and added to the
 * series of a fleet. Sums and bucket counts are added, so any number of clients, retries and restarts add up exactly.
 */
import type { RejectReason } from './collector.ts';
import { type CounterMetric, DefinitionError, type HistogramMetric, type Metric } from './define.ts';
import {
  broadcast,
  isEnum,
  isLabelValue,
  type LabelSet,
  type LabelValues,
  namespace,
  namespaceOf,
} from './labels.ts';
import { otelName } from './otel-name.ts';
import type { PrometheusMetrics } from './prometheus/metrics.ts';

/** Attributes of a point by name. */
export type PointAttributes = ReadonlyMap<string, unknown>;

/** A point of a sum. */
export interface SumPoint {
  readonly attributes: PointAttributes;
  readonly value: number;
}

/** A point of a histogram. */
export interface HistogramPoint {
  readonly attributes: PointAttributes;
  /** Upper bounds of the buckets, without the infinite one. */
  readonly bounds: readonly number[];
  /** One count per bound, and last the one past the highest. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** A metric as it came over OTLP. */
export type IncomingMetric =
  | {
      readonly kind: 'sum';
      readonly name: string;
      readonly temporality: string;
      readonly monotonic: boolean;
      readonly points: readonly SumPoint[];
    }
  | {
      readonly kind: 'histogram';
      readonly name: string;
      readonly temporality: string;
      readonly points: readonly HistogramPoint[];
    }
  | {
      readonly kind: 'gauge' | 'exponential_histogram' | 'summary';
      readonly name: string;
      readonly points: { readonly length: number };
    };

/** A metric that can be added up. The latest values of gauges cannot. */
export type MergeableMetric = CounterMetric<LabelValues> | HistogramMetric<LabelValues>;

/** What one point adds to a counter. */
export interface CounterAddition {
  readonly kind: 'counter';
  readonly metric: CounterMetric<LabelValues>;
  readonly labels: LabelValues;
  readonly value: number;
}

/** What one point adds to a histogram. */
export interface HistogramAddition {
  readonly kind: 'histogram';
  readonly metric: HistogramMetric<LabelValues>;
  readonly labels: LabelValues;
  /** One count per bucket, and last the one past the highest bound. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** What one point adds to a series. */
export type Addition = CounterAddition | HistogramAddition;

/** Points that are not added, and why. */
export interface Rejection {
  readonly kind: 'rejected';
  readonly reason: RejectReason;
  /** In words; nothing the client sent is repeated in them but numbers. */
  readonly message: string;
  readonly points: number;
}

/**
 * The most one point may add. Sums are exact up to 2^53, and one lie must not come near that: this is a terabyte, or
 * a million million frames.
 */
export const MAX_ADDITION: number = 2 ** 40;

/** What adding up many observations may be off by. */
const ROUNDING = 1e-9;

/** The metrics points are accepted for. */
export class Catalogue {
  /** The metrics, each once. */
  readonly metrics: readonly MergeableMetric[];
  readonly #byName = new Map<string, MergeableMetric>();

  /**
   * @param metrics gauges among them are left out
   * @throws DefinitionError when two have the same name
   */
  constructor(metrics: Iterable<Metric>) {
    this.metrics = [...metrics].filter((metric) => metric.kind !== 'gauge');
    for (const metric of this.metrics) {
      if (this.#byName.has(metric.name)) throw new DefinitionError(metric.name, 'defined twice');
      this.#byName.set(metric.name, metric).set(otelName(metric), metric);
    }
  }

  /** The metric of this OpenTelemetry or Prometheus name. */
  find(name: string): MergeableMetric | undefined {
    return this.#byName.get(name);
  }
}

/** Holds the points of a metric against the schema: what each adds, or why it is not added. Never throws. */
export function judge(incoming: IncomingMetric, catalogue: Catalogue): readonly (Addition | Rejection)[] {
  const all = (reason: RejectReason, message: string): readonly Rejection[] =>
    incoming.points.length > 0 ? [{ ...reject(reason, message), points: incoming.points.length }] : [];
  const metric = catalogue.find(incoming.name);
  if (!metric) return all('unknown_metric', 'the schema has no such metric for clients');
  if (incoming.kind === 'exponential_histogram' && metric.kind === 'histogram') {
    return all('bad_buckets', `the buckets are not ${metric.buckets.join(' ')}`);
  }
  if (incoming.kind !== (metric.kind === 'counter' ? 'sum' : 'histogram')) {
    return all('bad_value', `the metric is a ${metric.kind}`);
  }
  if (incoming.temporality !== 'delta') return all('cumulative', 'the temporality is not delta');
  if (metric.kind === 'histogram') {
    return (incoming.points as readonly HistogramPoint[]).map((point) => judgeHistogram(metric, point));
  }
  if (incoming.kind === 'sum' && !incoming.monotonic) return all('bad_value', 'the sum is not monotonic');
  return (incoming.points as readonly SumPoint[]).map((point) => judgeSum(metric, point));
}

/** Adds points up. Cannot fail: what does not fit the schema was sorted out by {@link judge}. */
export function merge(
  additions: Iterable<Addition>,
  into: Pick<PrometheusMetrics, 'counter' | 'histogram'>,
): void {
  for (const addition of additions) {
    if (addition.kind === 'counter') {
      const series = into.counter(addition.metric).series(addition.labels);
      series.add(addition.value);
      series.close();
    } else {
      const series = into.histogram(addition.metric).series(addition.labels);
      series.merge(addition.counts, addition.sum);
      series.close();
    }
  }
}

function judgeSum(metric: CounterMetric<LabelValues>, { attributes, value }: SumPoint): Addition | Rejection {
  const labels = labelsOf(metric.labels, attributes);
  if (typeof labels === 'string') return reject('bad_label', labels);
  if (!isAddition(value)) return reject('bad_value', `${value} cannot be added`);
  return { kind: 'counter', metric, labels, value };
}

function judgeHistogram(metric: HistogramMetric<LabelValues>, point: HistogramPoint): Addition | Rejection {
  const { attributes, bounds, counts, count, sum } = point;
  const labels = labelsOf(metric.labels, attributes);
  if (typeof labels === 'string') return reject('bad_label', labels);
  if (!areEqual(bounds, metric.buckets)) {
    return reject('bad_buckets', `the buckets are not ${metric.buckets.join(' ')}`);
  }
  if (counts.length !== bounds.length + 1 || !areCounts(counts)) {
    return reject('bad_buckets', `${bounds.length + 1} counts are needed, none of them negative`);
  }
  if (count !== totalOf(counts)) {
    return reject('bad_buckets', 'the buckets do not add up to the count');
  }
  if (!isAddition(sum) || !sumFits(sum, counts, bounds)) {
    return reject('bad_value', `a sum of ${sum} does not fit the buckets`);
  }
  return { kind: 'histogram', metric, labels, counts, sum };
}

/** The labels of a point, or what is wrong with them. Attributes that are no labels of the metric are left out. */
function labelsOf(labels: LabelSet, attributes: PointAttributes): LabelValues | string {
  const values: Record<string, string> = {};
  for (const name in labels) {
    const label = labels[name]!;
    if (label === namespace && labels['broadcast'] === broadcast) {
      // Its place; the value comes with the broadcast.
      values[name] = '';
      continue;
    }
    const value = attributes.get(name);
    if (typeof value !== 'string') return `label ${name} is missing`;
    if (!isEnum(label)) {
      if (!isPlain(value)) return `label ${name} is empty, too long or not plain text`;
      if (label === broadcast) {
        if (value.startsWith('/') || value.endsWith('/')) return `label ${name} begins or ends with a slash`;
        // Taken from the broadcast, of which it is a part, so that the two cannot contradict one another.
        if (labels['namespace'] === namespace) values['namespace'] = namespaceOf(value);
      }
      values[name] = value;
    } else if (label.includes(value)) {
      values[name] = value;
    } else if (label.includes('other')) {
      values[name] = 'other';
    } else {
      return `label ${name} is none of ${label.join(', ')}`;
    }
  }
  return values;
}

/** Strangers may not send what a label could hold but nobody has a use for. */
function isPlain(value: string): boolean {
  return isLabelValue(value) && !/\p{Cc}/u.test(value);
}

function areEqual(some: readonly number[], others: readonly number[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}

function areCounts(values: readonly number[]): boolean {
  for (const value of values) if (!Number.isInteger(value) || !isAddition(value)) return false;
  return true;
}

function isAddition(value: number): boolean {
  return value >= 0 && value <= MAX_ADDITION;
}

/** Whether values in these buckets can have this sum. The schema has no negative observations. */
function sumFits(sum: number, counts: readonly number[], bounds: readonly number[]): boolean {
  let least = 0;
  let most = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (count === 0) continue;
    least += count * (bounds[i - 1] ?? 0);
    most += count * (bounds[i] ?? MAX_ADDITION);
  }
  return sum >= least * (1 - ROUNDING) && sum <= most * (1 + ROUNDING);
}

function totalOf(counts: readonly number[]): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

function reject(reason: RejectReason, message: string): Rejection {
  return { kind: 'rejected', reason, message, points: 1 };
}
