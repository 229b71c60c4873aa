import { collector as own } from '@moq-observability/moq-metrics';
import type { HistogramSeries, PrometheusMetrics } from '@moq-observability/moq-metrics/prometheus';
import type { RejectReason } from './merge/judge.ts';

/** What the collector counts of itself. */
export interface Telemetry {
  /** Counts a report of a player. */
  report(result: own.ReportResult): void;
  /** Counts points that were not added. */
  rejectedPoints(reason: RejectReason, points: number): void;
  /** Notes how long a report took from its sender to here. */
  reportAge(seconds: number): void;
  /** Counts rows that reached their table. */
  storedRows(table: own.StoreTable, rows: number): void;
  /** Counts a write or a question that the store failed at. */
  storeError(): void;
  /** Counts requests that were passed on, that failed for now, or that were given up. */
  forwarded(result: 'sent' | 'failed' | 'dropped', signal: own.Signal, requests: number): void;
  /** Notes an answered request. */
  request(route: string, status: number, seconds: number): void;
}

/** Opens the collector's own metrics; all of them stand at zero from the start. */
export function createTelemetry(metrics: PrometheusMetrics): Telemetry {
  const reports = each(own.reportResults, (result) => metrics.counter(own.reports).series({ result }));
  const rejected = each(own.rejectReasons, (reason) =>
    metrics.counter(own.pointsRejected).series({ reason }),
  );
  const rows = each(own.storeTables, (table) => metrics.counter(own.storeRows).series({ table }));
  const forwards = {
    sent: each(own.signals, (signal) => metrics.counter(own.forwardSent).series({ signal })),
    failed: each(own.signals, (signal) => metrics.counter(own.forwardFailed).series({ signal })),
    dropped: each(own.signals, (signal) => metrics.counter(own.forwardDropped).series({ signal })),
  };
  const age = metrics.histogram(own.reportAge).series();
  const storeErrors = metrics.counter(own.storeErrors).series();
  const duration = metrics.histogram(own.requestDuration);
  const durations = new Map<string, HistogramSeries>();
  return {
    report: (result) => reports[result].add(),
    rejectedPoints: (reason, points) => rejected[reason].add(points),
    reportAge: (seconds) => age.observe(seconds),
    storedRows: (table, count) => rows[table].add(count),
    storeError: () => storeErrors.add(),
    forwarded: (result, signal, requests) => forwards[result][signal].add(requests),
    request: (route, status, seconds) => {
      const key = `${status} ${route}`;
      let series = durations.get(key);
      if (!series) durations.set(key, (series = duration.series({ route, code: String(status) })));
      series.observe(seconds);
    },
  };
}

function each<Name extends string, Series>(
  names: readonly Name[],
  open: (name: Name) => Series,
): Readonly<Record<Name, Series>> {
  return Object.fromEntries(names.map((name) => [name, open(name)])) as Record<Name, Series>;
}
