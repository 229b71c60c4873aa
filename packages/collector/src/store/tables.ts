/** From rows to lines of JSON that ClickHouse reads as `JSONCompactEachRow`: what is written, column by column. */

import type { collector } from '@moq-observability/moq-metrics';
import type { LogRow, RowAttributes, SampleRow, SessionRow, SpanRow, TableRows } from './rows.ts';

/** How rows of a table are written. */
export interface Table<Row> {
  /** The columns that are given; all others are the table's own business. */
  readonly columns: readonly string[];
  /** The values of one row. `now` is Unix milliseconds, and stands in for times that cannot be true. */
  readonly values: (row: Row, now: number) => readonly unknown[];
}

/** The tables rows are written to. */
export const tables: { readonly [Name in collector.StoreTable]: Table<TableRows[Name]> } = {
  otel_traces: {
    columns: [
      'Timestamp',
      'TraceId',
      'SpanId',
      'ParentSpanId',
      'TraceState',
      'SpanName',
      'SpanKind',
      'ServiceName',
      'ResourceAttributes',
      'ScopeName',
      'ScopeVersion',
      'SpanAttributes',
      'Duration',
      'StatusCode',
      'StatusMessage',
      'Events.Timestamp',
      'Events.Name',
      'Events.Attributes',
      'Links.TraceId',
      'Links.SpanId',
      'Links.TraceState',
      'Links.Attributes',
    ],
    values: (row: SpanRow, now) => [
      nanoseconds(row.time, now),
      row.traceId,
      row.spanId,
      row.parentSpanId,
      row.traceState,
      row.name,
      row.kind,
      row.serviceName,
      map(row.resourceAttributes),
      row.scopeName,
      row.scopeVersion,
      map(row.attributes),
      duration(row.duration),
      row.status,
      row.statusMessage,
      row.events.map(({ time }) => nanoseconds(time, now)),
      row.events.map(({ name }) => name),
      row.events.map(({ attributes }) => map(attributes)),
      row.links.map(({ traceId }) => traceId),
      row.links.map(({ spanId }) => spanId),
      row.links.map(({ traceState }) => traceState),
      row.links.map(({ attributes }) => map(attributes)),
    ],
  },
  otel_logs: {
    columns: [
      'Timestamp',
      'TraceId',
      'SpanId',
      'TraceFlags',
      'SeverityText',
      'SeverityNumber',
      'ServiceName',
      'Body',
      'ResourceSchemaUrl',
      'ResourceAttributes',
      'ScopeSchemaUrl',
      'ScopeName',
      'ScopeVersion',
      'ScopeAttributes',
      'LogAttributes',
      'EventName',
    ],
    values: (row: LogRow, now) => [
      nanoseconds(row.time, now),
      row.traceId,
      row.spanId,
      integer(row.traceFlags, 255),
      row.severityText,
      integer(row.severityNumber, 255),
      row.serviceName,
      row.body,
      row.resourceSchemaUrl,
      map(row.resourceAttributes),
      row.scopeSchemaUrl,
      row.scopeName,
      row.scopeVersion,
      map(row.scopeAttributes),
      map(row.attributes),
      row.eventName,
    ],
  },
  moq_sessions: {
    columns: [
      'SessionId',
      'StartedAt',
      'UpdatedAt',
      'EndedAt',
      'Namespace',
      'Broadcast',
      'State',
      'Outcome',
      'TraceId',
      'Transport',
      'Browser',
      'Device',
      'Region',
      'UserAgent',
      'RemoteAddress',
      'PlayerVersion',
      'StartupSeconds',
      'LatencySeconds',
      'BufferSeconds',
      'Bitrate',
      'RttSeconds',
      'Rendition',
      'WatchedSeconds',
      'StalledSeconds',
      'Stalls',
      'QualitySwitches',
      'FramesDecoded',
      'FramesDropped',
      'ReceivedBytes',
      'Failures',
      'LastError',
      'Reports',
    ],
    values: (row: SessionRow) => [
      row.sessionId,
      milliseconds(row.startedAt),
      milliseconds(row.updatedAt),
      row.endedAt === undefined ? null : milliseconds(row.endedAt),
      row.namespace,
      row.broadcast,
      row.state,
      row.outcome,
      row.traceId,
      row.transport,
      row.browser,
      row.device,
      row.region,
      row.userAgent,
      row.remoteAddress,
      row.playerVersion,
      mean(row.startupSeconds),
      mean(row.latencySeconds),
      mean(row.bufferSeconds),
      mean(row.bitrate),
      mean(row.rttSeconds),
      row.rendition,
      sum(row.watchedSeconds),
      sum(row.stalledSeconds),
      integer(row.stalls),
      integer(row.qualitySwitches),
      integer(row.framesDecoded),
      integer(row.framesDropped),
      integer(row.receivedBytes),
      integer(row.failures),
      row.lastError,
      integer(row.reports),
    ],
  },
  moq_session_samples: {
    columns: [
      'SessionId',
      'Sequence',
      'Timestamp',
      'Broadcast',
      'State',
      'Rendition',
      'LatencySeconds',
      'BufferSeconds',
      'Bitrate',
      'RttSeconds',
      'WatchedSeconds',
      'StalledSeconds',
      'Stalls',
      'QualitySwitches',
      'FramesDecoded',
      'FramesDropped',
      'ReceivedBytes',
    ],
    values: (row: SampleRow) => [
      row.sessionId,
      integer(row.sequence),
      milliseconds(row.time),
      row.broadcast,
      row.state,
      row.rendition,
      mean(row.latencySeconds),
      mean(row.bufferSeconds),
      mean(row.bitrate),
      mean(row.rttSeconds),
      sum(row.watchedSeconds),
      sum(row.stalledSeconds),
      integer(row.stalls),
      integer(row.qualitySwitches),
      integer(row.framesDecoded),
      integer(row.framesDropped),
      integer(row.receivedBytes),
    ],
  },
};

