import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { client } from '@moq-observability/moq-metrics';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Collector, createCollector } from '../collector.ts';
import type { CollectorOptions } from '../config.ts';
import { metricsRequest } from '../report-fixture.ts';

let folder: string;
let collector: Collector;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-ledger-'));
});

afterEach(async () => {
  await collector.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(options: CollectorOptions = {}): Promise<void> {
  collector = await createCollector({ port: 0, opsPort: 0, dataDir: folder, store: 'off', ...options });
}

async function report(session: string, sequence: number, broadcast = 'demo/clock.hang'): Promise<void> {
  const labels = { namespace: 'demo', broadcast };
  const body = metricsRequest(
    [
      [client.watchedSeconds, labels, 1.5],
      [client.startupTime, { ...labels, transport: 'webtransport' }, [0.25, 99]],
    ],
    { resource: { 'session.id': session, 'moq.broadcast': broadcast } },
  );
  const response = await fetch(new URL('v1/metrics', collector.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'moq-report': `${session}/${sequence}` },
    body: JSON.stringify(body),
  });
  expect([response.status, await response.json()]).toEqual([200, {}]);
}

/** The lines of the metrics page that a report changes. */
async function page(): Promise<string[]> {
  const text = await (await fetch(new URL('metrics', collector.opsUrl))).text();
  return text
    .split('\n')
    .filter((line) => /^moq_(client|audience)_(watched|startup)/.test(line) && !line.endsWith(' 0'))
    .toSorted();
}

async function health(): Promise<{ status: string; journal: { state: string; reason?: string } }> {
  return (await fetch(new URL('health', collector.opsUrl))).json() as ReturnType<typeof health>;
}

async function watched(): Promise<number> {
  const line = (await page()).find((each) => each.startsWith('moq_client_watched_seconds_total{'));
  return Number(line?.split(' ').at(-1));
}

describe('after a restart', () => {
  test('counters, sessions, and which reports were seen go on', async () => {
    await open();
    for (const sequence of [1, 2, 4]) await report('session-a', sequence);
    await report('session-b', 1, 'demo/other');
    const before = await page();
    await collector.close();
    await open();
    expect(await page()).toEqual(before);
    await report('session-a', 2);
    await report('session-a', 4);
    expect(await page()).toEqual(before);
    await report('session-a', 3);
    expect(await watched()).toBe(6);
    const session = await (await fetch(new URL('api/sessions/session-a', collector.opsUrl))).json();
    expect(session).toMatchObject({
      session: { watchedSeconds: 6, reports: 4, broadcast: 'demo/clock.hang' },
    });
  });

  test('nothing is missing, however often the journal was written anew meanwhile', async () => {
    await open({ journalSegmentBytes: 1 });
    for (let round = 1; round <= 10; round++) {
      await Promise.all(Array.from({ length: 20 }, (_, i) => report(`session-${i}`, round, `demo/${i % 7}`)));
    }
    const before = await page();
    await collector.close();
    const files = await readdir(join(folder, 'journal'));
    expect(files.filter((name) => name.startsWith('checkpoint-')).length).toBe(1);
    await open();
    expect(await page()).toEqual(before);
    for (let i = 0; i < 20; i++) await report(`session-${i}`, 10, `demo/${i % 7}`);
    expect(await page()).toEqual(before);
  });
});

test('when the journal cannot be written, counting goes on, says so, and recovers', async () => {
  let sequence = 0;
  await open({ journalSegmentBytes: 1 });
  await report('session-a', 1);
  const journal = join(folder, 'journal');
  await rm(journal, { recursive: true });
  await expect
    .poll(async () => {
      await report('session-b', (sequence += 1));
      return (await health()).journal.state;
    })
    .toBe('degraded');
  expect(await health()).toMatchObject({
    status: 'degraded',
    journal: { reason: expect.stringContaining('ENOENT') },
  });
  await report('session-c', 1);
  const counted = await watched();
  expect(counted).toBe(1.5 * (2 + sequence));
  await mkdir(journal);
  await expect
    .poll(
      async () => {
        await report('session-b', (sequence += 1));
        return (await health()).journal.state;
      },
      { timeout: 10_000, interval: 100 },
    )
    .toBe('ok');
  await expect
    .poll(async () => (await readdir(journal)).some((name) => name.startsWith('checkpoint-')))
    .toBe(true);
  const all = await page();
  await collector.close();
  await open();
  expect(await page()).toEqual(all);
  expect(await watched()).toBe(1.5 * (2 + sequence));
});

test('what is never read again is not kept for ever', async () => {
  await open({ journalSegmentBytes: 20_000 });
  for (let round = 1; round <= 300; round++) await report('session-a', round);
  const sizes = await Promise.all(
    (await readdir(join(folder, 'journal'))).map(
      async (name) => (await stat(join(folder, 'journal', name))).size,
    ),
  );
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100_000);
  expect(await watched()).toBe(450);
});
