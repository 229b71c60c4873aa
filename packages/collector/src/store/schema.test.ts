import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collector } from '@moq-observability/moq-metrics';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Batch, Spool } from '../spool/spool.ts';
import { chdbEngine } from './chdb.ts';
import type { Connection } from './engine.ts';
import { limitAge, migrate } from './migrate.ts';
import { LIMITS } from './queries/ask.ts';
import { dropPart, limitSize, type Part, partsOf, partSizeLimits, surplus } from './retention.ts';
import { log, nanos, sample, session, span } from './rows-fixture.ts';
import { ageLimits, migrations, migrationsTable } from './schema.ts';
import type { TableRows } from './store.ts';
import { encodeRows, type Table, tables } from './tables.ts';

type TableName = collector.StoreTable;

let folder: string;
let database: Connection;
let spool: Spool<TableName>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'schema-'));
  database = await chdbEngine({ folder: join(folder, 'tables') }).connect(new AbortController().signal);
  spool = await Spool.open<TableName>({
    folder: join(folder, 'queue'),
    lanes: collector.storeTables,
    maxBytes: 1e9,
    batchBytes: 1,
    batchAge: 1,
    whenFull: 'refuse',
  });
  await migrate(database, {});
}, 60_000);

afterAll(async () => {
  await spool.close();
  await database.close();
  await rm(folder, { recursive: true, maxRetries: 5 });
}, 30_000);

async function batch<Name extends TableName>(
  table: Name,
  rows: readonly TableRows[Name][],
): Promise<Batch<TableName>> {
  const lines = encodeRows(tables[table] as Table<TableRows[Name]>, rows, Date.now());
  await spool.append(table, { payload: Buffer.from(lines), count: rows.length });
  return spool.take(table)!;
}

function insert(written: Batch<TableName>): Promise<number> {
  return database.insert({ table: written.lane, columns: tables[written.lane].columns, batch: written });
}

async function count(table: string): Promise<number> {
  const [row] = await database.query<{ readonly rows: number }>(
    `SELECT toUInt32(count()) AS rows FROM ${table}`,
    {},
  );
  return row!.rows;
}

function asked(sql: string): Promise<unknown> {
  return database.query(`${sql} ${LIMITS}`, {});
}

function sizeOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.bytes, 0);
}

describe('a batch', () => {
  test('written twice is there once, in every table', async () => {
    const batches = [
      await batch('otel_logs', [log(), log()]),
      await batch('otel_traces', [span(), span()]),
      await batch('moq_sessions', [session(), session()]),
      await batch('moq_session_samples', [sample(), sample()]),
    ];
    for (const written of batches) {
      const before = await count(written.lane);
      expect(await insert(written)).toBe(2);
      expect(await insert(written)).toBe(2);
      expect(await count(written.lane)).toBe(before + 2);
    }
    expect(await count('otel_traces_trace_id_ts')).toBe(2);
  });

  test('equal to another, but another, is there as well', async () => {
    const row = log();
    const before = await count('otel_logs');
    await insert(await batch('otel_logs', [row]));
    await insert(await batch('otel_logs', [row]));
    expect(await count('otel_logs')).toBe(before + 2);
  });

  test('whose file is gone holds nothing', async () => {
    const written = await batch('otel_logs', [log()]);
    await rm(written.path);
    expect(await insert(written)).toBe(0);
  });

  test('that is no rows is blamed for it', async () => {
    await spool.append('otel_logs', { payload: Buffer.from('["half a row"\n'), count: 1 });
    await expect(insert(spool.take('otel_logs')!)).rejects.toMatchObject({
      code: 'failed',
      blamesRows: true,
    });
  });

  test('of days as far apart as can be is written', async () => {
    const now = Date.now();
    const rows = Array.from({ length: 1000 }, (_, index) => log({ time: nanos(now - index * 86_400_000) }));
    expect(await insert(await batch('otel_logs', rows))).toBe(1000);
  });
});

