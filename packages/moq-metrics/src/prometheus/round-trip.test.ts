import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bounded, client, counter, type CounterMetric, isLabelValue, schema } from '../index.ts';
import { parseExposition } from '../exposition.ts';
import { createPrometheusMetrics, type PrometheusMetrics } from '../prometheus.ts';
import { exampleQuery } from '../registry/reference.ts';

const heard: CounterMetric<{ first: string; second: string }> = counter({
  name: 'moq_relay_heard_total',
  unit: '{thing}',
  description: 'What was heard: "all" of it, \\n included',
  labels: { first: bounded(10_000), second: bounded(10_000) },
});

/** What breaks formats and merges keys. */
const characters = '"\\\n\r\t\0,:{}=# ab\u2028\u0085\uffff\ufeff\udc00\ud800';
const dangers = [...characters, '😀', '\\n', '",b:', '","', '"} 1\n', '# EOF\n', '__other__'];
const nasty = fc.array(fc.constantFrom(...dangers), { maxLength: 12 });
const hostile = fc.oneof(
  nasty.map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    maxLength: 20,
  }),
  fc.constantFrom('', 'x'.repeat(256), 'x'.repeat(257), 'x'.repeat(1_000_000)),
);
const pairs = fc.array(fc.tuple(hostile, hostile), { minLength: 1, maxLength: 60 });

/** Counts each pair so often that its count tells it from the others, and what has to come of it. */
function count(
  metrics: PrometheusMetrics,
  values: readonly (readonly [string, string])[],
): Map<string, number> {
  const expected = new Map<string, number>();
  values.forEach(([first, second], i) => {
    metrics
      .counter(heard)
      .series({ first, second })
      .add(i + 1);
    const key = JSON.stringify([first, second].map((value) => (isLabelValue(value) ? value : '__other__')));
    expected.set(key, (expected.get(key) ?? 0) + i + 1);
  });
  return expected;
}

describe('values that are hostile never merge series and never break the exposition', () => {
  test.each(['text/plain', 'application/openmetrics-text'])('read back from %s', async (accept) => {
    await fc.assert(
      fc.asyncProperty(pairs, async (values) => {
        const metrics = createPrometheusMetrics();
        const expected = count(metrics, values);
        const { families, errors } = parseExposition(await (await metrics.render(accept)).text());
        expect(errors).toEqual([]);
        const family = families.get(heard.name)!;
        expect(family.help).toBe(heard.description);
        const samples = family.samples.map(
          ({ labels, value }) => [JSON.stringify([...labels.values()]), value] as const,
        );
        expect(samples).toHaveLength(expected.size);
        expect(new Map(samples)).toEqual(expected);
      }),
    );
  });
});

