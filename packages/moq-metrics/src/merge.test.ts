import { describe, expect, test } from 'vitest';
import { bounded, client, counter, type CounterMetric, type Metric, otelName } from './index.ts';
import {
  type Addition,
  Catalogue,
  type HistogramPoint,
  type IncomingMetric,
  judge,
  MAX_ADDITION,
  merge,
  type SumPoint,
} from './merge.ts';
import { createPrometheusMetrics } from './prometheus.ts';

const catalogue = new Catalogue([
  client.rebufferCount,
  client.startupTime,
  client.playOutcomes,
  client.connections,
]);
const stream = new Map([['broadcast', 'a/b']]);

function sum(
  points: readonly SumPoint[],
  more: Partial<Extract<IncomingMetric, { kind: 'sum' }>> = {},
): IncomingMetric {
  return {
    kind: 'sum',
    name: 'moq.client.rebuffer_count',
    temporality: 'delta',
    monotonic: true,
    points,
    ...more,
  };
}

const start: HistogramPoint = {
  attributes: new Map([...stream, ['transport', 'quic']]),
  bounds: client.startupTime.buckets,
  counts: [0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  count: 3,
  sum: 20.4,
};

function histogram(point: Partial<HistogramPoint> = {}, temporality = 'delta'): IncomingMetric {
  return {
    kind: 'histogram',
    name: 'moq.client.startup_time',
    temporality,
    points: [{ ...start, ...point }],
  };
}

/** The only rejection of a metric. */
function rejection(incoming: IncomingMetric): string {
  const [outcome] = judge(incoming, catalogue);
  return outcome?.kind === 'rejected' ? `${outcome.reason}: ${outcome.message}` : 'added';
}

test('metrics are found by their OpenTelemetry and their Prometheus name', () => {
  for (const metric of [client.rebufferCount, client.startupTime] as readonly Metric[]) {
    expect(catalogue.find(metric.name)).toBe(metric);
    expect(catalogue.find(otelName(metric))).toBe(metric);
  }
  expect(catalogue.find('moq.client.nothing')).toBeUndefined();
  expect(new Catalogue([client.activeSessions]).metrics).toEqual([]);
  expect(() => new Catalogue([client.rebufferCount, client.rebufferCount])).toThrow('defined twice');
});

test('points of any number of clients add up exactly', async () => {
  const metrics = createPrometheusMetrics();
  for (let i = 0; i < 100; i++) {
    for (const incoming of [sum([{ attributes: stream, value: 2 }]), histogram()]) {
      merge(judge(incoming, catalogue) as Addition[], metrics);
    }
  }
  const body = await (await metrics.render()).text();
  expect(body).toContain(`${client.rebufferCount.name}{namespace="a",broadcast="a/b"} 200\n`);
  const labels = 'namespace="a",broadcast="a/b",transport="quic"';
  expect(body).toContain(`${client.startupTime.name}_bucket{${labels},le="0.1"} 0\n`);
  expect(body).toContain(`${client.startupTime.name}_bucket{${labels},le="0.25"} 200\n`);
  expect(body).toContain(`${client.startupTime.name}_bucket{${labels},le="15.0"} 200\n`);
  expect(body).toContain(`${client.startupTime.name}_bucket{${labels},le="+Inf"} 300\n`);
  expect(body).toContain(`${client.startupTime.name}_count{${labels}} 300\n`);
  expect(
    metrics.histogram(client.startupTime).peek({ namespace: 'a', broadcast: 'a/b', transport: 'quic' }).sum,
  ).toBeCloseTo(2040);
});

test('the namespace is taken from the broadcast, and attributes that are no labels are left out', () => {
  const attributes = new Map([...stream, ['namespace', 'somewhere else'], ['user', '17']]);
  expect(judge(sum([{ attributes, value: 1 }]), catalogue)).toEqual([
    { kind: 'counter', metric: client.rebufferCount, labels: { namespace: 'a', broadcast: 'a/b' }, value: 1 },
  ]);
});

test('an enum with room for others takes them as other', () => {
  const failures = new Catalogue([client.playbackFailures]);
  const attributes = new Map([...stream, ['error', 'cosmic ray']]);
  const incoming = sum([{ attributes, value: 1 }], { name: client.playbackFailures.name });
  expect(judge(incoming, failures)).toMatchObject([{ labels: { error: 'other' } }]);
});

describe('what does not fit is rejected with a reason', () => {
  test('unknown_metric', () => {
    const points = [
      { attributes: stream, value: 1 },
      { attributes: stream, value: 1 },
    ];
    expect(judge(sum(points, { name: 'moq.client.nothing' }), catalogue)).toMatchObject([
      { kind: 'rejected', reason: 'unknown_metric', points: 2 },
    ]);
    expect(judge(sum([], { name: 'moq.client.nothing' }), catalogue)).toEqual([]);
  });

  test('cumulative', () => {
    const point = { attributes: stream, value: 1 };
    expect(rejection(sum([point], { temporality: 'cumulative' }))).toMatch(/^cumulative/);
    expect(rejection(sum([point], { temporality: 'unspecified' }))).toMatch(/^cumulative/);
    expect(rejection(histogram({}, 'cumulative'))).toMatch(/^cumulative/);
  });

  test('bad_label', () => {
    const withBroadcast = (broadcast: unknown): IncomingMetric =>
      sum([{ attributes: new Map([['broadcast', broadcast]]), value: 1 }]);
    expect(rejection(sum([{ attributes: new Map(), value: 1 }]))).toBe(
      'bad_label: label broadcast is missing',
    );
    expect(rejection(withBroadcast(17))).toMatch(/^bad_label/);
    expect(rejection(withBroadcast(''))).toMatch(/^bad_label/);
    expect(rejection(withBroadcast('/a/b'))).toBe('bad_label: label broadcast begins or ends with a slash');
    expect(rejection(withBroadcast('x'.repeat(257)))).toMatch(/^bad_label/);
    expect(rejection(withBroadcast('a/\ud800'))).toMatch(/^bad_label/);
    expect(rejection(withBroadcast('a/\n'))).toMatch(/^bad_label/);
    expect(rejection(histogram({ attributes: stream }))).toBe('bad_label: label transport is missing');
    expect(rejection(histogram({ attributes: new Map([...stream, ['transport', 'pigeon']]) }))).toBe(
      'bad_label: label transport is none of webtransport, websocket, quic',
    );
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, MAX_ADDITION * 2])('bad_value: %d', (value) => {
    expect(rejection(sum([{ attributes: stream, value }]))).toMatch(/^bad_value/);
    expect(rejection(histogram({ sum: value }))).toMatch(/^bad_value/);
  });

  test('bad_value: another kind, a sum that shrinks, a sum that cannot be', () => {
    expect(rejection(sum([{ attributes: stream, value: 1 }], { monotonic: false }))).toMatch(/^bad_value/);
    expect(rejection(sum([{ attributes: stream, value: 1 }], { name: client.startupTime.name }))).toBe(
      'bad_value: the metric is a histogram',
    );
    expect(rejection({ kind: 'gauge', name: client.rebufferCount.name, points: [1] })).toMatch(/^bad_value/);
    expect(rejection(histogram({ sum: 15 }))).toBe('bad_value: a sum of 15 does not fit the buckets');
    expect(rejection(histogram({ counts: [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], sum: 0.9 }))).toMatch(
      /^bad_value/,
    );
    expect(rejection(histogram({ counts: [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], sum: 0.75 }))).toBe('added');
  });

  test('bad_buckets', () => {
    expect(rejection(histogram({ bounds: [1, 2] }))).toMatch(/^bad_buckets/);
    expect(rejection(histogram({ bounds: [...start.bounds.slice(0, -1), 16] }))).toMatch(/^bad_buckets/);
    expect(rejection(histogram({ counts: [3] }))).toMatch(/^bad_buckets/);
    expect(rejection(histogram({ counts: [0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1] }))).toMatch(/^bad_buckets/);
    expect(rejection(histogram({ counts: [0, 1.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.5] }))).toMatch(
      /^bad_buckets/,
    );
    expect(rejection(histogram({ count: 4 }))).toBe('bad_buckets: the buckets do not add up to the count');
    expect(rejection({ kind: 'exponential_histogram', name: client.startupTime.name, points: [1] })).toMatch(
      /^bad_buckets/,
    );
  });
});

test('a fleet past the cap keeps its sum', () => {
  const things: CounterMetric<{ thing: string }> = counter({
    name: 'moq_client_things_total',
    unit: '{thing}',
    description: 'Things',
    labels: { thing: bounded(3) },
  });
  const metrics = createPrometheusMetrics();
  const few = new Catalogue([things]);
  for (let i = 0; i < 10; i++) {
    const point = { attributes: new Map([['thing', `t${i}`]]), value: i };
    merge(judge(sum([point], { name: things.name }), few) as Addition[], metrics);
  }
  const values = [...metrics.counter(things).entries()].map(([{ thing }, { value }]) => [thing, value]);
  expect(values).toEqual([
    ['t0', 0],
    ['t1', 1],
    ['t2', 2],
    ['__other__', 42],
  ]);
});
