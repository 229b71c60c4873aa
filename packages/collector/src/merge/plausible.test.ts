import {
  client,
  type CounterMetric,
  type HistogramMetric,
  type LabelValues,
  type Stream,
} from '@moq-observability/moq-metrics';
import { expect, test } from 'vitest';
import { impossible, type SessionTime } from './plausible.ts';

const time: SessionTime = { sinceLast: 10, sinceFirst: 100, watched: 94, stalled: 0, backlog: 600 };

function counted(
  metric: CounterMetric<Stream>,
  value: number,
  at: Partial<SessionTime> = {},
): string | undefined {
  const plain: unknown = metric;
  return impossible(
    { kind: 'counter', metric: plain as CounterMetric<LabelValues>, labels: {}, value },
    { ...time, ...at },
    { watched: 1, stalled: 0 },
  );
}

test('time watched and stalled is at most the time there was, and what was waiting before', () => {
  expect(counted(client.watchedSeconds, 10)).toBeUndefined();
  expect(counted(client.watchedSeconds, 605)).toBeUndefined();
  expect(counted(client.watchedSeconds, 606)).toBe(
    '701 s watched by a session that was first heard of 100 s ago',
  );
  expect(counted(client.watchedSeconds, 3_600, { sinceFirst: 0, watched: 0 })).toContain('3601 s watched');
  expect(counted(client.watchedSeconds, 3_600, { sinceFirst: 3_600, watched: 500 })).toBeUndefined();
  expect(counted(client.stalledSeconds, 701)).toContain('701 s stalled');
});

test('nothing happens more often than it can', () => {
  expect(counted(client.rebufferCount, 2_000)).toBeUndefined();
  expect(counted(client.rebufferCount, 3_000)).toContain('3000 is more than there can be');
  expect(counted(client.framesDecoded, 1e9)).toContain('more than there can be');
  const latency = client.latency as HistogramMetric<LabelValues>;
  const counts = latency.buckets.map(() => 0).concat(1e6);
  const addition = { kind: 'histogram', metric: latency, labels: {}, counts, sum: 1e7 } as const;
  expect(impossible(addition, time, { watched: 0, stalled: 0 })).toContain('more than there can be');
  expect(impossible({ ...addition, counts: [10], sum: 1 }, time, { watched: 0, stalled: 0 })).toBeUndefined();
});
