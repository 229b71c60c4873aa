import { collector } from '@moq-observability/moq-metrics';
import { backoffDelay } from '../spool/backoff.ts';
import { type Delivery, Drain } from '../spool/drain.ts';
import { type Batch, Spool } from '../spool/spool.ts';
import { ClickHouseError, type Connection, type Engine } from './engine.ts';
import { StoreError } from './errors.ts';
import { Gate } from './gate.ts';
import { Link, type LinkState } from './link.ts';
import { limitAge, migrate } from './migrate.ts';
import { type Ask, checkParams } from './queries/ask.ts';
import { findLogs } from './queries/logs.ts';
import { findSamples, findSession, findSessions } from './queries/sessions.ts';
import { findSessionSpans, findTrace, findTraces } from './queries/traces.ts';
import { limitSize, partSizeLimits } from './retention.ts';
import type { SchemaOptions } from './schema.ts';
import type {
  DropReason,
  LogQuery,
  LogRow,
  Page,
  SampleRow,
  SessionQuery,
  SessionRow,
  SessionRowsQuery,
  SpanRow,
  Store,
  StoreEvents,
  StoreHealth,
  StoredLog,
  StoredSpan,
  TableRows,
  TraceQuery,
  TraceSummary,
  WriteResult,
} from './store.ts';
import { encodeRows, tables } from './tables.ts';

type Table = collector.StoreTable;

/** How a store on a database is kept. */
export interface SqlStoreOptions {
  readonly engine: Engine;
  readonly schema: SchemaOptions;
  /** Where rows wait. */
  readonly queue: {
    readonly folder: string;
    readonly maxBytes: number;
    /** Milliseconds after which rows are written. */
    readonly age: number;
  };
  /** What is kept; without a limit, everything. */
  readonly retention: { readonly days: number | undefined; readonly bytes: number | undefined };
}

/** Bytes of one write to the database at most. */
const BATCH_BYTES = 8 * 1024 * 1024;

/** Questions at one time, and how many more may wait. */
const QUESTIONS = { atOnce: 6, waiting: 64 };

/** When a write is tried again, in milliseconds. */
const BACKOFF = { first: 500, longest: 30_000 };

/** How often the size of the tables is looked at, in milliseconds. */
const SIZE_INTERVAL = 60_000;

/** How long closing waits for what is still queued, in milliseconds. */
const CLOSE_GRACE = 3_000;

/** What is said while rows are refused. */
const REFUSALS = {
  full: 'rows are refused: the queue is full',
  disk: 'rows are refused: the disk of the queue cannot be written',
} as const;

/** A store on a database that speaks ClickHouse's SQL, behind a queue on disk. */
export class SqlStore implements Store {
  readonly driver: Engine['driver'];
  readonly #options: SqlStoreOptions;
  readonly #events: StoreEvents;
  readonly #gate = new Gate(QUESTIONS.atOnce, QUESTIONS.waiting);
  readonly #spool: Spool<Table>;
  readonly #drains: ReadonlyMap<Table, Drain<Table>>;
  readonly #link: Link;
  readonly #sizeCheck: NodeJS.Timeout | undefined;
  /** Why the last write to a table failed; empty when it did not. */
  readonly #failing = new Map<Table, string>();
  /** Why the last rows that were handed over were refused; `undefined` when they were not. */
  #refusing: 'full' | 'disk' | undefined;
  #dropped = 0;
  #announced: StoreHealth['state'] | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Opens a store. It comes back at once, and connects in the meantime.
   *
   * @throws the file system's own error when there can be no queue
   */
  static async open(options: SqlStoreOptions, events: StoreEvents): Promise<SqlStore> {
    const { folder, maxBytes, age } = options.queue;
    const drains = new Map<Table, Drain<Table>>();
    const spool = await Spool.open<Table>({
      folder,
      lanes: collector.storeTables,
      maxBytes,
      batchBytes: Math.min(BATCH_BYTES, maxBytes / 8),
      batchAge: age,
      whenFull: 'refuse',
      onReady: (table) => drains.get(table)?.wake(),
    });
    return new SqlStore(options, events, spool, drains);
  }

