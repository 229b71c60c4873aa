import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { audience, client, type Metric } from '@moq-observability/moq-metrics';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { CollectorProcess } from './collector-process.ts';
import { expectedSeries, readSeries, seriesKey } from './expected-series.ts';
import { type PlayersOptions, type PlayersReport, simulatePlayers } from './players.ts';

/** How large the tests are; larger with `just soak`. */
const SIZE =
  process.env['MOQ_TEST_FULL'] === 'yes'
    ? { count: 2_000, seconds: 60, interval: 5_000, kills: 10, connections: 200 }
    : { count: 120, seconds: 6, interval: 400, kills: 3, connections: 32 };

const LIMIT = 60_000 + SIZE.seconds * 5_000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-players-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function play(collector: URL, options: Partial<PlayersOptions> = {}): Promise<PlayersReport> {
  return simulatePlayers({
    collector,
    count: SIZE.count,
    broadcasts: ['demo/clock.hang', 'demo/other.hang', 'solo'],
    interval: SIZE.interval,
    connections: SIZE.connections,
    duplicates: 0.1,
    lostAnswers: 0.05,
    reloads: 0.05,
    skew: 30_000,
    events: false,
    patience: 60_000,
    seed: 7,
    signal: AbortSignal.timeout(SIZE.seconds * 1_000),
    ...options,
  });
}

/** The series that differ from what the players counted, with both values. */
function differences(report: PlayersReport, series: ReadonlyMap<string, number>): unknown[] {
  const expected = expectedSeries(report.totals);
  expect(expected.size).toBeGreaterThan(100);
  const wrong = [...expected].filter(([key, value]) => series.get(key) !== value);
  const extra = [...series].filter(
    ([key, value]) =>
      key.startsWith('moq_client_') &&
      !key.startsWith(client.activeSessions.name) &&
      !expected.has(key) &&
      value !== 0,
  );
  return [...wrong.map(([key, value]) => [key, value, series.get(key)]), ...extra];
}

/** What is told by stream, and the same by audience. */
const AUDIENCE: readonly (readonly [stream: Metric, derived: Metric])[] = [
  [client.playAttempts, audience.playAttempts],
  [client.watchedSeconds, audience.watchedSeconds],
  [client.stalledSeconds, audience.stalledSeconds],
  [client.startupTime, audience.startupTime],
  [client.latency, audience.latency],
];

/** Sums over the audience that differ from the sums over the streams. */
function audienceDifferences(series: ReadonlyMap<string, number>): unknown[] {
  const sum = (name: string): number =>
    [...series].filter(([key]) => key.startsWith(`${name}{`)).reduce((total, [, value]) => total + value, 0);
  return AUDIENCE.flatMap(([stream, derived]) => {
    const members = stream.kind === 'histogram' ? ['_count', '_sum'] : [''];
    return members.map((member) => [
      derived.name + member,
      sum(stream.name + member),
      sum(derived.name + member),
    ]);
  }).filter(([, streams, derived]) => streams !== derived || streams === 0);
}

test(
  'every series is what the players counted: duplicates, lost answers, reloads, skewed clocks',
  async ({ annotate }) => {
    await using collector = new CollectorProcess(['--store', 'off', '--log-level', 'info']);
    await collector.start();
    const report = await play(collector.address.otlp);
    expect(report.undelivered).toBe(0);
    for (const count of [report.duplicates, report.lostAnswers, report.reloads]) {
      expect(count).toBeGreaterThan(0);
    }
    const series = readSeries(await collector.text('metrics'));
    expect(differences(report, series)).toEqual([]);
    expect(audienceDifferences(series)).toEqual([]);
    await annotate(summary(report, series.size));
  },
  LIMIT,
);

test(
  'the same with the collector killed and restarted: on its page, in Prometheus, and in the store',
  async ({ annotate }) => {
    await using collector = new CollectorProcess(['--data-dir', join(folder, 'collector')]);
    await collector.start();
    await using prometheus = await startPrometheus(collector.address.ops.host);
    const running = play(collector.address.otlp, { events: true });
    for (let kill = 0; kill < SIZE.kills; kill++) {
      await pause((SIZE.seconds * 1_000) / (SIZE.kills + 1) + 37 * kill);
      await collector.kill();
      await collector.start();
    }
    const report = await running;
    expect(report.undelivered).toBe(0);
    expect(report.retries).toBeGreaterThan(0);
    const series = readSeries(await collector.text('metrics'));
    expect(differences(report, series)).toEqual([]);
    expect(audienceDifferences(series)).toEqual([]);

    const scraped = await prometheus.series(report);
    expect(differences(report, scraped.last)).toEqual([]);
    expect(scraped.resets).toEqual([]);

    await expect
      .poll(async () => stored(collector), { timeout: 30_000, interval: 500 })
      .toEqual(sessionTotals(report));
    await annotate(summary(report, series.size));
  },
  LIMIT,
);

