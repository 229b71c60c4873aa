import { client, relay } from '@moq-observability/moq-metrics';
import { expect, test } from 'vitest';
import { grows, holds, moves, observes } from './series.ts';

test('gauges hold values, and are gone for a while', () => {
  expect(holds(relay.activeStreams, { namespace: 'live' }, ['1m', 2], ['30s', 'gone'], ['15s', 1])).toEqual([
    { series: `${relay.activeStreams.name}{namespace="live"}`, values: '2+0x3 _x2 1+0x0', problems: [] },
  ]);
  expect(moves(relay.queuedBytes, {}, 100, ['1m', -2])[0]).toMatchObject({
    series: relay.queuedBytes.name,
    values: '100-30x3',
  });
});

test('counters go on from where they were', () => {
  expect(grows(relay.errors, { stage: 'auth', job: 'moq-relay' }, ['1m', 0.1], ['1m', 0], ['1m', 2])).toEqual(
    [
      {
        series: `${relay.errors.name}{stage="auth", job="moq-relay"}`,
        values: '0+1.5x3 6+0x3 6+30x3',
        problems: [],
      },
    ],
  );
});

test('histograms count each value in all buckets above it', () => {
  const series = observes(client.decodeTime, { codec: 'avc1' }, [
    '1m',
    [
      [0.001, 2],
      [0.05, 1],
    ],
  ]);
  const values = Object.fromEntries(
    series.map((one) => [one.series.replace(client.decodeTime.name, ''), one.values]),
  );
  expect(values).toMatchObject({
    '_bucket{codec="avc1", le="0.0005"}': '0+0x3',
    '_bucket{codec="avc1", le="0.001"}': '0+30x3',
    '_bucket{codec="avc1", le="0.033"}': '0+30x3',
    '_bucket{codec="avc1", le="0.066"}': '0+45x3',
    '_bucket{codec="avc1", le="+Inf"}': '0+45x3',
    '_count{codec="avc1"}': '0+45x3',
    '_sum{codec="avc1"}': '0+0.78x3',
  });
});

test('what cannot be is told', () => {
  // @ts-expect-error a label is missing
  expect(grows(relay.errors, {}, ['1m', 1])[0]?.problems).toEqual([
    `a test has ${relay.errors.name} without its label stage`,
  ]);
});
