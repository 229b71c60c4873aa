import { expect, test } from 'vitest';
import { parseRetryAfter, retryDelay } from './retry.ts';

const backoff = { initial: 1000, max: 60_000 };

test('pauses double up to the limit, and half of each is left to chance', () => {
  expect([1, 2, 3, 7, 50].map((failures) => retryDelay(failures, backoff, 0))).toEqual([
    500, 1000, 2000, 30_000, 30_000,
  ]);
  expect(retryDelay(1, backoff, 0.5)).toBe(750);
});

test('an endpoint that says when is waited for, within reason', () => {
  expect(retryDelay(1, backoff, 0, 5000)).toBe(5000);
  expect(retryDelay(1, backoff, 0, 1e9)).toBe(60_000);
});

test.each([
  [null, 0],
  ['3', 3000],
  ['soon', 0],
  ['Thu, 01 Jan 1970 00:00:30 GMT', 20_000],
  ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
])('Retry-After %j', (header, milliseconds) => {
  expect(parseRetryAfter(header, 10_000)).toBe(milliseconds);
});
