/** What players send, for tests. */
import { type LabelValues, type Metric, otelName } from '@moq-observability/moq-metrics';

/** What a counter counted, or the values a histogram observed. */
export type Measured = readonly [metric: Metric, labels: LabelValues, value: number | readonly number[]];

/** What a report says beside its numbers. */
export interface ReportOptions {
  readonly resource?: Readonly<Record<string, string>>;
  /** From when to when it counted, in Unix milliseconds; now, if left out. */
  readonly start?: number;
  readonly end?: number;
}

/** The body of a metrics request, as an object. */
export function metricsRequest(
  measured: readonly Measured[],
  { resource = {}, end = Date.now(), start = end - 10_000 }: ReportOptions = {},
): object {
  const times = { startTimeUnixNano: unixNano(start), timeUnixNano: unixNano(end) };
  const metrics = measured.map(([metric, labels, value]) => {
    const point = { attributes: attributes(labels), ...times, ...valueOf(metric, value) };
    const data = { aggregationTemporality: 1, dataPoints: [point] };
    return {
      name: otelName(metric),
      unit: metric.unit,
      ...(metric.kind === 'counter' ? { sum: { ...data, isMonotonic: true } } : { histogram: data }),
    };
  });
  return {
    resourceMetrics: [{ resource: { attributes: attributes(resource) }, scopeMetrics: [{ metrics }] }],
  };
}

/** Events of a player: their names, when they were, and what else they say. */
export function logsRequest(
  events: readonly (readonly [name: string, time: number, more?: Readonly<Record<string, string>>])[],
  resource: Readonly<Record<string, string>>,
): object {
  const logRecords = events.map(([name, time, more = {}]) => ({
    timeUnixNano: unixNano(time),
    severityNumber: 9,
    severityText: 'INFO',
    eventName: name,
    body: { stringValue: name },
    attributes: attributes(more),
  }));
  return { resourceLogs: [{ resource: { attributes: attributes(resource) }, scopeLogs: [{ logRecords }] }] };
}

/** Spans: their names and ids. */
export function tracesRequest(
  spans: readonly {
    readonly name: string;
    readonly traceId: string;
    readonly spanId: string;
    readonly milliseconds: number;
  }[],
  resource: Readonly<Record<string, string>>,
): object {
  const start = Date.now();
  const given = spans.map(({ milliseconds, ...span }) => ({
    ...span,
    startTimeUnixNano: unixNano(start),
    endTimeUnixNano: unixNano(start + milliseconds),
  }));
  return {
    resourceSpans: [{ resource: { attributes: attributes(resource) }, scopeSpans: [{ spans: given }] }],
  };
}

function valueOf(metric: Metric, value: number | readonly number[]): object {
  if (metric.kind !== 'histogram') return { asDouble: value };
  const values = typeof value === 'number' ? [value] : value;
  const counts = [...metric.buckets, 0].map(() => 0);
  for (const each of values) {
    const bucket = metric.buckets.findIndex((bound) => each <= bound);
    counts[bucket < 0 ? metric.buckets.length : bucket]! += 1;
  }
  return {
    count: String(values.length),
    sum: values.reduce((sum, each) => sum + each, 0),
    bucketCounts: counts.map(String),
    explicitBounds: metric.buckets,
  };
}

function attributes(texts: Readonly<Record<string, string>>): readonly object[] {
  return Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

function unixNano(milliseconds: number): string {
  return `${Math.floor(milliseconds)}000000`;
}