describe('read back from a Prometheus that scraped them', () => {
  let directory: string;
  let api: string;
  let metrics = createPrometheusMetrics();
  let scrapes = { text: 0, openmetrics: 0 };
  const stop: (() => void | Promise<void>)[] = [];

  const target = createServer(async (request, response) => {
    const format = request.url === '/text' ? 'text' : 'openmetrics';
    const { contentType, body } = await metrics.render(
      format === 'text' ? undefined : request.headers.accept,
    );
    await pipeline(body, response.setHeader('content-type', contentType));
    scrapes[format] += 1;
  });

  beforeAll(async () => {
    const dev = fileURLToPath(new URL('../../../../apps/dev/src/main.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [dev, 'backend', 'prometheus']);
    directory = await mkdtemp(join(tmpdir(), 'moq-metrics-'));
    stop.push(() => rm(directory, { recursive: true, force: true }));
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    stop.push(() => {
      target.closeAllConnections();
      target.close();
    });
    const { port } = target.address() as AddressInfo;
    const jobs = ['text', 'openmetrics'].map((name) => ({
      job_name: name,
      metrics_path: `/${name}`,
      scrape_interval: '200ms',
      scrape_timeout: '200ms',
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    }));
    const config = join(directory, 'prometheus.json');
    await writeFile(config, JSON.stringify({ scrape_configs: jobs }));
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port: apiPort } = probe.address() as AddressInfo;
    probe.close();
    const prometheus = spawn(
      stdout.trim(),
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        `--web.listen-address=127.0.0.1:${apiPort}`,
        '--enable-feature=exemplar-storage',
      ],
      { stdio: 'ignore' },
    );
    stop.push(async () => {
      prometheus.kill();
      await once(prometheus, 'exit');
    });
    api = `http://127.0.0.1:${apiPort}/api/v1`;
    await scraped();
  }, 30_000);

  afterAll(async () => {
    for (const one of stop.toReversed()) await one();
  });

  /** Waits until both formats were scraped as they are now. */
  async function scraped(): Promise<void> {
    const before = { ...scrapes };
    while (scrapes.text < before.text + 2 || scrapes.openmetrics < before.openmetrics + 2) await sleep(20);
  }

  async function get(path: string): Promise<unknown> {
    const { data } = (await (await fetch(`${api}/${path}`)).json()) as { data: unknown };
    return data;
  }

  test('all of them, in both formats', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(hostile, hostile), { minLength: 150, maxLength: 300 }),
        async (values) => {
          metrics = createPrometheusMetrics();
          const expected = count(metrics, values);
          await scraped();
          const { activeTargets } = (await get('targets')) as {
            activeTargets: { health: string; lastError: string }[];
          };
          expect(activeTargets.map(({ health, lastError }) => [health, lastError])).toEqual([
            ['up', ''],
            ['up', ''],
          ]);
          const query = encodeURIComponent(`sum by (job, first, second) (${heard.name})`);
          const { result } = (await get(`query?query=${query}`)) as {
            result: { metric: { job: string; first: string; second: string }; value: [number, string] }[];
          };
          for (const job of ['text', 'openmetrics']) {
            const series = result.filter(({ metric }) => metric.job === job);
            expect(series).toHaveLength(expected.size);
            const found = series.map(({ metric, value }) => [
              JSON.stringify([metric.first, metric.second]),
              Number(value[1]),
            ]);
            expect(new Map(found as [string, number][])).toEqual(expected);
          }
        },
      ),
      { numRuns: 4, endOnFailure: true },
    );
  });

  test('exemplars arrive', async () => {
    metrics = createPrometheusMetrics();
    const labels = { namespace: 'a', broadcast: 'a/b' };
    const since = Date.now();
    metrics
      .histogram(client.latency)
      .series(labels)
      .observe(0.42, { trace_id: '0af7651916cd43dd8448eb211c80319c' });
    metrics.counter(client.rebufferCount).series(labels).add(1, { trace_id: 'b7ad6b7169203331' });
    await scraped();
    const exemplars = async (query: string): Promise<unknown> =>
      get(
        `query_exemplars?query=${encodeURIComponent(query)}&start=${since / 1000 - 5}&end=${Date.now() / 1000 + 5}`,
      );
    expect(await exemplars(`${client.latency.name}_bucket`)).toMatchObject([
      {
        seriesLabels: { job: 'openmetrics', broadcast: 'a/b', le: '0.5' },
        exemplars: [{ labels: { trace_id: '0af7651916cd43dd8448eb211c80319c' }, value: '0.42' }],
      },
    ]);
    expect(await exemplars(client.rebufferCount.name)).toMatchObject([
      { exemplars: [{ labels: { trace_id: 'b7ad6b7169203331' }, value: '1' }] },
    ]);
  });

  test('the examples of the reference are queries it understands', async () => {
    for (const metric of schema().flatMap((group) => [...group.metrics.values()])) {
      const response = await fetch(`${api}/query?query=${encodeURIComponent(exampleQuery(metric))}`);
      expect(await response.json(), exampleQuery(metric)).toMatchObject({ status: 'success' });
    }
  });
});
