import { expect, test } from 'vitest';
import { median, medianInterval } from './statistics.ts';

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => count - i);
}

test('the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test('the interval that the median is in, as tables have it', () => {
  expect(medianInterval(numbers(6))).toEqual([1, 6]);
  expect(medianInterval(numbers(10))).toEqual([2, 9]);
  expect(medianInterval(numbers(20))).toEqual([6, 15]);
  expect(medianInterval(numbers(40))).toEqual([14, 27]);
  expect(medianInterval(numbers(5))).toEqual([-Infinity, Infinity]);
});
