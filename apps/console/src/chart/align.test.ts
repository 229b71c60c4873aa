import { expect, test } from 'vitest';
import { align, stack, withGaps } from './align.ts';

test('series are put onto the times any of them has', () => {
  const { times, values } = align([
    { times: [1, 3], values: [10, 30] },
    { times: [2, 3, 4], values: [20, Number.NaN, 40] },
  ]);
  expect(times).toEqual([1, 2, 3, 4]);
  expect(values).toEqual([
    [10, null, 30, null],
    [null, 20, null, 40],
  ]);
});

test('a series on top of another begins where that ends, and is no line where neither is', () => {
  expect(
    stack([
      [1, 2, null],
      [10, null, null],
    ]),
  ).toEqual([
    [1, 2, null],
    [11, 2, null],
  ]);
});

test('no line is drawn over a time nothing was told of', () => {
  const filled = withGaps({ times: [0, 10, 20, 70], values: [1, 2, 3, 4] }, 10);
  expect(filled.times).toEqual([0, 10, 20, 30, 70]);
  expect(filled.values).toEqual([1, 2, 3, Number.NaN, 4]);
});