/** Rows as lines, each with a line feed at its end. */
export function encodeRows<Row>(table: Table<Row>, rows: readonly Row[], now: number): string {
  let lines = '';
  for (const row of rows) lines += `${line(table.values(row, now))}\n`;
  return lines;
}

/** Half of a surrogate pair, as `JSON.stringify` writes it; or the same text spelled out, which does no harm. */
const MAYBE_LONE_SURROGATE = /\\ud[89a-f]/i;

function line(values: readonly unknown[]): string {
  const text = JSON.stringify(values);
  // ClickHouse refuses the whole batch for one of them.
  return MAYBE_LONE_SURROGATE.test(text) ? JSON.stringify(wellFormed(values)) : text;
}

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key.toWellFormed(), wellFormed(entry)]),
  );
}

const WEEK = 7n * 86_400n * 1_000_000_000n;
const DAY = 86_400n * 1_000_000_000n;

/**
 * A time in nanoseconds as seconds with a fraction. Tables are divided by day, and one write may touch a hundred of
 * them at most: times far from now, which are always wrong clocks, must not make days of their own.
 */
function nanoseconds(time: bigint, now: number): string {
  const present = BigInt(Math.trunc(now)) * 1_000_000n;
  const plausible = time >= present - WEEK && time <= present + DAY ? time : present;
  return decimal(String(plausible), 9);
}

function milliseconds(time: number): string {
  return decimal(String(Math.max(0, Math.round(Number.isFinite(time) ? time : 0))), 3);
}

function decimal(digits: string, places: number): string {
  const padded = digits.padStart(places + 1, '0');
  return `${padded.slice(0, -places)}.${padded.slice(-places)}`;
}

const LONGEST = 2n ** 63n - 1n;

/** A digit string: JavaScript's numbers are too small. */
function duration(value: bigint): string {
  return String(value < 0n ? 0n : value > LONGEST ? LONGEST : value);
}

function integer(value: number, largest: number = Number.MAX_SAFE_INTEGER): number {
  return Number.isFinite(value) ? Math.min(largest, Math.max(0, Math.round(value))) : 0;
}

function mean(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function sum(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

function map(attributes: RowAttributes): Record<string, string> {
  const entries: Record<string, string> = Object.create(null);
  for (const [key, value] of attributes) entries[key] = String(value);
  return entries;
}
