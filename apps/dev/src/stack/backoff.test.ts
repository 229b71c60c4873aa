import { expect, test } from 'vitest';
import { backoff } from './backoff.ts';

test('the pauses grow, to a limit', () => {
  expect([1, 2, 3, 4, 5, 6, 20].map(backoff)).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});
