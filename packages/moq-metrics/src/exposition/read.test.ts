import { expect, test } from 'vitest';
import { parseExposition } from './parse.ts';
import { exposedValue } from './read.ts';

const things = { name: 'moq_relay_things_total' };
const sizes = { name: 'moq_relay_sizes' };

const page = parseExposition(`# TYPE moq_relay_things_total counter
moq_relay_things_total{kind="a",name="x"} 1
moq_relay_things_total{name="y",kind="a"} 2
moq_relay_things_total 3
# TYPE moq_relay_sizes histogram
moq_relay_sizes_bucket{kind="a",le="1.0"} 1
moq_relay_sizes_bucket{kind="a",le="+Inf"} 3
moq_relay_sizes_sum{kind="a"} 12.5
moq_relay_sizes_count{kind="a"} 3
`);

test('a series is found by all of its labels, in whatever order', () => {
  expect(exposedValue(page, things, { kind: 'a', name: 'x' })).toBe(1);
  expect(exposedValue(page, things, { kind: 'a', name: 'y' })).toBe(2);
  expect(exposedValue(page, things)).toBe(3);
});

test('what is not exposed has no value', () => {
  expect(exposedValue(page, things, { kind: 'a' })).toBeUndefined();
  expect(exposedValue(page, things, { kind: 'b', name: 'x' })).toBeUndefined();
  expect(exposedValue(page, { name: 'moq_relay_others_total' })).toBeUndefined();
  expect(exposedValue(page, sizes, { kind: 'a' })).toBeUndefined();
  expect(exposedValue(page, sizes, { kind: 'a' }, { le: 2 })).toBeUndefined();
});

test.each([
  ['sum', 12.5],
  ['count', 3],
  [{ le: 1 }, 1],
  [{ le: Infinity }, 3],
] as const)('of a histogram there is %o', (member, value) => {
  expect(exposedValue(page, sizes, { kind: 'a' }, member)).toBe(value);
});
