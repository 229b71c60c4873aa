import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { FrontServer, startServer } from './clickhouse-fixture.ts';
import { describeStore } from './conformance.ts';
import { log, sample } from './rows-fixture.ts';
import { openTestStore, reach } from './store-fixture.ts';

describeStore('a ClickHouse server', async () => {
  const server = await startServer();
  const opened = await openTestStore({ driver: 'clickhouse', clickhouse: { url: server.url } });
  return {
    store: opened.store,
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
});

describe('a server that goes away', () => {
  test('is waited for, and then has every row once', { timeout: 60_000 }, async () => {
    await using server = await FrontServer.start();
    await using opened = await openTestStore({ driver: 'clickhouse', clickhouse: { url: server.url } });
    const { store } = opened;
    await reach(store, 'ready');
    const sessionId = crypto.randomUUID();
    for (let sequence = 1; sequence <= 60; sequence += 1) {
      if (sequence === 20) await server.kill();
      if (sequence === 21) {
        // It is not noticed before it is needed.
        await vi.waitUntil(() => store.health().state === 'degraded', { timeout: 10_000 });
        expect(store.health().reason).toMatch(/ECONNREFUSED|ECONNRESET|socket hang up|closed/);
        await expect(store.logs({})).rejects.toMatchObject({ code: 'unavailable' });
      }
      if (sequence === 40) await server.restart();
      expect(await store.writeSamples([sample({ sessionId, sequence })])).toBe('kept');
      const attributes = new Map([['session.id', sessionId]]);
      expect(await store.writeLogs([log({ body: `${sequence}`, attributes })])).toBe('kept');
    }
    await reach(store, 'ready');
    await store.flush();
    const { rows } = await store.logs({ sessionId, limit: 1000 });
    expect(new Set(rows.map(({ body }) => body)).size).toBe(60);
    expect(rows.length).toBe(60);
    expect((await store.samples(sessionId)).map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    expect(store.health()).toMatchObject({ droppedRows: 0, queuedRows: 0 });
    expect(opened.errors.length).toBeGreaterThan(0);
  });

  test(
    'may have written what it could not say it has: it is not written twice',
    { timeout: 60_000 },
    async () => {
      await using server = await FrontServer.start();
      await using opened = await openTestStore({ driver: 'clickhouse', clickhouse: { url: server.url } });
      const { store } = opened;
      await reach(store, 'ready');
      server.loseAnswers(true);
      await store.writeLogs([log({ body: 'once' }), log({ body: 'and' }), log({ body: 'for all' })]);
      await vi.waitUntil(() => opened.errors.length >= 2, { timeout: 10_000 });
      expect(store.health().queuedRows).toBe(3);
      server.loseAnswers(false);
      await store.flush();
      await reach(store, 'ready');
      expect((await store.logs({})).rows.length).toBe(3);
      expect(opened.written.get('otel_logs')).toBe(3);
    },
  );

  test('was never there: rows wait in bounds, what does not fit is refused and counted', async () => {
    const nobody = createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const { port } = nobody.address() as AddressInfo;
    nobody.close();
    await using opened = await openTestStore({
      driver: 'clickhouse',
      clickhouse: { url: new URL(`http://127.0.0.1:${port}`) },
      queueBytes: 100_000,
    });
    const { store } = opened;
    await reach(store, 'degraded');
    const results = await Promise.all(
      Array.from({ length: 200 }, () => store.writeLogs([log({ body: 'x'.repeat(1000) })])),
    );
    const kept = results.filter((result) => result === 'kept').length;
    expect(kept).toBeGreaterThan(70);
    expect(results.filter((result) => result === 'refused').length).toBe(200 - kept);
    expect(store.health()).toMatchObject({ queuedRows: kept, droppedRows: 200 - kept });
    expect(store.pressure).toBeGreaterThan(0.9);
    expect(opened.dropped.every(({ table, reason }) => table === 'otel_logs' && reason === 'full')).toBe(
      true,
    );
    await expect(store.flush(AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('in a cluster that cannot be called so there is no store', async () => {
    const clickhouse = { url: new URL('http://127.0.0.1:1'), cluster: 'main; DROP' };
    await using opened = await openTestStore({ driver: 'clickhouse', clickhouse });
    expect(opened.store.health()).toMatchObject({
      state: 'off',
      reason: expect.stringContaining('main; DROP'),
    });
  });

  test('without an address there is no store', async () => {
    await using opened = await openTestStore({ driver: 'clickhouse' });
    expect(opened.store.health()).toMatchObject({ driver: 'off', state: 'off' });
    expect(await opened.store.writeLogs([log()])).toBe('off');
    await expect(opened.store.sessions({})).rejects.toMatchObject({ code: 'off' });
  });
});
