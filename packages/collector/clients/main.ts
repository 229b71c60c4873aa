/**
 * Clients in other languages, as they come, against a collector: `just clients`. Needs Python 3 with `venv`, Go, and
 * the package registries of both.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { audience, client, collector as own, events, otelName, spans } from '@moq-observability/moq-metrics';
import { exposedValue, parseExposition } from '@moq-observability/moq-metrics/exposition';
import { type Collector, createCollector } from '../src/collector.ts';

const run = promisify(execFile);

/** A client: a program that reports what its argument says, and prints the trace of its span. */
interface Client {
  readonly language: string;
  /** Fetches and builds what it needs, in a folder that is there for that; resolves to how it is started. */
  readonly prepare: (
    folder: string,
  ) => Promise<{ readonly command: string; readonly args: readonly string[] }>;
}

const CLIENTS: readonly Client[] = [
  {
    language: 'Python',
    prepare: async (folder) => {
      await run('python3', ['-m', 'venv', folder]);
      const requirements = path('python/requirements.txt');
      await run(join(folder, 'bin', 'pip'), ['install', '--quiet', '--requirement', requirements]);
      return { command: join(folder, 'bin', 'python'), args: [path('python/report.py')] };
    },
  },
  {
    language: 'Go',
    prepare: async (folder) => {
      await run('go', ['build', '-o', join(folder, 'report'), '.'], { cwd: path('go') });
      return { command: join(folder, 'report'), args: [] };
    },
  },
];

const STREAM = { namespace: 'demo', broadcast: 'demo/sdk' };
const WORK = {
  counter: otelName(client.watchedSeconds),
  histogram: otelName(client.latency),
  bounds: client.latency.buckets,
  labels: STREAM,
  counts: [1.5, 1.5],
  values: [0.125, 0.25, 40],
  span: spans.playbackStartup.name,
  event: events.playbackStarted.name,
  body: 'it plays',
};

for (const { language, prepare } of CLIENTS) {
  const folder = await mkdtemp(join(tmpdir(), 'moq-client-'));
  try {
    const { command, args } = await prepare(folder);
    for (const compression of ['none', 'gzip']) {
      await using collector = await createCollector({ port: 0, opsPort: 0 });
      const session = randomUUID();
      const { stdout } = await run(command, [...args, JSON.stringify(WORK)], {
        env: { ...process.env, ...environment(collector, session, compression) },
      });
      await checkMetrics(collector);
      await checkSession(collector, session, stdout.trim());
      console.log(`${language}, ${compression}: metrics, traces and logs arrive as they were reported`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function environment({ url }: Collector, session: string, compression: string): Record<string, string> {
  const resource = {
    'session.id': session,
    'moq.broadcast': STREAM.broadcast,
    'network.transport.name': 'webtransport',
  };
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: url.href,
    OTEL_EXPORTER_OTLP_COMPRESSION: compression,
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
    OTEL_SERVICE_NAME: 'some-player',
    OTEL_RESOURCE_ATTRIBUTES: Object.entries(resource)
      .map((pair) => pair.join('='))
      .join(','),
  };
}

async function checkMetrics({ opsUrl }: Collector): Promise<void> {
  const page = parseExposition(await (await fetch(new URL('metrics', opsUrl))).text());
  const latency = (member: Parameters<typeof exposedValue>[3]): number | undefined =>
    exposedValue(page, client.latency, STREAM, member);
  assert.equal(exposedValue(page, client.watchedSeconds, STREAM), 3);
  assert.deepEqual(
    [
      latency('count'),
      latency('sum'),
      latency({ le: 0.1 }),
      latency({ le: 0.15 }),
      latency({ le: Infinity }),
    ],
    [6, 80.75, 0, 2, 6],
  );
  const audienceOf = { browser: 'other', transport: 'webtransport' };
  assert.equal(exposedValue(page, audience.latency, audienceOf, 'count'), 6);
  for (const reason of own.rejectReasons) {
    assert.equal(exposedValue(page, own.pointsRejected, { reason }), 0, reason);
  }
}

async function checkSession({ opsUrl }: Collector, session: string, traceId: string): Promise<void> {
  const answer = await fetch(new URL(`api/sessions/${session}`, opsUrl));
  const page = (await answer.json()) as Record<string, Record<string, unknown> & Record<string, unknown>[]>;
  const { session: row, spans: found, events: told } = page;
  assert.deepEqual(
    [row?.['watchedSeconds'], row?.['traceId'], row?.['state'], row?.['transport']],
    [3, traceId, 'playing', 'webtransport'],
  );
  assert.deepEqual(
    found?.map(({ name, serviceName }) => [name, serviceName]),
    [[WORK.span, 'some-player']],
  );
  assert.deepEqual(
    told?.map(({ eventName, body }) => [eventName, body]),
    [[WORK.event, WORK.body]],
  );
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