/** How much was held against what the players counted. */
function summary(report: PlayersReport, series: number): string {
  const { delivered, sessions, duplicates, lostAnswers, reloads, retries } = report;
  return (
    `${delivered} reports of ${sessions} sessions: ${duplicates} sent twice, ${lostAnswers} with a lost answer, ` +
    `${retries} tried again, ${reloads} reloads; ${series} series`
  );
}

/** What all sessions come to, and by how much the samples in the store differ from what some of them say. */
async function stored(collector: CollectorProcess): Promise<Record<string, number>> {
  const all: SessionTotals[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const page = await collector.text(`api/sessions?limit=1000&cursor=${cursor}`);
    const { sessions, cursor: next } = JSON.parse(page) as {
      readonly sessions: readonly SessionTotals[];
      readonly cursor?: string;
    };
    all.push(...sessions);
    cursor = next;
  }
  const totals = { sessions: all.length, watched: 0, stalls: 0, unsampledWatched: 0, unsampledStalls: 0 };
  for (const { watchedSeconds, stalls } of all) {
    totals.watched += watchedSeconds;
    totals.stalls += stalls;
  }
  for (const { sessionId, watchedSeconds, stalls } of all.slice(0, SAMPLED)) {
    const page = await collector.text(`api/sessions/${sessionId}?limit=10000`);
    const { samples } = JSON.parse(page) as { readonly samples: readonly SessionTotals[] };
    totals.unsampledWatched +=
      watchedSeconds - samples.reduce((sum, sample) => sum + sample.watchedSeconds, 0);
    totals.unsampledStalls += stalls - samples.reduce((sum, sample) => sum + sample.stalls, 0);
  }
  return totals;
}

/** Sessions whose samples are looked at one by one. */
const SAMPLED = 300;

interface SessionTotals {
  readonly sessionId: string;
  readonly watchedSeconds: number;
  readonly stalls: number;
}

function sessionTotals({ totals, sessions }: PlayersReport): Record<string, number> {
  const sum = ({ name }: Metric): number =>
    totals.filter(({ metric }) => metric === name).reduce((total, { value }) => total + value, 0);
  return {
    sessions,
    watched: sum(client.watchedSeconds),
    stalls: sum(client.rebufferCount),
    unsampledWatched: 0,
    unsampledStalls: 0,
  };
}

interface Scraped {
  readonly last: ReadonlyMap<string, number>;
  readonly resets: readonly string[];
}

/** A real Prometheus that scrapes the collector. */
async function startPrometheus(
  target: string,
): Promise<AsyncDisposable & { series: (report: PlayersReport) => Promise<Scraped> }> {
  const dev = fileURLToPath(new URL('../../../dev/src/main.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [dev, 'backend', 'prometheus']);
  const config = {
    global: { scrape_interval: '200ms', scrape_timeout: '200ms' },
    scrape_configs: [{ job_name: 'moq-collector', static_configs: [{ targets: [target] }] }],
  };
  // JSON is YAML.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  const child = spawn(
    stdout.trim(),
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const query = async (promql: string): Promise<readonly PrometheusResult[]> => {
    const url = new URL(`http://127.0.0.1:${port}/api/v1/query`);
    url.searchParams.set('query', promql);
    const answer = (await (await fetch(url)).json()) as { data: { result: PrometheusResult[] } };
    return answer.data.result;
  };
  await expect
    .poll(
      () =>
        query('1').then(
          () => true,
          () => false,
        ),
      { timeout: 20_000 },
    )
    .toBe(true);
  return {
    async series(report) {
      // The last scrape has to be after the last report.
      await pause(1_000);
      const last = await query('{__name__=~"moq_client_.*"}');
      const names = expectedNames(report);
      const resets = await Promise.all(names.map((name) => query(`resets(${name}[2h]) > 0`)));
      return {
        last: new Map(last.map(({ metric, value }) => [keyOf(metric), Number(value[1])])),
        resets: resets.flatMap((found, i) => found.map(({ metric }) => `${names[i]}${keyOf(metric)}`)),
      };
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** The names of the series that only grow, those of the audience among them. */
function expectedNames({ totals }: PlayersReport): readonly string[] {
  const names = [...expectedSeries(totals).keys()].map((key) => key.slice(0, key.indexOf('{')));
  const derived = AUDIENCE.map(([, { name, kind }]) => (kind === 'histogram' ? `${name}_bucket` : name));
  return [...new Set([...names, ...derived])];
}

interface PrometheusResult {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

function keyOf({ __name__: name = '', ...rest }: Readonly<Record<string, string>>): string {
  const labels = Object.entries(rest).filter(([label]) => label !== 'job' && label !== 'instance');
  return seriesKey(name, Object.fromEntries(labels));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
