import type { SampleRow, SessionDetail, SessionRow, StoredLog } from '@moq-observability/collector/api';
import { events } from '@moq-observability/moq-metrics';
import { expect, test } from 'vitest';
import { bandsOf, marksOf, windowOf } from './bands.ts';

const START = 1_795_635_892_000;

function event(
  eventName: string,
  time: number,
  attributes: Readonly<Record<string, string>> = {},
): StoredLog {
  return {
    time: START + time,
    traceId: '',
    spanId: '',
    sessionId: 's',
    severityNumber: 9,
    severityText: 'INFO',
    serviceName: 'moq-player',
    eventName,
    body: '',
    resourceAttributes: {},
    attributes,
  };
}

function detail(session: Partial<SessionRow>, more: Partial<SessionDetail> = {}): SessionDetail {
  return {
    session: { state: 'playing', startedAt: START, updatedAt: START, ...session } as SessionRow,
    samples: [],
    events: [],
    spans: [],
    logs: [],
    ...more,
  };
}

function sample(state: SampleRow['state'], time: number): SampleRow {
  return { state, time: START + time } as SampleRow;
}

function told(of: SessionDetail, to: number): readonly (readonly [string, number, number])[] {
  return bandsOf(of, START + to).map((band) => [band.state, band.from - START, band.to - START]);
}

test('states follow one another by what the player told, in whatever order it came', () => {
  const session = detail(
    {},
    {
      events: [
        event(events.playbackIntent.name, 0),
        event(events.stallEnd.name, 9_000),
        event(events.playbackStarted.name, 500),
        event(events.qualitySwitch.name, 3_000),
        event(events.stallStart.name, 7_000),
        event(events.playbackPaused.name, 12_000),
      ],
    },
  );
  expect(told(session, 20_000)).toEqual([
    ['loading', 0, 500],
    ['playing', 500, 7_000],
    ['stalled', 7_000, 9_000],
    ['playing', 9_000, 12_000],
    ['paused', 12_000, 20_000],
  ]);
});

test('a player without events is as its reports say', () => {
  const session = detail(
    {},
    { samples: [sample('playing', 0), sample('playing', 5_000), sample('stalled', 10_000)] },
  );
  expect(told(session, 15_000)).toEqual([
    ['playing', 0, 10_000],
    ['stalled', 10_000, 15_000],
  ]);
});

test('a session that fell silent is lost from when it was last heard of', () => {
  const session = detail(
    { state: 'lost', updatedAt: START + 30_000 },
    { events: [event(events.playbackStarted.name, 0)] },
  );
  expect(told(session, 60_000)).toEqual([
    ['playing', 0, 30_000],
    ['lost', 30_000, 60_000],
  ]);
});

test('a session is drawn from its first sign of life to its end, or to now', () => {
  const early = { events: [event(events.playbackIntent.name, -2_000)] };
  expect(windowOf(detail({}, early), START + 60_000)).toEqual({ from: START - 2_000, to: START + 60_000 });
  const over = detail({ state: 'ended', endedAt: START + 5_000 }, early);
  expect(windowOf(over, START + 60_000)).toEqual({ from: START - 2_000, to: START + 5_000 });
  expect(windowOf(detail({ state: 'ended', endedAt: START }), START)).toEqual({
    from: START,
    to: START + 1_000,
  });
});

test('events are marks, named with what they are about', () => {
  expect(
    marksOf([
      event(events.qualitySwitch.name, 1, { 'moq.track': 'video/360p' }),
      event(events.playbackError.name, 2, { 'error.type': 'decode' }),
      event('something.else', 3),
    ]).map(({ name, kind }) => [name, kind]),
  ).toEqual([
    [`${events.qualitySwitch.name} video/360p`, 'switch'],
    [`${events.playbackError.name} decode`, 'error'],
    ['something.else', 'other'],
  ]);
});
