import { describe, expect, it } from 'vitest';

import { changeFaults, type Fate, MAX_QUEUE_DELAY, NO_FAULTS, Path, seededRandom } from './faults.ts';

function packets(count: number, seed: number, loss: number): Fate[] {
  const path = new Path(seededRandom(seed));
  return Array.from({ length: count }, (_, index) => path.packet(1200, index, { ...NO_FAULTS, loss }));
}

describe('loss', () => {
  it.each([1, 2, 3, 4_294_967_295])('is near its share, with seed %d', (seed) => {
    for (const loss of [0.02, 0.1, 0.5]) {
      const lost = packets(20_000, seed, loss).filter((fate) => 'lost' in fate).length;
      // Four standard deviations.
      const margin = 4 * Math.sqrt(20_000 * loss * (1 - loss));
      expect(Math.abs(lost - 20_000 * loss)).toBeLessThan(margin);
    }
  });

  it('is the same for the same seed, and another for another', () => {
    expect(packets(500, 7, 0.3)).toEqual(packets(500, 7, 0.3));
    expect(packets(500, 7, 0.3)).not.toEqual(packets(500, 8, 0.3));
  });

  it('of nothing and of everything is exact', () => {
    expect(packets(1000, 1, 0).every((fate) => 'after' in fate)).toBe(true);
    expect(packets(1000, 1, 1).every((fate) => 'lost' in fate)).toBe(true);
  });
});

describe('delay, jitter and rate', () => {
  it('delays everything alike, and with jitter within its bounds', () => {
    const path = new Path(seededRandom(1));
    expect(path.packet(1200, 5, { ...NO_FAULTS, delay: 50 })).toEqual({ after: 50 });
    const times = Array.from({ length: 1000 }, (_, now) =>
      path.stream(1200, now, { ...NO_FAULTS, delay: 50, jitter: 20 }),
    );
    expect(Math.min(...times)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...times)).toBeLessThan(70);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(15);
  });

  it('lets through what the rate allows, one after the other, and loses what would wait too long', () => {
    const path = new Path(seededRandom(1));
    const faults = { ...NO_FAULTS, rate: 1_000_000 };
    // 1250 bytes take 10 ms.
    const fates = Array.from({ length: 40 }, () => path.packet(1250, 0, faults));
    const arrived = fates.flatMap((fate) => ('after' in fate ? [fate.after] : []));
    expect(arrived.slice(0, 3)).toEqual([10, 20, 30]);
    expect(arrived.at(-1)).toBeLessThanOrEqual(MAX_QUEUE_DELAY + 20);
    expect(fates.at(-1)).toEqual({ lost: 'queue' });
    expect(path.packet(1250, 1000, faults)).toEqual({ after: 10 });
  });
});

describe('changeFaults', () => {
  it('changes what is told and nothing else', () => {
    expect(changeFaults({ ...NO_FAULTS, delay: 5, rate: 10 }, { loss: 0.5, rate: undefined })).toEqual({
      ...NO_FAULTS,
      delay: 5,
      loss: 0.5,
    });
  });

  it.each([{ loss: 1.1 }, { loss: Number.NaN }, { delay: -1 }, { jitter: Infinity }, { rate: 0 }])(
    'refuses %o',
    (change) => {
      const [name = ''] = Object.keys(change);
      expect(() => changeFaults(NO_FAULTS, change)).toThrow(name);
    },
  );
});
