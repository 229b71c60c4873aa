import type { StoredSpan } from '@moq-observability/collector/api';
import { expect, test } from 'vitest';
import { episodesOf } from './episodes.ts';

const START = 1_795_635_892_542;

function span(
  name: string,
  time: number,
  duration: number,
  parentSpanId = '',
  more: Partial<StoredSpan> = {},
): StoredSpan {
  return {
    name,
    time: START + time,
    duration,
    spanId: name,
    parentSpanId,
    traceId: 'a'.repeat(32),
    kind: 'Internal',
    status: 'Unset',
    statusMessage: '',
    serviceName: 'moq-player',
    sessionId: '',
    resourceAttributes: {},
    attributes: {},
    events: [],
    links: [],
    ...more,
  };
}

function drawn(spans: readonly StoredSpan[]): readonly string[] {
  return episodesOf(spans).map(({ spans: own }) =>
    own.map(({ span: { name }, depth }) => `${'>'.repeat(depth)}${name}`).join(' '),
  );
}

test('children lie below their parents, the earliest first, whoever sent them', () => {
  const relay = { serviceName: 'moq-relay' };
  expect(
    drawn([
      span('frame', 600, 80, 'startup'),
      span('subscribe', 420, 6, 'session', relay),
      span('startup', 0, 700),
      span('session', 80, 2, 'startup', relay),
      span('connect', 14, 95, 'startup'),
    ]),
  ).toEqual(['startup >connect >session >>subscribe >frame']);
});

test('what went on later is an episode of its own, with all that went on at that time', () => {
  const stall = { traceId: 'b'.repeat(32), status: 'Error' } as const;
  const episodes = episodesOf([
    span('startup', 0, 700),
    span('session-again', 12_500, 3, 'startup', { serviceName: 'moq-relay' }),
    span('stall', 12_000, 3_000, '', stall),
    span('subscribe-again', 14_900, 20, 'session-again'),
  ]);
  expect(episodes.map(({ from, to, errors }) => [from - START, to - START, errors])).toEqual([
    [0, 700, 0],
    [12_000, 15_000, 1],
  ]);
  expect(episodes[1]?.traceIds).toEqual(['b'.repeat(32), 'a'.repeat(32)]);
  expect(episodes[1]?.spans.map(({ span: { name }, depth }) => [name, depth])).toEqual([
    ['stall', 0],
    ['session-again', 0],
    ['subscribe-again', 1],
  ]);
});

test('circles, spans of themselves and deep chains are shown once each', () => {
  expect(drawn([span('a', 0, 9, 'b'), span('b', 1, 9, 'a'), span('self', 2, 9, 'self')])).toEqual([
    'a >b self',
  ]);
  const chain = Array.from({ length: 5_000 }, (_, i) =>
    span(`s${i}`, i / 100, 100, i > 0 ? `s${i - 1}` : ''),
  );
  const [episode] = episodesOf(chain);
  expect(episode?.spans).toHaveLength(5_000);
  expect(episode?.spans.at(-1)?.depth).toBe(12);
});

test('nothing is nothing', () => {
  expect(episodesOf([])).toEqual([]);
});
