import { execFile, fork } from 'node:child_process';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { describeStore } from './conformance.ts';
import { log, sample, session } from './rows-fixture.ts';
import { openTestStore, reach } from './store-fixture.ts';

const run = promisify(execFile);

const WRITER = new URL('./writer-fixture.ts', import.meta.url);

describeStore('chDB', () => openTestStore());

/** Ids of the processes that are this one's children and hold a database. */
async function databases(parent: number = process.pid): Promise<number[]> {
  const { stdout } = await run('ps', ['-e', '-o', 'pid=,ppid=,args=']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, ppid, ...args]) => Number(ppid) === parent && args.join(' ').includes('chdb-child'))
    .map(([pid]) => Number(pid));
}

async function killDatabase(): Promise<void> {
  const [pid] = await vi.waitUntil(async () => {
    const found = await databases();
    return found.length > 0 && found;
  });
  process.kill(pid!, 'SIGKILL');
}

const slow = { timeout: 60_000 };

describe('a database whose process is killed', () => {
  test('comes back by itself, and has every row once', slow, async () => {
    await using opened = await openTestStore();
    const { store } = opened;
    await reach(store, 'ready');
    const sessionId = crypto.randomUUID();
    const attributes = new Map([['session.id', sessionId]]);
    let longest = 0;
    for (let sequence = 1; sequence <= 150; sequence += 1) {
      if (sequence % 50 === 25) {
        await killDatabase();
      }
      const started = performance.now();
      expect(await store.writeSamples([sample({ sessionId, sequence })])).toBe('kept');
      expect(await store.writeLogs([log({ body: `${sequence}`, attributes })])).toBe('kept');
      longest = Math.max(longest, performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await store.flush();
    await reach(store, 'ready');
    const { rows } = await store.logs({ sessionId, limit: 1000 });
    expect(rows.length).toBe(150);
    expect(new Set(rows.map(({ body }) => body)).size).toBe(150);
    expect((await store.samples(sessionId)).length).toBe(150);
    expect(store.health()).toMatchObject({ droppedRows: 0, queuedRows: 0 });
    // It may be killed again before it is back.
    expect(store.health().restarts).toBeGreaterThanOrEqual(1);
    expect(opened.states.filter((state) => state === 'degraded').length).toBeGreaterThanOrEqual(1);
    expect(opened.errors.every(({ code }) => code === 'unavailable')).toBe(true);
    // Writing never waits for the database.
    expect(longest).toBeLessThan(2000);
  });

  test('says so while it is away', slow, async () => {
    await using opened = await openTestStore();
    await reach(opened.store, 'ready');
    await killDatabase();
    await vi.waitUntil(() => opened.store.health().state === 'degraded');
    expect(opened.store.health().reason).toContain('SIGKILL');
    await expect(opened.store.sessions({})).rejects.toMatchObject({ code: 'unavailable' });
    await reach(opened.store, 'ready');
    expect((await opened.store.sessions({})).rows).toEqual([]);
  });

  test(
    'is not left behind when the collector itself is killed; the next one has all rows',
    slow,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'store-'));
      const writer = fork(WRITER, [folder, '10'], { execArgv: [], stdio: 'ignore' });
      await new Promise((resolve) => writer.once('message', resolve));
      const [pid] = await databases(writer.pid);
      expect(pid).toBeDefined();
      writer.kill('SIGKILL');
      await vi.waitUntil(() => !isAlive(pid!), { timeout: 10_000 });
      await using opened = await openTestStore({ folder });
      await reach(opened.store, 'ready');
      await opened.store.flush();
      const { rows } = await opened.store.logs({ order: 'oldest' });
      expect(rows.map(({ body }) => body).toSorted()).toEqual([
        '0',
        '1',
        '2',
        '3',
        '4',
        '5',
        '6',
        '7',
        '8',
        '9',
      ]);
    },
  );
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // There is no such process.
    return false;
  }
}

