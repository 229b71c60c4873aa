import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

import { SlewedClock } from './slewed-clock.ts';

let monotonic = 0;
beforeEach(() => {
  monotonic = 5_000_000;
});

function makeClock(offset: number): SlewedClock {
  return new SlewedClock(() => monotonic, offset);
}

describe('SlewedClock', () => {
  it('goes by its offset', () => {
    const clock = makeClock(1_000);
    expect(clock.now()).toBe(5_001_000);
    monotonic += 7;
    expect(clock.now()).toBe(5_001_007);
  });

  it('corrects five milliseconds a second, and then no more', () => {
    const clock = makeClock(0);
    expect(clock.set(10_000)).toEqual({ error: -10_000, stepped: false });
    expect(clock.now()).toBe(5_000_000);
    monotonic += 1_000_000;
    expect(clock.offset).toBe(5_000);
    monotonic += 1_000_000;
    expect(clock.offset).toBe(10_000);
    monotonic += 9_000_000;
    expect(clock.offset).toBe(10_000);
  });

  it('begins a new correction where the last one has come to', () => {
    const clock = makeClock(0);
    clock.set(10_000);
    monotonic += 1_000_000;
    expect(clock.set(-1_000)).toEqual({ error: 6_000, stepped: false });
    expect(clock.offset).toBe(5_000);
    monotonic += 1_200_000;
    expect(clock.offset).toBeCloseTo(-1_000);
  });

  it('steps when it is more than half a second off, and when told', () => {
    const clock = makeClock(0);
    expect(clock.set(-3_000_000)).toEqual({ error: 3_000_000, stepped: true });
    expect(clock.offset).toBe(-3_000_000);
    expect(clock.step(-2_999_000)).toEqual({ error: -1_000, stepped: true });
    expect(clock.offset).toBe(-2_999_000);
  });

  it('never goes back by a correction, and is right in the end', () => {
    const steps = fc.array(
      fc.record({
        offset: fc.integer({ min: -200_000, max: 200_000 }),
        wait: fc.integer({ min: 0, max: 60_000_000 }),
      }),
    );
    fc.assert(
      fc.property(steps, (steps) => {
        monotonic = 0;
        const clock = makeClock(0);
        let last = clock.now();
        for (const { offset, wait } of steps) {
          clock.set(offset);
          monotonic += wait;
          expect(clock.now()).toBeGreaterThanOrEqual(last);
          last = clock.now();
        }
        monotonic += 100_000_000;
        expect(clock.offset).toBe(steps.at(-1)?.offset ?? 0);
      }),
    );
  });
});
