import { expect, test } from 'vitest';
import { sample } from '../store/rows-fixture.ts';
import { RecentSamples } from './recent.ts';

test('samples come back as they were added, by their session, the oldest first', () => {
  const recent = new RecentSamples(10, 30_000);
  const rows = [1, 2].map((sequence) =>
    sample({ sessionId: 'a', sequence, time: 1_000 * sequence, latencySeconds: undefined, rttSeconds: 0 }),
  );
  recent.add(rows[0]!);
  recent.add(sample({ sessionId: 'b' }));
  recent.add(rows[1]!);
  expect(recent.of('a')).toEqual(rows);
  expect(recent.of('c')).toEqual([]);
});

test('the oldest give way, by number and by age', () => {
  const recent = new RecentSamples(3, 30_000);
  const add = (sequence: number, time: number): void =>
    recent.add(sample({ sessionId: 'a', sequence, time }));
  for (const sequence of [1, 2, 3, 4, 5]) add(sequence, sequence);
  expect(recent.of('a').map(({ sequence }) => sequence)).toEqual([3, 4, 5]);
  add(6, 30_004);
  expect(recent.of('a').map(({ sequence }) => sequence)).toEqual([4, 5, 6]);
  add(7, 60_000);
  expect(recent.of('a').map(({ sequence }) => sequence)).toEqual([6, 7]);
});
