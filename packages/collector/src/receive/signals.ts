import type { collector } from '@moq-observability/moq-metrics';

/** What OTLP carries. */
export type Signal = collector.Signal;

/** The path of a request, as a label. */
export type Route = '/v1/metrics' | '/v1/traces' | '/v1/logs' | 'other';

/** The signal that a path takes. */
export const SIGNALS: ReadonlyMap<string, Signal> = new Map([
  ['/v1/metrics', 'metrics'],
  ['/v1/traces', 'traces'],
  ['/v1/logs', 'logs'],
]);

/** How OTLP's JSON calls what was not taken of a signal. */
export const REJECTED_FIELD: Readonly<Record<Signal, string>> = {
  metrics: 'rejectedDataPoints',
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
};
