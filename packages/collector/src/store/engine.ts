/** What a database has to offer to be a store: SQL in, rows out, batches in. The rest is the same for all of them. */

import type { collector } from '@moq-observability/moq-metrics';
import type { Batch } from '../spool/spool.ts';
import { StoreError } from './errors.ts';
import type { StoreDriver } from './store.ts';

/** Values for the placeholders of a statement, `{name:Type}`; a 64-bit integer is a string of digits. */
export type SqlParams = Readonly<Record<string, string | number | readonly string[]>>;

/** A batch of rows to be written. */
export interface Insert {
  readonly table: collector.StoreTable;
  readonly columns: readonly string[];
  /** Its file holds lines of `JSONCompactEachRow`; its id is the deduplication token. */
  readonly batch: Batch<collector.StoreTable>;
}

/** A database that answers. Everything rejects with a {@link StoreError}. */
export interface Connection {
  /** Runs a `SELECT` and gives back its rows, each an object by the names of its columns. */
  query<Row>(sql: string, params: SqlParams): Promise<readonly Row[]>;
  /** Runs a statement without an answer. */
  command(sql: string): Promise<void>;
  /** Writes a batch; twice the same one is written once. Resolves to the number of rows it held. */
  insert(insert: Insert): Promise<number>;
  /** Resolves to a reason when the database is gone; never rejects. */
  readonly lost: Promise<string>;
  /** Ends it. Never rejects. */
  close(): Promise<void>;
}

/** A kind of database. */
export interface Engine {
  readonly driver: Exclude<StoreDriver, 'off'>;
  /**
   * Connects.
   *
   * @throws StoreError `off` when it can never work here, anything else when it is worth another try
   */
  connect(signal: AbortSignal): Promise<Connection>;
}

/** An error that ClickHouse gave a number. */
export class ClickHouseError extends StoreError {
  /** https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp */
  readonly number: number;

  constructor(number: number, message: string, options?: ErrorOptions) {
    super(LIMITS.has(number) ? 'limit' : 'failed', firstLine(message), options);
    this.number = number;
  }

  /** Whether the rows themselves are at fault, and will be the next time too. */
  get blamesRows(): boolean {
    return UNREADABLE.has(this.number);
  }
}

/** Too many rows or bytes, too slow, timeout, memory, too many simultaneous queries. */
const LIMITS: ReadonlySet<number> = new Set([158, 159, 160, 202, 241, 307, 396]);

/** What is said of text that is no value of its column. */
const UNREADABLE: ReadonlySet<number> = new Set([
  6, 25, 26, 27, 28, 33, 34, 38, 41, 53, 69, 70, 72, 117, 130, 131, 321, 349, 467, 691,
]);

/** The first line of a message, of bearable length. */
function firstLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').slice(0, 300);
}
