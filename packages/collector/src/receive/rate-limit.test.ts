import { expect, test } from 'vitest';
import { RateLimit } from './rate-limit.ts';

test('lets a burst through, then the rate, each address for itself', () => {
  const limit = new RateLimit({ perSecond: 2, burst: 3, addresses: 10 });
  expect([0, 0, 0, 0].map((now) => limit.take('a', now))).toEqual([0, 0, 0, 0.5]);
  expect(limit.take('b', 0)).toBe(0);
  expect([500, 500].map((now) => limit.take('a', now))).toEqual([0, 0.5]);
  expect([60_000, 60_000, 60_000, 60_000].map((now) => limit.take('a', now))).toEqual([0, 0, 0, 0.5]);
});

test('remembers only so many addresses', () => {
  const limit = new RateLimit({ perSecond: 1, burst: 1, addresses: 100 });
  for (let i = 0; i < 10_000; i++) limit.take(`address ${i}`, 0);
  expect(limit.size).toBe(100);
});
