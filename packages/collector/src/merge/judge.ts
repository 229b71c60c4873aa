import {
  type collector,
  type CounterMetric,
  type HistogramMetric,
  isEnum,
  type LabelSet,
  type LabelValues,
  namespaceOf,
} from '@moq-observability/moq-metrics';
import type {
  Attributes,
  HistogramPoint,
  NumberPoint,
  OtlpMetric,
  ResourceMetrics,
} from '../receive/otlp.ts';
import type { Catalogue } from './catalogue.ts';

/** Why a point is not added. */
export type RejectReason = collector.RejectReason;

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

/** What became of the points of a request. */
export interface Verdict {
  readonly additions: readonly Addition[];
  /** Rejected points by reason. */
  readonly rejected: ReadonlyMap<RejectReason, number>;
  /** The first few rejections in words. Metric names in them are the client's: bounded, and escaped as JSON. */
  readonly messages: readonly string[];
}

/**
 * The most one point may add to anything. Sums stay exact up to 2^53, so a single lie must not come near it: this is
 * a terabyte, or a million million frames.
 */
export const MAX_INCREMENT: number = 2 ** 40;

/** Longest label value taken, in UTF-16 units. */
export const MAX_LABEL_LENGTH = 256;

const MAX_MESSAGES = 5;

/** What adding many observations up may be off by, relatively. */
const ROUNDING = 1e-9;

interface Rejection {
  readonly kind: 'rejected';
  readonly reason: RejectReason;
  readonly message: string;
  readonly points: number;
}

/** Sorts the points of a request into what is added and what is rejected, by the schema. Never throws. */
export function judge(resources: readonly ResourceMetrics[], catalogue: Catalogue): Verdict {
  const additions: Addition[] = [];
  const rejected = new Map<RejectReason, number>();
  const messages = new Set<string>();
  for (const metric of resources.flatMap(({ metrics }) => metrics)) {
    for (const outcome of judgeMetric(metric, catalogue)) {
      if (outcome.kind !== 'rejected') {
        additions.push(outcome);
      } else if (outcome.points > 0) {
        rejected.set(outcome.reason, (rejected.get(outcome.reason) ?? 0) + outcome.points);
        if (messages.size < MAX_MESSAGES) messages.add(`${quote(metric.name)}: ${outcome.message}`);
      }
    }
  }
  return { additions, rejected, messages: [...messages] };
}

function judgeMetric(metric: OtlpMetric, catalogue: Catalogue): readonly (Addition | Rejection)[] {
  const all = (reason: RejectReason, message: string): readonly Rejection[] => [
    { kind: 'rejected', reason, message, points: metric.points.length },
  ];
  const definition = catalogue.find(metric.name);
  if (!definition) return all('unknown_metric', 'players send no such metric');
  if (definition.kind === 'counter') {
    if (metric.kind !== 'sum') return all('bad_value', `a sum is expected, not a ${metric.kind}`);
    if (!metric.monotonic) return all('bad_value', 'the sum is not monotonic');
    if (metric.temporality !== 'delta')
      return all('cumulative', `delta is expected, not ${metric.temporality}`);
    return metric.points.map((point) => judgeNumber(definition, point));
  }
  if (metric.kind === 'exponential_histogram') return all('bad_buckets', 'explicit buckets are expected');
  if (metric.kind !== 'histogram') return all('bad_value', `a histogram is expected, not a ${metric.kind}`);
  if (metric.temporality !== 'delta')
    return all('cumulative', `delta is expected, not ${metric.temporality}`);
  return metric.points.map((point) => judgeHistogram(definition, point));
}

function judgeNumber(metric: CounterMetric<LabelValues>, point: NumberPoint): Addition | Rejection {
  const labels = judgeLabels(metric.labels, point.attributes);
  if (typeof labels === 'string') return reject('bad_label', labels);
  if (!isIncrement(point.value)) return reject('bad_value', `${point.value} cannot be added`);
  return { kind: 'counter', metric, labels, value: point.value };
}

function judgeHistogram(metric: HistogramMetric<LabelValues>, point: HistogramPoint): Addition | Rejection {
  const { bounds, counts, sum } = point;
  const labels = judgeLabels(metric.labels, point.attributes);
  if (typeof labels === 'string') return reject('bad_label', labels);
  if (bounds.length !== metric.buckets.length || metric.buckets.some((bound, i) => bound !== bounds[i])) {
    return reject('bad_buckets', `the buckets are not ${metric.buckets.join(' ')}`);
  }
  if (counts.length !== bounds.length + 1 || !counts.every(isIncrement)) {
    return reject('bad_buckets', `${bounds.length + 1} counts are needed, none of them negative`);
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total !== point.count) return reject('bad_buckets', 'the buckets do not add up to the count');
  if (!isIncrement(sum)) return reject('bad_value', `a sum of ${sum} cannot be added`);
  if (!sumFits(sum, counts, bounds)) return reject('bad_value', `a sum of ${sum} does not fit the buckets`);
  return { kind: 'histogram', metric, labels, counts, sum };
}

/** The labels of a point, or what is wrong with them. Attributes the schema does not know are left out. */
function judgeLabels(labels: LabelSet, attributes: Attributes): LabelValues | string {
  const values: Record<string, string> = {};
  for (const [name, label] of Object.entries(labels)) {
    // The namespace is part of the broadcast: taken from there, the two can never contradict one another.
    if (name === 'namespace' && 'broadcast' in labels) continue;
    const value = attributes.get(name);
    if (typeof value !== 'string') return `label ${name} is missing`;
    if (isEnum(label)) {
      const known = label.includes(value) ? value : label.find((other) => other === 'other');
      if (known === undefined) return `label ${name} is none of ${label.join(', ')}`;
      values[name] = known;
    } else {
      if (!isLabelText(value)) return `label ${name} is empty, too long or not plain text`;
      if (name === 'broadcast' && /^\/|\/$/.test(value)) return 'label broadcast begins or ends with a slash';
      values[name] = value;
    }
  }
  const broadcast = values['broadcast'];
  if ('namespace' in labels && broadcast !== undefined) {
    values['namespace'] = namespaceOf(broadcast);
  }
  return values;
}

/** Text that is the same series however it is written out: well-formed, and without control characters. */
function isLabelText(value: string): boolean {
  return (
    value.length > 0 && value.length <= MAX_LABEL_LENGTH && value.isWellFormed() && !/\p{Cc}/u.test(value)
  );
}

function isIncrement(value: number): boolean {
  return value >= 0 && value <= MAX_INCREMENT;
}

/** Whether values in these buckets can add up to the sum. The schema has no negative observations. */
function sumFits(sum: number, counts: readonly number[], bounds: readonly number[]): boolean {
  let least = 0;
  let most = 0;
  counts.forEach((count, i) => {
    if (count === 0) return;
    least += count * (bounds[i - 1] ?? 0);
    most += count * (bounds[i] ?? MAX_INCREMENT);
  });
  return sum >= least * (1 - ROUNDING) && sum <= most * (1 + ROUNDING);
}

function reject(reason: RejectReason, message: string): Rejection {
  return { kind: 'rejected', reason, message, points: 1 };
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