  private constructor(
    options: SqlStoreOptions,
    events: StoreEvents,
    spool: Spool<Table>,
    drains: Map<Table, Drain<Table>>,
  ) {
    this.driver = options.engine.driver;
    this.#options = options;
    this.#events = events;
    this.#spool = spool;
    this.#drains = drains;
    for (const lane of collector.storeTables) {
      const deliver = (batch: Batch<Table>): Promise<Delivery> => this.#insert(batch);
      const backoff = (failures: number): number => backoffDelay(failures, BACKOFF);
      drains.set(lane, new Drain({ spool, lane, deliver, backoff }));
    }
    this.#link = new Link({
      engine: options.engine,
      prepare: (connection) => this.#prepare(connection),
      onChange: (state) => this.#changed(state),
    });
    if (options.retention.bytes !== undefined) {
      this.#sizeCheck = setInterval(() => void this.#checkSize(), SIZE_INTERVAL).unref();
    }
  }

  get pressure(): number {
    return Math.min(1, this.#spool.size.bytes / this.#options.queue.maxBytes);
  }

  writeSpans(rows: readonly SpanRow[]): Promise<WriteResult> {
    return this.#write('otel_traces', rows);
  }

  writeLogs(rows: readonly LogRow[]): Promise<WriteResult> {
    return this.#write('otel_logs', rows);
  }

  writeSessions(rows: readonly SessionRow[]): Promise<WriteResult> {
    return this.#write('moq_sessions', rows);
  }

  writeSamples(rows: readonly SampleRow[]): Promise<WriteResult> {
    return this.#write('moq_session_samples', rows);
  }

  logs(query: LogQuery): Promise<Page<StoredLog>> {
    return findLogs(query, this.#ask);
  }

  trace(traceId: string): Promise<readonly StoredSpan[]> {
    return findTrace(traceId, this.#ask);
  }

  traces(query: TraceQuery): Promise<Page<TraceSummary>> {
    return findTraces(query, this.#ask);
  }

  sessions(query: SessionQuery): Promise<Page<SessionRow>> {
    return findSessions(query, this.#ask);
  }

  session(sessionId: string): Promise<SessionRow | undefined> {
    return findSession(sessionId, this.#ask);
  }

  samples(sessionId: string, query: SessionRowsQuery = {}): Promise<readonly SampleRow[]> {
    return findSamples(sessionId, query, this.#ask);
  }

  sessionSpans(sessionId: string, query: SessionRowsQuery = {}): Promise<readonly StoredSpan[]> {
    return findSessionSpans(sessionId, query, this.#ask);
  }

  health(): StoreHealth {
    const { bytes, count } = this.#spool.size;
    return {
      driver: this.driver,
      ...this.#condition(),
      queuedRows: count,
      queuedBytes: bytes,
      droppedRows: this.#dropped,
      restarts: this.#link.losses,
    };
  }

  flush(signal?: AbortSignal): Promise<void> {
    return this.#spool.drained(signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#sizeCheck);
    await this.#spool.close();
    if (this.#condition().state === 'ready') {
      await this.flush(AbortSignal.timeout(CLOSE_GRACE)).catch(() => {
        // The rest stays on disk.
      });
    }
    await this.#link.close();
    await Promise.all([...this.#drains.values()].map((drain) => drain.close()));
  }

  async #write<Name extends Table>(table: Name, rows: readonly TableRows[Name][]): Promise<WriteResult> {
    if (this.#link.state.kind === 'off') return 'off';
    if (rows.length === 0) return 'kept';
    const payload = Buffer.from(encodeRows(tables[table], rows, Date.now()));
    const result = await this.#spool.append(table, { payload, count: rows.length });
    this.#refusing = result === 'kept' ? undefined : result;
    if (result !== 'kept') this.#drop(table, rows.length, result);
    this.#announce();
    return result === 'kept' ? 'kept' : 'refused';
  }

  async #insert(batch: Batch<Table>): Promise<Delivery> {
    const table = batch.lane;
    const { state } = this.#link;
    // Everything is hurried as soon as there is a connection.
    if (state.kind !== 'up') return { retryAfter: BACKOFF.first };
    try {
      const rows = await state.connection.insert({ table, columns: tables[table].columns, batch });
      this.#events.onWritten?.(table, rows);
      if (rows < batch.count) this.#drop(table, batch.count - rows, 'disk');
    } catch (error) {
      const failure = this.#fail(error);
      if (!(failure instanceof ClickHouseError && failure.blamesRows)) {
        if (failure.code !== 'unavailable') this.#failing.set(table, failure.message);
        this.#announce();
        return { retryAfter: undefined };
      }
      this.#drop(table, batch.count, 'rejected');
    }
    this.#failing.delete(table);
    this.#announce();
    return 'done';
  }

  readonly #ask: Ask = async <Row>(sql: string, params: Parameters<Ask>[1]) => {
    checkParams(params);
    const { state } = this.#link;
    if (state.kind === 'starting') throw new StoreError('unavailable', 'the store is starting');
    if (state.kind !== 'up') throw state.error;
    if (this.#gate.full) throw new StoreError('unavailable', 'too many questions at the same time');
    try {
      return await this.#gate.run(() => state.connection.query<Row>(sql, params));
    } catch (error) {
      throw this.#fail(error);
    }
  };

  async #prepare(connection: Connection): Promise<void> {
    const { schema, retention } = this.#options;
    await migrate(connection, schema);
    if (retention.days !== undefined) await limitAge(connection, retention.days, schema);
    if (retention.bytes === undefined) return;
    for (const statement of partSizeLimits(retention.bytes)) await connection.command(statement);
  }

  #changed(state: LinkState): void {
    if (state.kind === 'up') {
      for (const drain of this.#drains.values()) drain.hurry();
      void this.#checkSize();
    } else if (state.kind !== 'starting' && !this.#closing) {
      this.#fail(state.error);
    }
    this.#announce();
  }

  async #checkSize(): Promise<void> {
    const { bytes } = this.#options.retention;
    const { state } = this.#link;
    if (bytes === undefined || state.kind !== 'up') return;
    try {
      await limitSize(state.connection, bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  #condition(): Pick<StoreHealth, 'state' | 'reason'> {
    const { state } = this.#link;
    switch (state.kind) {
      case 'starting':
        return { state: 'starting', reason: 'the database is being opened' };
      case 'off':
        return { state: 'off', reason: state.error.message };
      case 'down':
        return { state: 'degraded', reason: state.error.message };
      case 'up': {
        if (this.#refusing) return { state: 'degraded', reason: REFUSALS[this.#refusing] };
        const [failing] = this.#failing;
        if (!failing) return { state: 'ready', reason: undefined };
        return { state: 'degraded', reason: `${failing[0]} cannot be written: ${failing[1]}` };
      }
    }
  }

  #announce(): void {
    const { state } = this.#condition();
    if (state === this.#announced) return;
    this.#announced = state;
    this.#events.onState?.(this.health());
  }

  #drop(table: Table, rows: number, reason: DropReason): void {
    this.#dropped += rows;
    this.#events.onDropped?.(table, rows, reason);
  }

  #fail(error: unknown): StoreError {
    const failure =
      error instanceof StoreError ? error : new StoreError('failed', String(error), { cause: error });
    this.#events.onError?.(failure);
    return failure;
  }
}
