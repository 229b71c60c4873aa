import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import {
  bounded,
  broadcast,
  counter,
  type CounterMetric,
  histogram,
  type HistogramMetric,
  relay,
} from '../src/index.ts';
import { createPrometheusMetrics } from '../src/prometheus.ts';
import { heapUsed, nanoseconds, print } from './measure.ts';

const described = { unit: '{thing}', description: 'Things' };
const plain: CounterMetric<{ broadcast: string }> = counter({
  name: 'plain_total',
  ...described,
  labels: { broadcast },
});
const OPENMETRICS = 'application/openmetrics-text';

/**
 * How long the event loop is held at a time while something runs, in milliseconds: the longest hold of a run, and of
 * several runs the best, as whatever else the machine does can only make it longer.
 */
async function longestHold(run: () => Promise<unknown>): Promise<{ hold: number; total: number }> {
  const best = { hold: Number.POSITIVE_INFINITY, total: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 10; round++) {
    const { hold, total } = await watchLoop(run);
    best.hold = Math.min(best.hold, hold);
    best.total = Math.min(best.total, total);
  }
  return best;
}

async function watchLoop(run: () => Promise<unknown>): Promise<{ hold: number; total: number }> {
  let hold = 0;
  let last = performance.now();
  const state = { running: true };
  const tick = (): void => {
    const now = performance.now();
    hold = Math.max(hold, now - last);
    last = now;
    if (state.running) setImmediate(tick);
  };
  setImmediate(tick);
  const start = performance.now();
  await run();
  const total = performance.now() - start;
  state.running = false;
  return { hold: Math.max(hold, performance.now() - last), total };
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;

{
  const metrics = createPrometheusMetrics({ overflow: relay.seriesOverflow });
  const family = metrics.counter(plain);
  const flood = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      using series = family.series({ broadcast: `live/${i}` });
      series.add(1);
    }
  };
  flood(0, 10_000);
  const before = heapUsed();
  flood(10_000, 110_000);
  const growth = heapUsed() - before;
  const sum = [...family.entries()].reduce((total, [, { value }]) => total + value, 0);
  const overflow = metrics.counter(relay.seriesOverflow).peek({ metric: plain.name }).value;
  print('110,000 broadcasts for 200 slots', [
    { what: 'series', measured: `${family.size}`, bound: '201' },
    { what: 'sum over all series', measured: `${sum}`, bound: '110000' },
    { what: 'handles folded', measured: `${overflow}`, bound: '109800' },
    { what: 'heap growth over the last 100,000', measured: `${growth} B`, bound: 'about 0' },
    {
      what: 'opening, adding and closing: a known value',
      measured: `${nanoseconds(100_000, (n) => {
        for (let i = 0; i < n; i++) {
          using series = family.series({ broadcast: 'live/7' });
          series.add(1);
        }
      }).toFixed(0)} ns`,
    },
    {
      what: 'opening, adding and closing: one without a slot',
      measured: `${nanoseconds(20_000, (n) => {
        for (let i = 0; i < n; i++) {
          using series = family.series({ broadcast: `none/${i}` });
          series.add(1);
        }
      }).toFixed(0)} ns`,
    },
  ]);
}

{
  const many = bounded(50_000);
  const counts: CounterMetric<{ broadcast: string; track_type: string }> = counter({
    name: 'many_total',
    ...described,
    labels: { broadcast: many, track_type: bounded(4) },
  });
  const times: HistogramMetric<{ broadcast: string }> = histogram({
    name: 'many_seconds',
    ...described,
    labels: { broadcast: many },
    buckets: [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2, 3, 5, 10],
  });
  const metrics = createPrometheusMetrics();
  // 15,000 counters, and 1,875 histograms of 16 lines: 45,000 series in Prometheus.
  for (let i = 0; i < 15_000; i++) {
    metrics
      .counter(counts)
      .series({ broadcast: `live/${i}`, track_type: 'video' })
      .add(i * 1000.5);
  }
  for (let i = 0; i < 1_875; i++) {
    const series = metrics.histogram(times).series({ broadcast: `live/${i}` });
    for (let n = 0; n < 20; n++) series.observe(n / 4, { trace_id: `0123456789abcdef0123456789abcdef` });
  }
  const text = await longestHold(async () => (await metrics.render()).text());
  const openmetrics = await longestHold(async () => (await metrics.render(OPENMETRICS)).text());

  const server = createServer(async (_, response) => pipeline((await metrics.render()).body, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let size = 0;
  const served = await longestHold(async () => {
    size = 0;
    for await (const bytes of (await fetch(`http://127.0.0.1:${port}`)).body!) size += bytes.length;
  });
  server.close();
  const lines = (await (await metrics.render()).text())
    .split('\n')
    .filter((line) => line && !line.startsWith('#')).length;
  print(
    `Rendering ${lines} series, ${(size / 1e6).toFixed(1)} MB: how long the event loop is held at a time`,
    [
      { what: 'text', measured: ms(text.hold), bound: '25 ms' },
      { what: 'text, all in all', measured: ms(text.total) },
      { what: 'OpenMetrics with exemplars', measured: ms(openmetrics.hold), bound: '25 ms' },
      { what: 'OpenMetrics with exemplars, all in all', measured: ms(openmetrics.total) },
      { what: 'text over HTTP, reader in the same process', measured: ms(served.hold), bound: '25 ms' },
    ],
  );
}
