import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('everyone gets a turn, in the order they came', async () => {
  const turns = new Turns(5);
  const order: number[] = [];
  const all = Array.from({ length: 500 }, async (_, i) => {
    await turns.next();
    order.push(i);
  });
  await Promise.all(all);
  expect(order).toEqual(Array.from({ length: 500 }, (_, i) => i));
});

test('those who come in close succession go together', async () => {
  const turns = new Turns(20);
  await turns.next();
  const times: number[] = [];
  const wait = async (): Promise<void> => {
    await turns.next();
    times.push(performance.now());
  };
  const first = wait();
  await pause(5);
  await Promise.all([first, wait()]);
  expect(times[1]! - times[0]!).toBeLessThan(5);
});
