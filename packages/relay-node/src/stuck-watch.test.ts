import { expect, test } from 'vitest';
import { StuckWatch } from './stuck-watch.ts';

test('only who has something waiting and takes none of it is stuck', () => {
  const watch = new StuckWatch(0);
  expect(watch.look(1000, false, 0)).toBe(0);
  expect(watch.look(2000, true, 0)).toBe(1000);
  expect(watch.look(3000, true, 0)).toBe(2000);
  expect(watch.look(4000, true, 1)).toBe(0);
  expect(watch.look(5000, true, 1)).toBe(1000);
  expect(watch.look(6000, false, 1)).toBe(0);
  // A subscription that ends takes its count along.
  expect(watch.look(7000, true, 0)).toBe(0);
});
