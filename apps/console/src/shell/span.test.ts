import { expect, test } from 'vitest';
import { rangeLength, rangeName, spanSearch } from './span.ts';

test.each([
  ['15m', 900_000, '15 minutes'],
  ['1h', 3_600_000, '1 hour'],
  ['7d', 604_800_000, '7 days'],
  ['93421ms', 93_421, '93 s'],
])('%s is a range', (range, length, name) => {
  expect(rangeLength(range)).toBe(length);
  expect(rangeName(range)).toBe(name);
});

test.each(['', 'm', '15', '-5m', '1.5h', '15 m', '999999999999d', '1ms', '15m; drop'])(
  '%j is none',
  (range) => {
    expect(rangeLength(range)).toBeUndefined();
  },
);

test('what makes no sense in the URL is left out', () => {
  expect(spanSearch({ range: '1h', at: 1_795_633_581_917.4 })).toEqual({
    range: '1h',
    at: 1_795_633_581_917,
  });
  expect(spanSearch({ range: 'soon', at: 'x' })).toEqual({});
  expect(spanSearch({ range: 15, at: -1 })).toEqual({});
  expect(spanSearch({ at: 9e15 })).toEqual({});
});
