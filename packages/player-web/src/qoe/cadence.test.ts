import { expect, test } from 'vitest';
import { Cadence } from './cadence.ts';

function learn(times: readonly number[]): number | undefined {
  const cadence = new Cadence();
  for (const time of times) cadence.observe(time);
  return cadence.interval;
}

test('says nothing before it has seen enough', () => {
  expect(learn([])).toBeUndefined();
  expect(learn([1000, 1040])).toBeUndefined();
  expect(learn([1000, 1040, 1080])).toBe(40);
});

test('is not misled by single jumps, repeats or steps back', () => {
  const steady = Array.from({ length: 30 }, (_, i) => i * 40);
  const jumped = steady.map((time, i) => (i > 20 ? time + 3000 : time));
  expect(learn([...jumped, 4160, 4160, 100])).toBe(40);
});

test('follows a rate that changes', () => {
  const fast = Array.from({ length: 30 }, (_, i) => i * 40);
  const slow = Array.from({ length: 30 }, (_, i) => 2000 + i * 200);
  expect(learn([...fast, ...slow])).toBe(200);
});
