/** A collector whose store is gone: what it is for goes on without. */
import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { client } from '@moq-observability/moq-metrics';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CollectorProcess } from './process-fixture.ts';
import { logsRequest, metricsRequest } from './report-fixture.ts';
import { scrape } from './scrape-fixture.ts';
import type { StoreHealth } from './store/store.ts';

const STREAM = { namespace: 'demo', broadcast: 'demo/clock.hang' };
const SESSION = 'store-away-1';
const RESOURCE = { 'service.name': 'moq-player', 'session.id': SESSION, 'moq.broadcast': STREAM.broadcast };

let folder: string;
let collector: CollectorProcess;
let sequence: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-store-away-'));
  collector = await CollectorProcess.start(['--data-dir', folder]);
  sequence = 0;
  await state('ready');
}, 60_000);

afterEach(async () => {
  await collector[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

async function health(): Promise<{ readonly status: string; readonly store: StoreHealth }> {
  return (await fetch(new URL('health', collector.opsUrl))).json() as ReturnType<typeof health>;
}

async function state(wanted: StoreHealth['state']): Promise<void> {
  await expect.poll(async () => (await health()).store.state, { timeout: 30_000, interval: 20 }).toBe(wanted);
}

function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(new URL(path, collector.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** A report is taken; it is on the metrics page and in the live session at once. */
async function reportIsSeen(): Promise<void> {
  sequence += 1;
  const body = metricsRequest([[client.watchedSeconds, STREAM, 1]], { resource: RESOURCE });
  const answer = await post('v1/metrics', body, { 'moq-report': `${SESSION}/${sequence}` });
  expect([answer.status, await answer.json()]).toEqual([200, {}]);
  expect((await scrape(collector)).value(client.watchedSeconds, STREAM)).toBe(sequence);
  const page = await fetch(new URL(`api/sessions/${SESSION}`, collector.opsUrl));
  expect(await page.json()).toMatchObject({ session: { watchedSeconds: sequence, reports: sequence } });
}

/** The numbers of the samples that the store itself has. */
async function stored(): Promise<readonly number[]> {
  const page = await fetch(new URL(`api/sessions/${SESSION}?limit=10000`, collector.opsUrl));
  const { samples, incomplete } = (await page.json()) as {
    readonly samples: readonly { readonly sequence: number }[];
    readonly incomplete?: string;
  };
  expect(incomplete).toBeUndefined();
  return samples.map((sample) => sample.sequence);
}

async function killDatabase(): Promise<void> {
  const { stdout } = await promisify(execFile)('ps', ['-e', '-o', 'pid=,ppid=,args=']);
  const found = stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, parent, ...args]) => Number(parent) === collector.pid && args.join(' ').includes('chdb-child'));
  process.kill(Number(found![0]), 'SIGKILL');
}

test('the database is killed: counting and live sessions go on, and it comes back with every row', async () => {
  await reportIsSeen();
  await killDatabase();
  await state('degraded');
  for (let i = 0; i < 5; i++) await reportIsSeen();
  await state('ready');
  expect(await health()).toMatchObject({ status: 'ok', store: { droppedRows: 0, restarts: 1 } });
  await reportIsSeen();
  await expect
    .poll(async () => (await health()).store.queuedRows, { timeout: 30_000, interval: 100 })
    .toBe(0);
  expect(await stored()).toEqual(Array.from({ length: sequence }, (_, i) => i + 1));
}, 90_000);

test('its disk is full: counting and live sessions go on, what is lost is counted, and said', async () => {
  await reportIsSeen();
  // As a full disk is: nothing can be added to the queue. Logs are refused, so that their sender tries again.
  const queue = join(folder, 'store', 'queue');
  await rename(queue, `${queue}-away`);
  await writeFile(queue, 'no folder');
  for (let i = 0; i < 5; i++) await reportIsSeen();
  const logs = await post('v1/logs', logsRequest([['stall.start', Date.now()]], RESOURCE));
  expect([logs.status, logs.headers.get('retry-after')]).toEqual([503, '2']);
  const { status, store } = await health();
  expect([status, store.state]).toEqual(['degraded', 'degraded']);
  expect(store.reason).toContain('rows are refused');
  expect(store.droppedRows).toBeGreaterThan(0);
  await rm(queue);
  await rename(`${queue}-away`, queue);
  await reportIsSeen();
  await state('ready');
  expect((await health()).status).toBe('ok');
  expect((await post('v1/logs', logsRequest([['stall.start', Date.now()]], RESOURCE))).status).toBe(200);
}, 90_000);
