/** What the store takes and how fast it answers, on the embedded database. `--logs 10000000` sets how many there are. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs, promisify } from 'node:util';
import { openStore } from '../src/store/open-store.ts';
import { type AudiencePlan, writeAudience } from './audience.ts';
import { lookups, time } from './lookups.ts';

const { values } = parseArgs({ options: { logs: { type: 'string', default: '1000000' } } });
const LOGS_PER_SESSION = 200;
const sessions = Math.max(1, Math.round(Number(values.logs) / LOGS_PER_SESSION));
const HOURS = 20;
/** Hundredths of a second of work in two seconds that are as good as nothing. */
const IDLE = 20;
const atOnce = Math.min(10_000, sessions);
const rounds = Math.ceil(sessions / atOnce);
const plan: AudiencePlan = {
  sessions,
  atOnce,
  logsPerSession: LOGS_PER_SESSION,
  samplesPerSession: 60,
  spansPerSession: 10,
  start: Date.now() - HOURS * 3_600_000,
  length: Math.floor((HOURS * 3_600_000) / rounds),
};

const folder = await mkdtemp(join(tmpdir(), 'store-bench-'));
const written = new Map<string, number>();
const store = await openStore(
  { driver: 'chdb', folder },
  {
    onWritten: (table, rows) => written.set(table, (written.get(table) ?? 0) + rows),
    onError: (error) => console.error(error.message),
  },
);
try {
  while (store.health().state === 'starting') await new Promise((resolve) => setTimeout(resolve, 20));

  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpu = process.cpuUsage();
  const started = performance.now();
  await writeAudience(plan, store);
  await store.flush();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  const rows = [...written.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `${rows.toLocaleString('en')} rows in ${seconds.toFixed(0)} s: ${count(rows / seconds)} rows/s`,
  );
  for (const [table, count] of written) console.log(`  ${table} ${count.toLocaleString('en')}`);
  console.log(
    `of it in this process, making the rows included: ${((user + system) / rows).toFixed(1)} µs a row; event loop p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, longest ${(delay.max / 1e6).toFixed(0)} ms`,
  );
  console.log(
    `on disk ${count((await diskBytes(folder)) / 1e6)} MB; the database's process ${await memory()}\n`,
  );

  console.log(
    `merged after another ${count(await merged())} s; on disk ${count((await diskBytes(folder)) / 1e6)} MB\n`,
  );
  for (const lookup of lookups(plan, store)) {
    const cold = await time(lookup, 1, plan);
    const { rows: found, median, slowest } = await time(lookup, 20, plan);
    const bound = lookup.bound === undefined ? '' : `  (bound: ${lookup.bound} ms)`;
    console.log(
      `${lookup.what.padEnd(48)} ${median.toFixed(0).padStart(6)} ms, slowest of 20 ${slowest.toFixed(0).padStart(6)}, first ${cold.median.toFixed(0).padStart(6)}: ${found} rows${bound}`,
    );
  }
} finally {
  await store.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

async function diskBytes(path: string): Promise<number> {
  const { stdout } = await promisify(execFile)('du', ['-sk', path]);
  return Number.parseInt(stdout, 10) * 1024;
}

/** What the system says of the database's process, which is the only child of this one; nothing but on Linux. */
async function proc(file: 'status' | 'stat'): Promise<string> {
  const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8').catch(() => '');
  return readFile(`/proc/${children.trim().split(' ')[0]}/${file}`, 'utf8').catch(() => '');
}

/** Waits until the database is done with what it does on its own, or five minutes; resolves to the seconds it took. */
async function merged(): Promise<number> {
  const began = performance.now();
  for (let busy = Infinity, before = 0; busy > IDLE && performance.now() - began < 300_000;) {
    const [user, system] = (await proc('stat')).split(' ').slice(13, 15);
    const ticks = Number(user) + Number(system);
    busy = ticks - before;
    before = ticks;
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  return (performance.now() - began) / 1000;
}

/** Memory the database's process takes. */
async function memory(): Promise<string> {
  const status = await proc('status');
  const [, peak] = /VmHWM:\s+(\d+)/.exec(status) ?? [];
  const [, now] = /VmRSS:\s+(\d+)/.exec(status) ?? [];
  return now ? `${count(Number(now) / 1024)} MiB, at most ${count(Number(peak) / 1024)} MiB` : 'unknown';
}
