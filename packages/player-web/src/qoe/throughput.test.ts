import { expect, test } from 'vitest';
import { Throughput } from './throughput.ts';

test('counts from the first look, and a count that begins anew', () => {
  const throughput = new Throughput();
  throughput.observe(0, 500);
  throughput.observe(1000, 1500);
  expect(throughput.takeBytes()).toBe(1000);
  expect(throughput.takeRate(1000)).toBe(8000);
  throughput.observe(2000, 200);
  expect(throughput.takeBytes()).toBe(200);
  expect(throughput.takeRate(2000)).toBe(1600);
});

test('what comes while nothing is played is counted, and is no rate', () => {
  const throughput = new Throughput();
  // Sound arrives before the browser lets it be heard, and some more after a pause.
  throughput.rest(0);
  throughput.rest(300);
  throughput.observe(1000, 700);
  throughput.observe(2000, 1700);
  expect(throughput.takeRate(2000)).toBe(11_200);
  throughput.rest(2000);
  expect(throughput.takeBytes()).toBe(2000);
  expect(throughput.takeRate(3000)).toBeUndefined();
});
