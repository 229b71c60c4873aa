/**
 * The process that holds the embedded database. It is a process of its own so that a fault in native code ends the
 * database and nothing else; it has no port and no terminal, and ends with the process that started it.
 */

import type * as Chdb from 'chdb';
import { readBatch } from '../spool/batch-file.ts';
import type { ChdbMessage, ChdbRequest, ChdbStart } from './chdb-protocol.ts';

const { folder, memoryBytes, module } = JSON.parse(process.argv[2]!) as ChdbStart;

// An ordinary exit would wait for queries that cannot be stopped; whatever was acknowledged is on disk.
const end = (): boolean => process.kill(process.pid, 'SIGKILL');
process.once('disconnect', end);

const session = await openSession();
if (session) {
  process.on('message', (request: ChdbRequest) => void answer(session, request));
  send({ kind: 'ready' });
}

async function openSession(): Promise<Chdb.Session | undefined> {
  let missing = true;
  try {
    const chdb = (await import(module)) as typeof Chdb;
    missing = false;
    return new chdb.Session(folder, {
      connectionArgs: [
        `--max_server_memory_usage=${memoryBytes}`,
        `--mark_cache_size=${Math.round(memoryBytes / 8)}`,
        `--index_mark_cache_size=${Math.round(memoryBytes / 16)}`,
        `--primary_index_cache_size=${Math.round(memoryBytes / 16)}`,
      ],
    });
  } catch (error) {
    send({ kind: 'unable', missing, message: describe(error) });
    return undefined;
  }
}

async function answer(database: Chdb.Session, request: ChdbRequest): Promise<void> {
  const { id } = request;
  try {
    switch (request.kind) {
      case 'query': {
        const result = await database.queryBindAsync(request.sql, request.params, { format: 'JSONEachRow' });
        return send({ kind: 'answer', id, rows: result.bytes() });
      }
      case 'command':
        await database.queryAsync(request.sql);
        return send({ kind: 'answer', id, rows: 0 });
      case 'insert':
        return send({ kind: 'answer', id, rows: await insert(database, request) });
      case 'close':
        database.close();
        send({ kind: 'answer', id, rows: 0 });
    }
  } catch (error) {
    send({ kind: 'error', id, number: clickHouseNumber(error), message: describe(error) });
  }
}

async function insert(
  database: Chdb.Session,
  { table, columns, path, bytes, token }: Extract<ChdbRequest, { kind: 'insert' }>,
): Promise<number> {
  const { records, count } = await readBatch(path, bytes);
  if (records.length === 0) return 0;
  await database.insert({
    table,
    columns,
    format: 'JSONCompactEachRow',
    values: Buffer.concat(records.map(({ payload }) => payload)),
    settings: {
      insert_deduplicate: 1,
      insert_deduplication_token: token,
      deduplicate_blocks_in_dependent_materialized_views: 1,
    },
  });
  return count;
}

function send(message: ChdbMessage): void {
  // When nobody listens any more, this process is about to end.
  process.send?.(message, undefined, undefined, () => undefined);
}

function clickHouseNumber(error: unknown): number {
  return error instanceof Error && 'clickhouseCode' in error && typeof error.clickhouseCode === 'number'
    ? error.clickhouseCode
    : 0;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
