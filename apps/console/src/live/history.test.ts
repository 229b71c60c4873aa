import { expect, test } from 'vitest';
import { History } from './history.ts';

test('only so many numbers are kept, and what is not known is none', () => {
  const history = new History(3);
  for (let i = 0; i < 100; i++) history.add(i, i === 98 ? null : i);
  expect(history.values.length).toBeLessThan(6);
  expect(history.times.slice(-3)).toEqual([97, 98, 99]);
  expect(history.values.slice(-3)).toEqual([97, Number.NaN, 99]);
});

test('what was before is put in front, as far as it was not told', () => {
  const history = new History(10);
  history.add(40, 4);
  history.add(50, 5);
  history.precede([10, 20, 30, 40, 50], [1, 2, 3, 40, 50]);
  expect(history.times).toEqual([10, 20, 30, 40, 50]);
  expect(history.values).toEqual([1, 2, 3, 4, 5]);
});

test('before anything was told, all of what was before is put in', () => {
  const history = new History(2);
  history.precede([10, 20, 30], [1, 2, 3]);
  expect(history.values).toEqual([2, 3]);
});
