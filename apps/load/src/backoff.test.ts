import { expect, it } from 'vitest';

import { backoff } from './backoff.ts';

it('doubles up to five seconds, and leaves half to chance', () => {
  expect([1, 2, 3, 4, 5, 6, 100].map((failures) => backoff(failures, 0))).toEqual([
    125, 250, 500, 1000, 2000, 2500, 2500,
  ]);
  expect([1, 2, 6].map((failures) => backoff(failures, 0.999_999))).toEqual([250, 500, 5000]);
});
