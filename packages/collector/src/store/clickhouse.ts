import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import { readBatch } from '../spool/batch-file.ts';
import { ClickHouseError, type Connection, type Engine, type Insert, type SqlParams } from './engine.ts';
import { StoreError } from './errors.ts';

/** A ClickHouse server or cluster. */
export interface ClickHouseOptions {
  /** `http[s]://[user:password@]host:port[/database]`. The database has to be there. */
  readonly url: URL;
}

/** How long the server may take to answer, in milliseconds; its own limits end a query before. */
const REQUEST_TIMEOUT = 30_000;

/** ClickHouse elsewhere, over its HTTP interface. */
export function clickHouseEngine({ url }: ClickHouseOptions): Engine {
  return {
    driver: 'clickhouse',
    connect: async (signal) => {
      const { createClient } = await import('@clickhouse/client');
      const client = createClient({
        url: url.href,
        application: 'moq-collector',
        request_timeout: REQUEST_TIMEOUT,
        max_open_connections: 16,
        // An answer comes whole or as an error, never as half of one.
        clickhouse_settings: { wait_end_of_query: 1 },
        log: { level: 127 },
      });
      const connection = new ClickHouseConnection(client);
      try {
        await connection.query('SELECT 1', {}, signal);
        return connection;
      } catch (error) {
        await connection.close();
        throw error;
      }
    },
  };
}

class ClickHouseConnection implements Connection {
  readonly lost: Promise<string>;
  readonly #client: ClickHouseClient;
  readonly #lose: (reason: string) => void;

  constructor(client: ClickHouseClient) {
    this.#client = client;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.lost = promise;
    this.#lose = resolve;
  }

  query<Row>(sql: string, params: SqlParams, signal?: AbortSignal): Promise<readonly Row[]> {
    return this.#try(async () => {
      const answer = await this.#client.query({
        query: sql,
        query_params: params,
        format: 'JSONEachRow',
        ...(signal && { abort_signal: signal }),
      });
      const rows: Row[] = [];
      // Chunk by chunk, so that a large answer does not hold up everything else.
      for await (const chunk of answer.stream<Row>()) for (const row of chunk) rows.push(row.json());
      return rows;
    });
  }

  async command(sql: string): Promise<void> {
    await this.#try(() => this.#client.command({ query: sql }));
  }

  async insert({ table, columns, batch }: Insert): Promise<number> {
    const { records, count } = await readBatch(batch.path, batch.bytes).catch((cause: unknown) => {
      throw new StoreError('failed', 'a batch cannot be read', { cause });
    });
    if (records.length === 0) return 0;
    await this.#try(async () => {
      const { stream } = await this.#client.exec({
        query: `INSERT INTO ${table} (${columns.join(', ')}) FORMAT JSONCompactEachRow`,
        values: Readable.from(records.map(({ payload }) => payload)),
        clickhouse_settings: {
          async_insert: 0,
          insert_deduplicate: 1,
          insert_deduplication_token: batch.id,
          deduplicate_blocks_in_dependent_materialized_views: 1,
        },
      });
      for await (const _ of stream) {
        // The answer is empty, and has to be read to its end for the connection to be used again.
      }
    });
    return count;
  }

  async close(): Promise<void> {
    this.#lose('closed');
    await this.#client.close();
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      const number = clickHouseNumber(error);
      if (error instanceof Error && number !== undefined) throw new ClickHouseError(number, error.message);
      const reason = error instanceof Error ? error.message : String(error);
      this.#lose(reason);
      throw new StoreError('unavailable', `the server is out of reach: ${reason}`, { cause: error });
    }
  }
}

/** The number of an error the server gave; `undefined` when it gave none, because it was not reached. */
function clickHouseNumber(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('type' in error)) return undefined;
  const number = Number(error.code);
  return Number.isInteger(number) ? number : undefined;
}
