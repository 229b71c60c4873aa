import { expect, test } from 'vitest';
import { Liveness } from './liveness.ts';

/** Checks whenever it asks for it, until a time; what came out, and when. */
function run(liveness: Liveness, until: number): [number, string][] {
  const verdicts: [number, string][] = [];
  for (let now = liveness.nextCheck(); now <= until; now = liveness.nextCheck()) {
    const verdict = liveness.check(now);
    if (verdict) verdicts.push([now, verdict]);
    if (verdict === 'idle' || verdict === 'expired') break;
  }
  return verdicts;
}

test('a silent peer is asked twice, and given up at the idle timeout', () => {
  const liveness = new Liveness(1000, 9000, Infinity);
  liveness.established(0);
  liveness.heard(2000);
  expect(run(liveness, 1e6)).toEqual([
    [5000, 'ask'],
    [8000, 'ask'],
    [11_000, 'idle'],
  ]);
});

test('a peer that answers stays', () => {
  const liveness = new Liveness(0, 9000, Infinity);
  liveness.established(0);
  for (let now = 3000; now < 60_000; now += 3001) {
    expect(liveness.check(now)).toBe('ask');
    liveness.heard(now + 1);
  }
});

test('a peer that forgets us sooner is asked more often', () => {
  const liveness = new Liveness(0, 9000, Infinity);
  liveness.established(3000);
  expect(run(liveness, 2500)).toEqual([
    [1000, 'ask'],
    [2000, 'ask'],
  ]);
});

test('a peer that cannot answer yet is not asked', () => {
  expect(run(new Liveness(0, 9000, Infinity), 1e6)).toEqual([[9000, 'idle']]);
});

test('what takes too long is over, unless it may take longer', () => {
  const liveness = new Liveness(0, 9000, 5000);
  expect(run(liveness, 4999)).toEqual([]);
  expect(run(liveness, 1e6)).toEqual([[5000, 'expired']]);
  liveness.expireIn(5000, Infinity);
  liveness.heard(5000);
  expect(run(liveness, 1e6)).toEqual([[14_000, 'idle']]);
});