describe('a question', () => {
  test('cannot write, nor lift its limits', async () => {
    await expect(
      asked("INSERT INTO moq_schema_migrations (Version, Name) SELECT 99, 'mine'"),
    ).rejects.toThrow('readonly');
    expect(await count('moq_schema_migrations')).toBe(migrations({}).length);
  });

  test.each([
    ['takes too much memory', 'SELECT groupArray(number) AS all FROM numbers(200000000)'],
    ['has too long an answer', 'SELECT number FROM numbers(100000)'],
    ['has too large an answer', 'SELECT repeat(toString(number % 10), 10000) AS text FROM numbers(10000)'],
  ])('is cut off when it %s', async (_, sql) => {
    await expect(asked(sql)).rejects.toMatchObject({ code: 'limit' });
  });

  test('that is wrong says so in one line', async () => {
    const error = await asked('SELECT nothing FROM nowhere').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'StoreError', code: 'failed', number: 60 });
    expect((error as Error).message).not.toContain('\n');
  });
});

describe('the tables', () => {
  test('are those of the OpenTelemetry exporter, and what it writes goes in', async () => {
    const columns = await database.query<{
      readonly table: string;
      readonly column: string;
      readonly type: string;
    }>(
      "SELECT table, name AS column, type FROM system.columns WHERE table IN ('otel_logs', 'otel_traces') AND default_kind != 'MATERIALIZED'",
      {},
    );
    const types = (table: string): Record<string, string> =>
      Object.fromEntries(
        columns.filter((row) => row.table === table).map(({ column, type }) => [column, type]),
      );
    const map = 'Map(LowCardinality(String), String)';
    expect(types('otel_logs')).toEqual({
      Timestamp: 'DateTime64(9)',
      TimestampTime: 'DateTime',
      TraceId: 'String',
      SpanId: 'String',
      TraceFlags: 'UInt8',
      SeverityText: 'LowCardinality(String)',
      SeverityNumber: 'UInt8',
      ServiceName: 'LowCardinality(String)',
      Body: 'String',
      ResourceSchemaUrl: 'LowCardinality(String)',
      ResourceAttributes: map,
      ScopeSchemaUrl: 'LowCardinality(String)',
      ScopeName: 'String',
      ScopeVersion: 'LowCardinality(String)',
      ScopeAttributes: map,
      LogAttributes: map,
      EventName: 'String',
    });
    expect(types('otel_traces')).toEqual({
      Timestamp: 'DateTime64(9)',
      TraceId: 'String',
      SpanId: 'String',
      ParentSpanId: 'String',
      TraceState: 'String',
      SpanName: 'LowCardinality(String)',
      SpanKind: 'LowCardinality(String)',
      ServiceName: 'LowCardinality(String)',
      ResourceAttributes: map,
      ScopeName: 'String',
      ScopeVersion: 'String',
      SpanAttributes: map,
      Duration: 'UInt64',
      StatusCode: 'LowCardinality(String)',
      StatusMessage: 'String',
      'Events.Timestamp': 'Array(DateTime64(9))',
      'Events.Name': 'Array(LowCardinality(String))',
      'Events.Attributes': `Array(${map})`,
      'Links.TraceId': 'Array(String)',
      'Links.SpanId': 'Array(String)',
      'Links.TraceState': 'Array(String)',
      'Links.Attributes': `Array(${map})`,
    });
    const before = await count('otel_logs');
    await database.command(
      "INSERT INTO otel_logs (Timestamp, TraceId, Body, LogAttributes) VALUES (now64(9), 'abc', 'of theirs', map('session.id', 'theirs'))",
    );
    expect(await count('otel_logs')).toBe(before + 1);
    expect(
      await database.query("SELECT SessionId AS id FROM otel_logs WHERE Body = 'of theirs'", {}),
    ).toEqual([{ id: 'theirs' }]);
  });

  test('get the same steps once, however often they are taken', async () => {
    await migrate(database, {});
    expect(await count('moq_schema_migrations')).toBe(migrations({}).length);
    // As if the process had ended before the last step was noted.
    await database.command(
      'ALTER TABLE moq_schema_migrations DELETE WHERE Version > 1 SETTINGS mutations_sync = 1',
    );
    await migrate(database, {});
    expect(await count('moq_schema_migrations')).toBe(migrations({}).length);
  });

  test('of a newer collector are left alone', async () => {
    await database.command("INSERT INTO moq_schema_migrations (Version, Name) SELECT 99, 'from the future'");
    await expect(migrate(database, {})).rejects.toThrow(
      'the tables are of version 99, and this collector knows',
    );
    await database.command(
      'ALTER TABLE moq_schema_migrations DELETE WHERE Version = 99 SETTINGS mutations_sync = 1',
    );
  });

  test('of a cluster are replicated on all of its nodes, in statements that can be read', async () => {
    const options = { cluster: 'main' };
    const statements = [
      migrationsTable(options),
      ...migrations(options).flatMap((step) => step.statements),
      ...ageLimits(30, options).flatMap((limit) => limit.statements),
    ];
    for (const statement of statements) {
      expect(statement).toMatch(/^(CREATE|ALTER) .* ON CLUSTER main/);
      expect(statement).not.toMatch(/ENGINE = (?!Replicated)/);
      await database.query(`EXPLAIN AST ${statement}`, {});
    }
    expect(() => migrations({ cluster: 'main; DROP TABLE otel_logs' })).toThrow(RangeError);
  });

  test('lose rows that are too old', async () => {
    await limitAge(database, 3, {});
    const old = Date.now() - 4 * 86_400_000;
    await insert(await batch('otel_logs', [log({ time: nanos(old), body: 'old' }), log({ body: 'young' })]));
    await insert(await batch('moq_session_samples', [sample({ sessionId: 'old', time: old })]));
    await insert(
      await batch('moq_sessions', [session({ sessionId: 'old', startedAt: old, updatedAt: old })]),
    );
    for (const table of ['otel_logs', 'moq_session_samples', 'moq_sessions']) {
      await database.command(`OPTIMIZE TABLE ${table} FINAL`);
    }
    const bodies = await database.query<{ readonly body: string }>('SELECT Body AS body FROM otel_logs', {});
    expect(bodies.map(({ body }) => body)).toContain('young');
    expect(bodies.map(({ body }) => body)).not.toContain('old');
    for (const table of ['moq_session_samples', 'moq_sessions']) {
      expect(await database.query(`SELECT SessionId FROM ${table} WHERE SessionId = 'old'`, {})).toEqual([]);
    }
    // Setting it to what it is changes nothing; to something else, does.
    const definition = async (): Promise<unknown> =>
      database.query("SELECT engine_full FROM system.tables WHERE name = 'otel_logs'", {});
    const before = await definition();
    await limitAge(database, 3, {});
    expect(await definition()).toEqual(before);
    await limitAge(database, 30, {});
    expect(JSON.stringify(await definition())).toContain('toIntervalDay(30)');
    expect(() => ageLimits(0.5, {})).toThrow(RangeError);
  });

  test('lose their oldest parts when they are too large', async () => {
    for (const statement of partSizeLimits(1e9)) await database.command(statement);
    const now = Date.now();
    for (let hoursAgo = 30; hoursAgo >= 0; hoursAgo -= 10) {
      const rows = Array.from({ length: 2000 }, () =>
        sample({ time: now - hoursAgo * 3_600_000, sessionId: crypto.randomUUID() }),
      );
      await insert(await batch('moq_session_samples', rows));
    }
    const before = await partsOf(database);
    expect(surplus(before, sizeOf(before))).toEqual([]);
    const newest = Math.max(...before.map((part) => part.newest));
    const limit = sizeOf(before) * 0.6;
    await vi.waitUntil(async () => {
      await limitSize(database, limit);
      return sizeOf(await partsOf(database)) <= limit;
    }, 15_000);
    const after = await partsOf(database);
    expect(after.length).toBeGreaterThan(0);
    expect(after.some((part) => part.newest === newest)).toBe(true);
  });
});

test('surplus parts are the oldest, whatever their table', () => {
  const parts = [
    { table: 'otel_logs', name: 'c', newest: 30, bytes: 10 },
    { table: 'otel_traces', name: 'a', newest: 10, bytes: 10 },
    { table: 'otel_logs', name: 'b', newest: 20, bytes: 10 },
  ];
  expect(surplus(parts, 30)).toEqual([]);
  expect(surplus(parts, 29).map(({ name }) => name)).toEqual(['a']);
  expect(surplus(parts, 11).map(({ name }) => name)).toEqual(['a', 'b']);
  expect(surplus([], 0)).toEqual([]);
  expect(() => dropPart({ table: 'otel_logs', name: "x'; --", newest: 0, bytes: 0 })).toThrow(RangeError);
  expect(() => dropPart({ table: 'system.tables', name: 'x', newest: 0, bytes: 0 })).toThrow(RangeError);
});
