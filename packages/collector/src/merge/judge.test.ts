import { audience, bounded, client, counter, otelName, relay, schema } from '@moq-observability/moq-metrics';
import { type Addition, Catalogue } from '@moq-observability/moq-metrics/merge';
import { describe, expect, test } from 'vitest';
import type { AttributeValue } from '../receive/attributes.ts';
import type { HistogramPoint, OtlpMetric } from '../receive/metrics.ts';
import { judgeMetric, Rejections } from './judge.ts';

const catalogue = new Catalogue(
  schema()
    .flatMap((group) => [...group.metrics.values()])
    .filter(({ owner }) => owner === 'player'),
);
const stream = { broadcast: 'demo/clock.hang' };

interface Verdict {
  readonly additions: readonly Addition[];
  readonly rejected: Rejections['reasons'];
  readonly messages: readonly string[];
}

function verdictOn(...metrics: OtlpMetric[]): Verdict {
  return verdictBy(catalogue, ...metrics);
}

function verdictBy(by: Catalogue, ...metrics: OtlpMetric[]): Verdict {
  const rejections = new Rejections();
  const judged = metrics.flatMap((metric) => judgeMetric(metric, by, rejections));
  return {
    additions: judged.map(({ addition }) => addition),
    rejected: rejections.reasons,
    messages: rejections.message === '' ? [] : rejections.message.split('; '),
  };
}

function sum(
  name: string,
  labels: Record<string, AttributeValue>,
  value = 1,
  changes: object = {},
): OtlpMetric {
  const points = [{ attributes: new Map(Object.entries(labels)), start: 0, time: 0, value }];
  return { kind: 'sum', name, temporality: 'delta', monotonic: true, points, ...changes };
}

function startup(
  changes: Partial<HistogramPoint> = {},
  temporality: 'delta' | 'cumulative' = 'delta',
): OtlpMetric {
  const { buckets } = client.startupTime;
  const point = {
    attributes: new Map(Object.entries({ ...stream, transport: 'webtransport' })),
    start: 0,
    time: 0,
    bounds: buckets,
    counts: [0, 2, ...buckets.slice(1).map(() => 0)],
    count: 2,
    sum: 0.4,
    ...changes,
  };
  return { kind: 'histogram', name: otelName(client.startupTime), temporality, points: [point] };
}

describe('takes', () => {
  test('both names of a metric, and derives the namespace from the broadcast', () => {
    const { additions, rejected } = verdictOn(
      sum(client.rebufferCount.name, stream, 2),
      sum(otelName(client.rebufferCount), { ...stream, namespace: 'made-up', stranger: 'x' }, 3),
    );
    const labels = { namespace: 'demo', broadcast: 'demo/clock.hang' };
    expect(additions).toEqual([
      { kind: 'counter', metric: client.rebufferCount, labels, value: 2 },
      { kind: 'counter', metric: client.rebufferCount, labels, value: 3 },
    ]);
    expect(rejected.size).toBe(0);
  });

  test('histograms with the buckets of the schema', () => {
    expect(verdictOn(startup()).additions).toMatchObject([{ metric: client.startupTime, sum: 0.4 }]);
  });

  test('whatever the schema says players count, without code for it', () => {
    for (const metric of catalogue.metrics.filter(({ kind }) => kind === 'counter')) {
      const labels = Object.entries(metric.labels).map(([name, label]) => [
        name,
        Array.isArray(label) ? label[0] : 'x',
      ]);
      const { additions } = verdictOn(sum(metric.name, Object.fromEntries(labels)));
      expect(additions, metric.name).toMatchObject([{ metric, value: 1 }]);
    }
  });

  test('an unknown value of an enum as other, where there is one', () => {
    const { additions } = verdictOn(sum(client.playbackFailures.name, { ...stream, error: 'gremlins' }));
    expect(additions).toMatchObject([{ labels: { error: 'other' } }]);
  });
});

