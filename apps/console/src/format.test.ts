import { expect, test } from 'vitest';
import { ago, bits, bytes, count, duration, number, ratio, seconds, UNKNOWN } from './format.ts';

test('what is not known is a dash', () => {
  for (const format of [count, number, bits, bytes, seconds, ratio, duration]) {
    expect([undefined, null, Number.NaN, Number.POSITIVE_INFINITY].map(format)).toEqual([
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
    ]);
  }
});

test.each([
  [count, 0, '0'],
  [count, 99_999, '99,999'],
  [count, 1_234_567, '1.23M'],
  [number, 0.0012, '0.0012'],
  [number, 12.345, '12.3'],
  [bits, 999.9, '1 kbit/s'],
  [bits, 4_533_048, '4.53 Mbit/s'],
  [bits, 0, '0 bit/s'],
  [bytes, 1_500, '1.5 kB'],
  [seconds, 0, '0 s'],
  [seconds, 0.000_25, '250 µs'],
  [seconds, 0.004_56, '4.56 ms'],
  [seconds, 0.086, '86 ms'],
  [seconds, 0.9999, '1 s'],
  [seconds, 15.234, '15.2 s'],
  [seconds, 3_700, '1 h 1 m'],
  [ratio, 0, '0 %'],
  [ratio, 0.000_01, '< 0.01 %'],
  [ratio, 0.0355, '3.55 %'],
  [ratio, 1, '100 %'],
  [duration, 0.25, '250 µs'],
  [duration, 350, '350 ms'],
  [duration, 59_940, '59.9 s'],
  [duration, 60_000, '1 m'],
  [duration, 7_384_000, '2 h 3 m'],
  [duration, 90_061_000, '1 d 1 h'],
] as const)('%o of %d is %s', (format, value, text) => {
  expect(format(value)).toBe(text);
});

test('how long ago is told in the largest unit', () => {
  const now = 1_795_633_581_917;
  expect(ago(now - 400, now)).toBe('now');
  expect(ago(now + 5_000, now)).toBe('now');
  expect(ago(now - 59_000, now)).toBe('59 s ago');
  expect(ago(now - 3_599_000, now)).toBe('59 m ago');
  expect(ago(now - 50 * 3_600_000, now)).toBe('2 d ago');
});
