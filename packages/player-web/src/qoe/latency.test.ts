import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { latencyOf, RelayClock } from './latency.ts';

const UNIX = 1_800_000_000_000;

describe('the clock of the relay', () => {
  test('is nothing before the first answer', () => {
    expect(new RelayClock().read(0)).toBeUndefined();
  });

  test('goes by the quickest answer', () => {
    const clock = new RelayClock();
    for (const roundTrip of [90, 8, 200, 70, 10]) {
      // All of the way takes time, none of the way back: the worst that can be.
      clock.add({ sent: 0, received: roundTrip, remote: UNIX + roundTrip });
    }
    expect(clock.read(200)?.offset).toBe(UNIX + 4);
    expect(clock.read(200)?.error).toBeCloseTo(4, 1);
  });

  test('is never wrong by more than it says', () => {
    const ways = fc.array(fc.tuple(fc.nat(500), fc.nat(500)), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(ways, (ways) => {
        const clock = new RelayClock();
        let now = 0;
        for (const [out, back] of ways) {
          clock.add({ sent: now, received: now + out + back, remote: UNIX + now + out });
          now += out + back;
        }
        const { offset, error } = clock.read(now)!;
        expect(Math.abs(offset - UNIX)).toBeLessThanOrEqual(error + 1e-3);
      }),
    );
  });

  test('grows unsure with time, so that a later answer counts', () => {
    const clock = new RelayClock();
    clock.add({ sent: 0, received: 2, remote: UNIX + 1 });
    expect(clock.read(600_002)?.error).toBeCloseTo(61);
    clock.add({ sent: 600_000, received: 600_040, remote: UNIX + 600_025 });
    expect(clock.read(600_040)).toEqual({ offset: UNIX + 5, error: 20 });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('does not believe %s', (remote) => {
    const clock = new RelayClock();
    clock.add({ sent: 0, received: 2, remote });
    expect(clock.read(2)).toBeUndefined();
  });
});

describe('latency', () => {
  const sure = { offset: UNIX, error: 1 };

  test('is rendering minus stamp, by the clock of the relay', () => {
    expect(latencyOf(1000, UNIX + 880, sure, UNIX - 900_000)).toEqual({ seconds: 0.12 });
  });

  test.each([
    ['the clock is not known', 880, undefined, 'clock_sync'],
    ['the clock is not known well', 880, { offset: UNIX, error: 50.1 }, 'clock_sync'],
    ['a frame is from the future', 1001, sure, 'negative'],
  ] as const)('is not told when %s', (_, stamp, clock, unavailable) => {
    expect(latencyOf(1000, UNIX + stamp, clock, UNIX)).toEqual({ unavailable });
  });

  test.each([sure, undefined])('is not told of stamps that are no time of day', (clock) => {
    expect(latencyOf(1000, 12_345, clock, UNIX)).toEqual({ unavailable: 'no_wall_clock' });
  });

  test('an error of 50 ms is the most there may be', () => {
    expect(latencyOf(1000, UNIX, { offset: UNIX, error: 50 }, UNIX)).toEqual({ seconds: 1 });
  });
});