describe('rejects', () => {
  const rebuffers = client.rebufferCount.name;
  const cases: [string, OtlpMetric, string][] = [
    ['a metric the schema does not have', sum('cpu', {}), 'unknown_metric'],
    ["the relay's metrics", sum(relay.bytesSent.name, stream), 'unknown_metric'],
    ['audience metrics', sum(audience.watchedSeconds.name, {}), 'unknown_metric'],
    ["the collector's own gauge of sessions", sum(client.activeSessions.name, stream), 'unknown_metric'],
    ['names of the prototype', sum('__proto__', stream), 'unknown_metric'],
    ['a missing label', sum(rebuffers, {}), 'bad_label'],
    ['a label that is no text', sum(rebuffers, { broadcast: 7 }), 'bad_label'],
    ['an empty label', sum(rebuffers, { broadcast: '' }), 'bad_label'],
    ['a long label', sum(rebuffers, { broadcast: 'x'.repeat(257) }), 'bad_label'],
    ['half a surrogate pair', sum(rebuffers, { broadcast: 'a\uD800' }), 'bad_label'],
    ['control characters', sum(rebuffers, { broadcast: 'a\u0000b' }), 'bad_label'],
    ['outer slashes', sum(rebuffers, { broadcast: '/a' }), 'bad_label'],
    ['a value out of a closed enum', sum(client.latencyUnavailable.name, { reason: 'x' }), 'bad_label'],
    ['negative values', sum(rebuffers, stream, -1), 'bad_value'],
    ['NaN', sum(rebuffers, stream, Number.NaN), 'bad_value'],
    ['infinity', sum(rebuffers, stream, Number.POSITIVE_INFINITY), 'bad_value'],
    ['values that would ruin the sum', sum(rebuffers, stream, 1e300), 'bad_value'],
    ['sums that may fall', sum(rebuffers, stream, 1, { monotonic: false }), 'bad_value'],
    ['cumulative sums', sum(rebuffers, stream, 1, { temporality: 'cumulative' }), 'cumulative'],
    ['sums of no temporality', sum(rebuffers, stream, 1, { temporality: 'unspecified' }), 'cumulative'],
    ['a histogram for a counter', { ...startup(), name: rebuffers } as OtlpMetric, 'bad_value'],
    ['a sum for a histogram', sum(otelName(client.startupTime), stream), 'bad_value'],
    ['cumulative histograms', startup({}, 'cumulative'), 'cumulative'],
    [
      'exponential histograms',
      { kind: 'exponential_histogram', name: otelName(client.startupTime), points: [1] },
      'bad_buckets',
    ],
    ['gauges', { kind: 'gauge', name: rebuffers, points: [1] }, 'bad_value'],
    ['foreign buckets', startup({ bounds: client.startupTime.buckets.map((le) => le * 2) }), 'bad_buckets'],
    ['fewer buckets', startup({ bounds: [0.1], counts: [2, 0] }), 'bad_buckets'],
    ['no buckets', startup({ bounds: [], counts: [] }), 'bad_buckets'],
    [
      'negative counts',
      startup({ counts: client.startupTime.buckets.map(() => -1).concat(13) }),
      'bad_buckets',
    ],
    ['counts that do not add up', startup({ count: 3 }), 'bad_buckets'],
    ['a missing sum', startup({ sum: Number.NaN }), 'bad_value'],
    ['a negative sum', startup({ sum: -1 }), 'bad_value'],
    ['a sum above what the buckets allow', startup({ sum: 0.51 }), 'bad_value'],
    ['a sum below what the buckets allow', startup({ sum: 0.19 }), 'bad_value'],
  ];
  test.each(cases)('%s', (_, metric, reason) => {
    const { additions, rejected, messages } = verdictOn(metric);
    expect(additions).toEqual([]);
    expect([...rejected]).toEqual([[reason, 1]]);
    expect(messages).toHaveLength(1);
  });

  test('single points, and keeps the others', () => {
    const { additions, rejected } = verdictOn(
      sum(rebuffers, stream),
      sum(rebuffers, stream, -1),
      sum('nope', {}),
    );
    expect(additions).toHaveLength(1);
    expect(Object.fromEntries(rejected)).toEqual({ bad_value: 1, unknown_metric: 1 });
  });

  test('in few and bounded words, however much comes', () => {
    const strangers = Array.from({ length: 100 }, (_, i) => sum(`"${i}\n${'x'.repeat(1000)}`, {}));
    const { rejected, messages } = verdictOn(...strangers);
    expect(rejected.get('unknown_metric')).toBe(100);
    expect(messages).toHaveLength(5);
    expect(messages.join('').length).toBeLessThan(1000);
    expect(messages.join('')).not.toContain('\n');
  });
});

test('a definition added to the schema is taken as it is', () => {
  const added = counter<{ colour: string }>({
    name: 'moq_client_added_total',
    unit: '{thing}',
    description: 'Added',
    labels: { colour: bounded(2) },
  });
  const { additions } = verdictBy(new Catalogue([added]), sum('moq.client.added', { colour: 'red' }, 4));
  expect(additions).toEqual([{ kind: 'counter', metric: added, labels: { colour: 'red' }, value: 4 }]);
});
