import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { client, type Metric } from '@moq-observability/moq-metrics';
import { Catalogue } from '@moq-observability/moq-metrics/merge';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Collector, createCollector } from '../collector.ts';
import type { CollectorOptions } from '../config.ts';
import { findFrames, parseFrame } from '../journal/frames.ts';
import { Journal } from '../journal/journal.ts';
import type { Tree } from '../receive/checked.ts';
import { metricsRequest } from '../report-fixture.ts';
import { scrape } from '../scrape-fixture.ts';
import { ActiveSessions } from '../sessions/active-sessions.ts';
import { Sessions } from '../sessions/sessions.ts';
import type { SampleRow } from '../store/store.ts';
import { createTelemetry } from '../telemetry.ts';
import { AudienceBook, audienceMetrics } from './audience.ts';
import { Fleet } from './fleet.ts';
import { Ledger } from './ledger.ts';
import { Merger } from './merger.ts';

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
  const [series] = (await scrape(collector)).samples(client.watchedSeconds);
  return series?.value ?? Number.NaN;
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
  // At one stroke, as something may be written there at any moment.
  await rename(journal, join(folder, 'elsewhere'));
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

test('a report is acknowledged when its sample is kept and its record is written, and not before', async () => {
  await open();
  const catalogue = new Catalogue([client.watchedSeconds as Metric]);
  const fleet = new Fleet([...catalogue.metrics, ...audienceMetrics]);
  const sessions = new Sessions({
    limit: 10,
    expiry: 60_000,
    active: new ActiveSessions(fleet.metrics, (broadcast) => broadcast),
  });
  const { journal } = await Journal.open(join(folder, 'own'));
  const keeping: PromiseWithResolvers<void>[] = [];
  const kept: SampleRow[] = [];
  await using ledger = new Ledger({
    journal,
    fleet,
    sessions,
    segmentBytes: 1_000_000,
    onFault: (fault) => expect.fail(String(fault)),
    keepSamples: (samples) => {
      kept.push(...samples);
      keeping.push(Promise.withResolvers<void>());
      return keeping.at(-1)!.promise;
    },
  });
  const limits = { points: 100, attributes: 100, text: 1_000 };
  const audience = new AudienceBook({ fallback: 'unknown', allowed: [] });
  const telemetry = createTelemetry(fleet.metrics);
  const merger = new Merger({ limits, catalogue, audience, sessions, fleet, ledger, telemetry });
  const take = (sequence: number): Promise<unknown> =>
    merger.take(
      {
        request: metricsRequest([[client.watchedSeconds, { broadcast: 'a/b' }, 2]]) as Tree,
        body: Buffer.alloc(0),
        format: 'application/json',
        sender: { address: '127.0.0.1', userAgent: '', region: undefined, grant: undefined },
        report: { session: 'session-a', sequence },
      },
      Date.now(),
    );
  const acknowledged: number[] = [];
  const first = take(1).then(() => acknowledged.push(1));
  await expect.poll(() => kept.map(({ sequence }) => sequence)).toEqual([1]);
  // What comes meanwhile is in the next group; a repetition of the first waits with it.
  const others = [take(2).then(() => acknowledged.push(2)), take(1).then(() => acknowledged.push(1))];
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(acknowledged).toEqual([]);
  expect(await written()).toBeUndefined();
  keeping[0]!.resolve();
  await first;
  expect(await written()).toMatchObject({ watched: 2, seen: [1] });
  await expect.poll(() => kept.map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect(acknowledged).toEqual([1]);
  keeping[1]!.resolve();
  await Promise.all(others);
  expect(await written()).toMatchObject({ watched: 4, seen: [2] });
});

/** What the journal of the test's own says of its session last. */
async function written(): Promise<unknown> {
  const bytes = await readFile(join(folder, 'own', 'segment-1.moqj')).catch(() => Buffer.alloc(0));
  const records = findFrames(bytes).payloads.map(parseFrame) as { readonly progress?: [number, unknown][] }[];
  return records.at(-1)?.progress?.[0]?.[1];
}
