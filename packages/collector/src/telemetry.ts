import { collector as own } from '@moq-observability/moq-metrics';
import type { CounterSeries, Family, PrometheusMetrics } from '@moq-observability/moq-metrics/prometheus';
import type { RejectReason } from './merge/judge.ts';

/** What the collector counts of itself. */
export interface Telemetry {
  /** Counts a report of a player. */
  report(result: own.ReportResult): void;
  /** Counts points that were not added. */
  rejectedPoints(reason: RejectReason, points: number): void;
  /** Notes an answered request. */
  request(route: string, status: number, seconds: number): void;
}

/** Opens the collector's own metrics; all of them stand at zero from the start. */
export function createTelemetry(metrics: PrometheusMetrics): Telemetry {
  const reports = metrics.counter(own.reports);
  const pointsRejected: Family<{ reason: RejectReason }, CounterSeries> = metrics.counter(own.pointsRejected);
  const requestDuration = metrics.histogram(own.requestDuration);
  return {
    report: (result) => reports.series({ result }).add(),
    rejectedPoints: (reason, points) => pointsRejected.series({ reason }).add(points),
    request: (route, status, seconds) =>
      requestDuration.series({ route, code: String(status) }).observe(seconds),
  };
}
