/** The collector's own health. The description of each metric is its documentation and its HELP text. */
import {
  counter,
  type CounterMetric,
  gauge,
  type GaugeMetric,
  histogram,
  type HistogramMetric,
} from './define.ts';
import { bounded } from './labels.ts';

// Reports of players

export const reportResults = ['accepted', 'duplicate', 'rejected'] as const;
export type ReportResult = (typeof reportResults)[number];

export const reports: CounterMetric<{ result: ReportResult }> = counter({
  name: 'moq_collector_reports_total',
  unit: '{report}',
  description: 'Metric reports received: added, seen before and not added again, or refused whole',
  labels: { result: reportResults },
});

export const rejectReasons = [
  'unknown_metric',
  'bad_label',
  'bad_value',
  'bad_buckets',
  'cumulative',
] as const;
export type RejectReason = (typeof rejectReasons)[number];

export const pointsRejected: CounterMetric<{ reason: RejectReason }> = counter({
  name: 'moq_collector_points_rejected_total',
  unit: '{point}',
  description: 'Data points that do not fit the schema and were not added',
  labels: { reason: rejectReasons },
});

export const reportAge: HistogramMetric = histogram({
  name: 'moq_collector_report_age_seconds',
  unit: 's',
  description: 'Sent by the player to merged',
  buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300],
});

export const sessionStates = ['loading', 'playing', 'stalled', 'paused', 'lost', 'ended'] as const;
export type SessionState = (typeof sessionStates)[number];

export const sessions: GaugeMetric<{ state: SessionState }> = gauge({
  name: 'moq_collector_sessions',
  unit: '{session}',
  description: 'Playback sessions held in memory',
  labels: { state: sessionStates },
});

export const series: GaugeMetric = gauge({
  name: 'moq_collector_series',
  unit: '{series}',
  description: 'Fleet series held in memory; the buckets of a histogram are one',
});

export const seriesOverflow: CounterMetric<{ metric: string }> = counter({
  name: 'moq_collector_series_overflow_total',
  unit: '{series}',
  description: 'Series handles opened that were folded into __other__, by metric',
  labels: { metric: bounded(100) },
});

// Store and forwarding

export const storeTables = ['otel_traces', 'otel_logs', 'moq_sessions', 'moq_session_samples'] as const;
export type StoreTable = (typeof storeTables)[number];

export const storeRows: CounterMetric<{ table: StoreTable }> = counter({
  name: 'moq_collector_store_rows_total',
  unit: '{row}',
  description: 'Rows written to the store',
  labels: { table: storeTables },
});

export const storeErrors: CounterMetric = counter({
  name: 'moq_collector_store_errors_total',
  unit: '{error}',
  description: 'Writes and queries the store failed at',
});

export const signals = ['traces', 'logs', 'metrics'] as const;
export type Signal = (typeof signals)[number];

export const forwardSent: CounterMetric<{ signal: Signal }> = counter({
  name: 'moq_collector_forward_sent_total',
  unit: '{request}',
  description: 'OTLP requests a target acknowledged',
  labels: { signal: signals },
});

export const forwardFailed: CounterMetric<{ signal: Signal }> = counter({
  name: 'moq_collector_forward_failed_total',
  unit: '{request}',
  description: 'Attempts to forward an OTLP request that failed; it is tried again while it may be',
  labels: { signal: signals },
});

export const forwardDropped: CounterMetric<{ signal: Signal }> = counter({
  name: 'moq_collector_forward_dropped_total',
  unit: '{request}',
  description: 'OTLP requests given up: the queue was full, or they were refused for good',
  labels: { signal: signals },
});

export const forwardQueueBytes: GaugeMetric<{ signal: Signal }> = gauge({
  name: 'moq_collector_forward_queue_bytes',
  unit: 'By',
  description: 'Bytes waiting to be forwarded',
  labels: { signal: signals },
});

// HTTP

export const requestDuration: HistogramMetric<{ route: string; code: string }> = histogram({
  name: 'moq_collector_request_duration_seconds',
  unit: 's',
  description: 'HTTP request received to response sent, by route and status code',
  labels: { route: bounded(32), code: bounded(16) },
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
});
