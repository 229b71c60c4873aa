/**
 * How long dashboards take to open on a day of a whole fleet, in a real Prometheus. By default a small fleet; the size
 * that is promised is `just scale`.
 */
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { dashboards } from '../src/dashboards/index.ts';
import { type Dashboard, queriesOf } from '../src/model/dashboard.ts';
import { ask, requestsOf } from '../src/testing/ask.ts';
import { startServer } from '../src/testing/server.ts';
import { backend } from '../src/testing/tool.ts';
import { backfill, type Fleet, INTERVAL, seriesOf } from './backfill.ts';

const streams = Number(process.env['MOQ_SCALE_STREAMS'] ?? 20);
const fleet: Fleet = { streams, viewers: 50 * streams, relays: 4, collectors: 2 };
const DAY = 86_400;
/** What is only read at the resolution of a dashboard's own hour is only written for that. */
const RECENT = 2 * 3600;
/** A browser sends so many requests at once. */
const AT_ONCE = 6;
const ROUNDS = 5;

/** Milliseconds in which all queries of a dashboard must be answered. */
function budget({ uid }: Dashboard): number {
  return uid === 'moq-pipeline' ? 1000 : 2000;
}

/** Where the past is kept for the next time; nowhere when it is not said. */
const kept = process.env['MOQ_SCALE_DATA'];
const to = (kept && (await lastTime(kept))) || Math.floor(Date.now() / 1000 / INTERVAL) * INTERVAL;
const queries = dashboards.flatMap(queriesOf);
const recorded = new Set(queries.flatMap((query) => [...query.recorded]));
const metrics = new Set(queries.flatMap((query) => [...query.metrics]));
const lasting = [...recorded, ...[...metrics].filter(({ owner }) => owner !== 'player')];
const recent = [...metrics].filter(({ owner }) => owner === 'player');

const promtool = await backend('promtool');
await using prometheus = await startServer(
  'prometheus',
  'global: {}\n',
  ['--storage.tsdb.retention.time=30d'],
  async (folder) => {
    const data = kept ?? join(folder, 'data');
    if (kept) await symlink(kept, join(folder, 'data'));
    if (await lastTime(data)) return;
    await mkdir(data, { recursive: true });
    const started = performance.now();
    const long = lasting.flatMap((source) => seriesOf(source, fleet));
    const short = recent.flatMap((source) => seriesOf(source, fleet));
    const samples =
      (await backfill(promtool, data, long, to - DAY, to)) +
      (await backfill(promtool, data, short, to - RECENT, to));
    console.log(
      `${fleet.streams} streams, ${fleet.viewers} viewers: ${long.length} series of a day, ${short.length} of two hours, ${(samples / 1e6).toFixed(1)} million samples in ${((performance.now() - started) / 1000).toFixed(0)} s`,
    );
  },
);

let failed = false;
for (const dashboard of dashboards) {
  for (const [what, length] of [
    ['24 h', DAY],
    ['as it opens', seconds(dashboard.range)],
  ] as const) {
    const times: number[] = [];
    let slowest = { panel: '', time: 0 };
    let count = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const requests = requestsOf(dashboard, {
        from: to - length,
        to: to - INTERVAL,
        scrapeInterval: INTERVAL,
        broadcast: 'live0/stream0',
      });
      count = requests.length;
      const waiting = [...requests];
      const started = performance.now();
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let request = waiting.shift(); request; request = waiting.shift()) {
            const began = performance.now();
            await ask(prometheus.url, request);
            const time = performance.now() - began;
            if (round > 0 && time > slowest.time) slowest = { panel: request.panel, time };
          }
        }),
      );
      times.push(performance.now() - started);
    }
    const median = times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
    const over = median > budget(dashboard);
    failed ||= over;
    console.log(
      `${dashboard.title.padEnd(14)} ${what.padEnd(12)} ${String(count).padStart(3)} queries: ${times[0]!.toFixed(0)} ms at first, then ${median.toFixed(0)} ms (may take ${budget(dashboard)})${over ? ' TOO LONG' : ''}; slowest ${slowest.panel} ${slowest.time.toFixed(0)} ms`,
    );
  }
}
if (failed) process.exitCode = 1;

function seconds(range: Dashboard['range']): number {
  return Number.parseFloat(range) * { m: 60, h: 3600, d: DAY }[range.slice(-1) as 'd' | 'h' | 'm'];
}

/** When the blocks of a folder end, in Unix seconds; 0 without blocks. */
async function lastTime(data: string): Promise<number> {
  const entries = await readdir(data).catch(() => []);
  const ends = entries
    .filter((name) => /^[0-9A-Z]{26}$/.test(name))
    .map(async (name) => {
      const meta = JSON.parse(await readFile(join(data, name, 'meta.json'), 'utf8')) as { maxTime: number };
      return Math.floor(meta.maxTime / 1000 / INTERVAL) * INTERVAL;
    });
  return Math.max(0, ...(await Promise.all(ends)));
}
