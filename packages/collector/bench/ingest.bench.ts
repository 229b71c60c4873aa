/** What it costs to take reports in: the load in another process, the store on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ask, end, print, send, startSender, startSubject } from './processes.ts';
import { reportBody } from './report-body.ts';
import type { SenderPlan } from './sender.ts';

/** What the collector has to take on one core, in reports per second, and within how many milliseconds. */
const GOAL = { rate: 5_000, p99: 50, hold: 50, bytesPerSession: 4_096 } as const;

const quick = process.argv.includes('--quick');
const SECONDS = quick ? 4 : 20;
const FLEETS = quick ? [1_000, 10_000] : [1_000, 10_000, 50_000, 100_000];

const body = reportBody('demo/stream-0.hang');
console.log(`a report: ${body.length} bytes, ${gzipSync(body).length} with gzip\n`);

await table('at 5,000 reports/s, store on', FLEETS, { rate: GOAL.rate, gzip: false, store: true });
await table('the same with gzip', FLEETS.slice(-2, -1), { rate: GOAL.rate, gzip: true, store: true });
await table('as many as it takes, store on', FLEETS.slice(0, 1), { rate: 0, gzip: false, store: true });
await table('as many as it takes, store off', FLEETS.slice(0, 1), { rate: 0, gzip: false, store: false });

interface Round {
  readonly rate: number;
  readonly gzip: boolean;
  readonly store: boolean;
}

async function table(title: string, fleets: readonly number[], round: Round): Promise<void> {
  console.log(`${title}\n`);
  const columns = [
    'sessions',
    'reports/s',
    'µs CPU/report',
    'p50 ms',
    'p99 ms',
    'max ms',
    'longest hold ms',
    'B/session',
  ];
  print(columns);
  for (const sessions of fleets) await measure(sessions, round);
  console.log();
}

async function measure(sessions: number, { rate, gzip, store }: Round): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'moq-bench-'));
  const subject = startSubject(store ? folder : undefined);
  const sender = startSender();
  try {
    const empty = await ask(subject, 'measure');
    const plan: SenderPlan = {
      port: Number(new URL(empty.otlp).port),
      sessions,
      rate,
      reports: sessions,
      connections: 100,
      broadcasts: 20,
      gzip,
    };
    // Every session is there, and everything is warm, before it counts.
    await send(sender, { ...plan, rate: Math.min(rate || Number.POSITIVE_INFINITY, 5_000) });
    await send(sender, { ...plan, rate: Math.min(rate || Number.POSITIVE_INFINITY, 5_000), reports: 10_000 });
    await ask(subject, 'reset');
    const reports = (rate || 8_000) * SECONDS;
    const { seconds, acknowledged, refused, p50, p99, max } = await send(sender, { ...plan, reports });
    const state = await ask(subject, 'measure');
    const grown = state.heap + state.external - empty.heap - empty.external;
    print([
      sessions.toLocaleString('en'),
      Math.round(acknowledged / seconds).toLocaleString('en'),
      (state.cpu / acknowledged).toFixed(0),
      p50.toFixed(1),
      p99.toFixed(1),
      max.toFixed(0),
      state.longestHold.toFixed(0),
      Math.round(grown / sessions).toLocaleString('en'),
    ]);
    if (refused > 0) console.log(`${refused} reports were refused`);
    if (rate === GOAL.rate) judge(acknowledged / seconds, p99, state.longestHold, sessions, grown / sessions);
  } finally {
    await end(subject);
    sender.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

function judge(rate: number, p99: number, hold: number, sessions: number, bytes: number): void {
  const misses = [
    ...(rate < GOAL.rate * 0.98 ? [`fewer than ${GOAL.rate} reports/s`] : []),
    ...(p99 >= GOAL.p99 ? [`p99 is not under ${GOAL.p99} ms`] : []),
    ...(hold > GOAL.hold ? [`the event loop was held for more than ${GOAL.hold} ms`] : []),
    // A handful of sessions has to pay for everything that is there once.
    ...(sessions >= 10_000 && bytes > GOAL.bytesPerSession
      ? [`more than ${GOAL.bytesPerSession} bytes a session`]
      : []),
  ];
  if (misses.length > 0) console.log(`  missed: ${misses.join('; ')}`);
}
