import { describe, expect, test } from 'vitest';
import type { PlayerEvent, StartFact } from './events.ts';
import { Startup } from './startup.ts';

const PLAY: PlayerEvent = { type: 'play', underWay: false };
const FRAME: PlayerEvent = { type: 'frame' };
const CONNECTED: PlayerEvent = {
  type: 'connected',
  transport: 'webtransport',
  version: 'moq-lite-05',
  fallback: false,
};
const RENDITION: PlayerEvent = { type: 'rendition', rendition: { track: '720p' } };

type Step = readonly [at: number, event: PlayerEvent];

function run(steps: readonly Step[], hidden = false): readonly StartFact[] {
  const startup = new Startup(hidden);
  return steps.flatMap(([at, event]) => startup.handle(event, at));
}

const stop = (cause: 'pause' | 'hide' | 'leave' | 'end'): PlayerEvent => ({ type: 'stop', cause });

/** The outcomes of a start, and the attempts they belong to. */
function outcomes(steps: readonly Step[], hidden = false): readonly string[] {
  return run(steps, hidden).flatMap((fact) => {
    if (fact.type === 'attempt') return [`attempt ${fact.at}`];
    return fact.type === 'outcome' ? [`${fact.outcome} after ${fact.seconds}`] : [];
  });
}

describe('the outcome', () => {
  test('of a first frame is started, once', () => {
    expect(
      outcomes([
        [0, PLAY],
        [500, FRAME],
        [540, FRAME],
        [900, stop('leave')],
      ]),
    ).toEqual(['attempt 0', 'started after 0.5']);
  });

  test('of leaving is bounced before a second is over, and exited from then on', () => {
    expect(
      outcomes([
        [0, PLAY],
        [999, stop('leave')],
      ]),
    ).toEqual(['attempt 0', 'bounced after 0.999']);
    expect(
      outcomes([
        [0, PLAY],
        [1000, stop('leave')],
      ]),
    ).toEqual(['attempt 0', 'exited after 1']);
  });

  test('of leaving twice is one', () => {
    expect(
      outcomes([
        [0, PLAY],
        [2000, stop('leave')],
        [2001, stop('leave')],
      ]),
    ).toHaveLength(2);
  });

  test('of a pause before the first frame is leaving; the next intent is another attempt', () => {
    expect(
      outcomes([
        [0, PLAY],
        [100, stop('pause')],
        [5000, PLAY],
        [5300, FRAME],
      ]),
    ).toEqual(['attempt 0', 'bounced after 0.1', 'attempt 5000', 'started after 0.3']);
  });

  test('of a fatal error is failed, also when a frame comes after all or the viewer leaves', () => {
    const fail: PlayerEvent = { type: 'fail', error: 'connect' };
    expect(
      outcomes([
        [0, PLAY],
        [10_000, fail],
        [11_000, FRAME],
        [12_000, stop('leave')],
      ]),
    ).toEqual(['attempt 0', 'failed after 10']);
    expect(
      run([
        [0, PLAY],
        [10_000, fail],
      ]),
    ).toContainEqual({
      type: 'failure',
      at: 10_000,
      error: 'connect',
      started: false,
    });
  });

  test('of an error after the first frame is none', () => {
    const facts = run([
      [0, PLAY],
      [200, FRAME],
      [900, { type: 'fail', error: 'decode' }],
    ]);
    expect(facts.at(-1)).toEqual({ type: 'failure', at: 900, error: 'decode', started: true });
    expect(facts.filter(({ type }) => type === 'outcome')).toHaveLength(1);
  });

  test('of a start in a hidden page is known, its time is not', () => {
    const facts = run([
      [0, PLAY],
      [10, stop('hide')],
      [5000, { type: 'show' }],
      [5100, FRAME],
    ]);
    expect(facts.map(({ type }) => type)).toEqual(['attempt', 'outcome']);
    expect(
      outcomes([
        [0, PLAY],
        [10, stop('hide')],
        [3000, stop('leave')],
      ]),
    ).toContain('exited after 3');
    expect(
      outcomes(
        [
          [0, PLAY],
          [300, FRAME],
        ],
        true,
      ),
    ).toEqual(['attempt 0', 'started after 0.3']);
  });

  test('of a page that comes back from where browsers keep pages is of another attempt', () => {
    expect(
      outcomes([
        [0, PLAY],
        [1500, stop('leave')],
        [9000, PLAY],
        [9200, FRAME],
      ]),
    ).toEqual(['attempt 0', 'exited after 1.5', 'attempt 9000', 'started after 0.2']);
  });

  test('of a player that played before it was observed is not known', () => {
    expect(
      outcomes([
        [0, { type: 'play', underWay: true }],
        [10, FRAME],
        [99, stop('leave')],
      ]),
    ).toEqual([]);
  });
});

/** The phases of a start and how long each took. */
function phases(steps: readonly Step[]): Record<string, number> {
  return Object.fromEntries(
    run(steps).flatMap((fact) => (fact.type === 'phase' ? [[fact.phase, fact.seconds]] : [])),
  );
}

describe('phases', () => {
  test('follow one another; choosing a rendition is of none', () => {
    expect(
      phases([
        [0, PLAY],
        [20, { type: 'dial' }],
        [120, CONNECTED],
        [150, { type: 'announced' }],
        [190, { type: 'catalog' }],
        [200, RENDITION],
        [250, { type: 'received' }],
        [310, FRAME],
      ]),
    ).toEqual({ connect: 0.1, announce: 0.03, catalog: 0.04, subscribe: 0.05, first_frame: 0.06 });
  });

  test('that were over before the intent are none', () => {
    const steps: Step[] = [
      [0, CONNECTED],
      [100, PLAY],
      [130, { type: 'announced' }],
    ];
    expect(phases([...steps, [140, { type: 'catalog' }]])).toEqual({ announce: 0.03, catalog: 0.01 });
  });

  test('of a connection that is tried again count from the first try, and once', () => {
    const again: Step[] = [
      [1000, { type: 'refused', tried: ['websocket'] }],
      [1500, { type: 'dial' }],
    ];
    const steps: Step[] = [[0, PLAY], [0, { type: 'dial' }], ...again, [1600, CONNECTED], [1700, CONNECTED]];
    expect(phases(steps)).toEqual({ connect: 1.6 });
  });
});
