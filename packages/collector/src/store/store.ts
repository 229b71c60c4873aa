/** The store as everything else sees it: rows go in and are never waited for, questions are answered in pages. */

import type { collector } from '@moq-observability/moq-metrics';
import type { StoreError } from './errors.ts';
import type { LogRow, SampleRow, SessionRow, SpanRow, StoredLog, StoredSpan, TraceSummary } from './rows.ts';

export type { StoreError } from './errors.ts';
export type * from './rows.ts';

/** What became of rows that were handed over. */
export type WriteResult =
  /** They lie on disk, and reach the tables even if this process is killed now (a loss of power is not covered). */
  | 'kept'
  /** The queue is full or its disk is: they are gone and counted. Tell the sender to try again. */
  | 'refused'
  /** There is no store; nothing is counted. */
  | 'off';

/** Some of an answer, and where the rest begins. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Hand it back for the rows that follow; `undefined` after the last. */
  readonly cursor: string | undefined;
}

/** Which part of an answer. */
export interface PageQuery {
  /** Rows at most: 1 to 10,000 (1,000 for traces); 100 when not given. */
  readonly limit?: number | undefined;
  /** From the page before. */
  readonly cursor?: string | undefined;
}

/** A span of time in Unix milliseconds, `from` included, `to` not. */
export interface TimeRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Which logs; all conditions hold. */
export interface LogQuery extends PageQuery, TimeRange {
  /** Oldest or newest first; newest. */
  readonly order?: 'oldest' | 'newest' | undefined;
  readonly traceId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly service?: string | undefined;
  /** The least severity number, such as 13 for warnings and worse. */
  readonly minSeverity?: number | undefined;
  /** Text that body or event name contain, in whatever case. */
  readonly text?: string | undefined;
}

/** Which traces: those with a span to which all conditions apply. Newest first. */
export interface TraceQuery extends PageQuery, TimeRange {
  readonly service?: string | undefined;
  /** The exact name of the span. */
  readonly name?: string | undefined;
  /** Milliseconds the span lasted at least. */
  readonly minDuration?: number | undefined;
  /** Whether the span's status is an error. */
  readonly error?: boolean | undefined;
}

/** By what sessions can be sorted. */
export const sessionSorts = [
  'started_at',
  'updated_at',
  'broadcast',
  'startup',
  'latency',
  'stalled',
  'stalls',
  'watched',
  'failures',
] as const;
export type SessionSort = (typeof sessionSorts)[number];

/** Which sessions; all conditions hold. The range is of their start. */
export interface SessionQuery extends PageQuery, TimeRange {
  readonly broadcast?: string | undefined;
  readonly state?: collector.SessionState | undefined;
  readonly transport?: string | undefined;
  readonly browser?: string | undefined;
  readonly region?: string | undefined;
  /** Those with a failure, or those without. */
  readonly errors?: boolean | undefined;
  /** Text that the id, the broadcast or the remote address contains, in whatever case. */
  readonly text?: string | undefined;
  /** Seconds: those whose last latency was at least this. */
  readonly minLatency?: number | undefined;
  readonly minStalls?: number | undefined;
  /** `started_at`. */
  readonly sort?: SessionSort | undefined;
  /** Highest or latest first unless `ascending`. Sessions without the value come last either way. */
  readonly ascending?: boolean | undefined;
}

/** Which of a session's rows. Oldest first; a limit of 10,000 when none is given. */
export interface SessionRowsQuery extends TimeRange {
  readonly limit?: number | undefined;
}

/** What keeps the rows. */
export type StoreDriver = 'chdb' | 'clickhouse' | 'off';

/** How the store is. */
export interface StoreHealth {
  readonly driver: StoreDriver;
  /** `degraded`: rows wait on disk, questions fail, and it is trying to come back. */
  readonly state: 'off' | 'starting' | 'ready' | 'degraded';
  /** One line saying why it is not ready. */
  readonly reason: string | undefined;
  /** Rows on disk that have not reached the tables. */
  readonly queuedRows: number;
  readonly queuedBytes: number;
  /** Rows lost since the start: refused, or rejected by the database. */
  readonly droppedRows: number;
  /** How often the database went away while it was in use. */
  readonly restarts: number;
}

/** Why rows were lost: the queue is full, its disk cannot be written, or the database will not have them. */
export type DropReason = 'full' | 'disk' | 'rejected';

/** What the store tells while it works. None of these may throw. */
export interface StoreEvents {
  /** Rows have reached their table. */
  readonly onWritten?: (table: collector.StoreTable, rows: number) => void;
  readonly onDropped?: (table: collector.StoreTable, rows: number, reason: DropReason) => void;
  /** A write or a question failed, or the database went away; once per failure. */
  readonly onError?: (error: StoreError) => void;
  /** The state changed. */
  readonly onState?: (health: StoreHealth) => void;
}

/** Keeps sessions, samples, spans and logs, and finds them again. */
export interface Store extends AsyncDisposable {
  readonly driver: StoreDriver;

  /**
   * How full the queue is, 0 to 1. Past about 0.8 it is kind to ask senders to slow down (429 with `Retry-After`)
   * before rows are refused.
   */
  readonly pressure: number;

  /**
   * Hands rows over. Returns at once, in the sense that nothing is waited for but an append to a file, shared by all
   * rows of the same moment; wait for it before acknowledging what must not be lost. Never rejects.
   */
  writeSpans(rows: readonly SpanRow[]): Promise<WriteResult>;
  /** As {@link Store.writeSpans}. */
  writeLogs(rows: readonly LogRow[]): Promise<WriteResult>;
  /** As {@link Store.writeSpans}. */
  writeSessions(rows: readonly SessionRow[]): Promise<WriteResult>;
  /** As {@link Store.writeSpans}. */
  writeSamples(rows: readonly SampleRow[]): Promise<WriteResult>;

  /**
   * Finds logs.
   *
   * @throws StoreError, as every question: `off`, `unavailable` (try again), `limit` (ask for less), `bad_query` (a
   * cursor or number that is none), `failed`
   */
  logs(query: LogQuery): Promise<Page<StoredLog>>;
  /** All spans of a trace, oldest first, at most 10,000. */
  trace(traceId: string): Promise<readonly StoredSpan[]>;
  traces(query: TraceQuery): Promise<Page<TraceSummary>>;
  sessions(query: SessionQuery): Promise<Page<SessionRow>>;
  session(sessionId: string): Promise<SessionRow | undefined>;
  samples(sessionId: string, query?: SessionRowsQuery): Promise<readonly SampleRow[]>;
  /** The session's spans and those of every trace it has a part in: the relay's beside the player's. */
  sessionSpans(sessionId: string, query?: SessionRowsQuery): Promise<readonly StoredSpan[]>;

  health(): StoreHealth;

  /**
   * Resolves when every row handed over before has reached its table, or was dropped.
   *
   * @param signal gives up waiting; rejects with its reason
   */
  flush(signal?: AbortSignal): Promise<void>;

  /** Writes what can be written within a few seconds; the rest stays on disk for the next start. */
  close(): Promise<void>;
}