describe('where there can be no database', () => {
  test(
    'the engine is not installed: the store is off, says why, and nothing else happens',
    slow,
    async () => {
      await using opened = await openTestStore({ chdb: { module: 'chdb-that-nobody-installed' } });
      const { store } = opened;
      await reach(store, 'off');
      expect(store.health().reason).toContain('chdb-that-nobody-installed');
      expect(await store.writeLogs([log()])).toBe('off');
      await expect(store.logs({})).rejects.toMatchObject({ code: 'off' });
      expect(store.health().droppedRows).toBe(0);
    },
  );

  test('the folder cannot be used: the store is off and says why', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'store-')), 'file');
    await writeFile(file, '');
    await using opened = await openTestStore({ folder: join(file, 'store') });
    expect(opened.store.health()).toMatchObject({ state: 'off', reason: expect.stringContaining(file) });
    expect(await opened.store.writeSpans([])).toBe('off');
    await rm(file);
  });

  test('another has the folder: it waits for it', slow, async () => {
    const first = await openTestStore({ keep: true });
    await reach(first.store, 'ready');
    await first.store.writeLogs([log({ body: 'of the first' })]);
    await using second = await openTestStore({ folder: first.folder });
    await reach(second.store, 'degraded');
    expect(second.store.health().reason).toContain('does not open');
    await first[Symbol.asyncDispose]();
    await reach(second.store, 'ready');
    expect((await second.store.logs({})).rows).toMatchObject([{ body: 'of the first' }]);
  });
});

describe('a disk that cannot be written', () => {
  test('the queue: rows are refused and counted, and taken again when it can', slow, async () => {
    await using opened = await openTestStore();
    const { store, folder } = opened;
    await reach(store, 'ready');
    await store.writeLogs([log({ body: 'before' })]);
    await store.flush();
    await rename(join(folder, 'queue'), join(folder, 'elsewhere'));
    await writeFile(join(folder, 'queue'), 'no folder');
    expect(await store.writeLogs([log(), log()])).toBe('refused');
    expect(await store.writeSessions([session()])).toBe('refused');
    expect(opened.dropped).toEqual([
      { table: 'otel_logs', rows: 2, reason: 'disk' },
      { table: 'moq_sessions', rows: 1, reason: 'disk' },
    ]);
    expect(store.health()).toMatchObject({
      state: 'degraded',
      reason: expect.stringContaining('rows are refused'),
      droppedRows: 3,
      queuedRows: 0,
    });
    expect((await store.logs({})).rows.length).toBe(1);
    await rm(join(folder, 'queue'));
    expect(await store.writeLogs([log({ body: 'after' })])).toBe('kept');
    expect(store.health().state).toBe('ready');
    await store.flush();
    expect((await store.logs({})).rows.map(({ body }) => body)).toEqual(['after', 'before']);
  });

  test('the tables: rows wait, it says so, and goes on by itself', slow, async () => {
    await using opened = await openTestStore();
    const { store, folder } = opened;
    await reach(store, 'ready');
    const tables = join(folder, 'tables', 'store');
    await rename(tables, `${tables}-away`);
    await writeFile(tables, 'no folder');
    expect(await store.writeSamples([sample({ sessionId: 'waits' })])).toBe('kept');
    await reach(store, 'degraded');
    expect(store.health().reason).toContain('moq_session_samples cannot be written');
    expect(store.health().queuedRows).toBe(1);
    await rm(tables);
    await rename(`${tables}-away`, tables);
    await store.flush();
    await reach(store, 'ready');
    expect((await store.samples('waits')).length).toBe(1);
  });
});

test('what was written is there after a restart, and what waited is written then', slow, async () => {
  const first = await openTestStore({ keep: true });
  await reach(first.store, 'ready');
  await first.store.writeLogs([log({ body: 'written' })]);
  await first.store.flush();
  await first[Symbol.asyncDispose]();
  expect(first.store.health()).toMatchObject({ state: 'off', reason: 'the store is closed', restarts: 0 });
  expect(await first.store.writeLogs([log()])).toBe('off');

  // Nothing is written while the engine is missing.
  const between = await openTestStore({
    keep: true,
    folder: first.folder,
    queueAge: 60_000,
    chdb: { module: 'chdb-that-nobody-installed' },
  });
  const early = between.store.writeLogs([log({ body: 'waited' })]);
  expect(await early).toBe('kept');
  await between[Symbol.asyncDispose]();
  expect((await readdir(join(first.folder, 'queue'))).length).toBe(1);

  await using last = await openTestStore({ folder: first.folder });
  await reach(last.store, 'ready');
  await last.store.flush();
  expect((await last.store.logs({ order: 'oldest' })).rows.map(({ body }) => body)).toEqual([
    'written',
    'waited',
  ]);
});
