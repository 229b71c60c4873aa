import { expect, test } from 'vitest';
import { SequenceWindow } from './sequence-window.ts';

test('knows a number again, whatever the order', () => {
  const window = new SequenceWindow();
  const news = [3, 1, 3, 2, 1, 2, 3, 4, 4].map((sequence) => window.add(sequence));
  expect(news).toEqual([true, true, false, true, false, false, false, true, false]);
});

test('gives up numbers that are missing for long, and never takes one twice', () => {
  const window = new SequenceWindow();
  for (let sequence = 2; sequence <= 66; sequence++) expect(window.add(sequence)).toBe(true);
  expect(window.add(1)).toBe(false);
  for (let sequence = 2; sequence <= 66; sequence++) expect(window.add(sequence)).toBe(false);
  expect(window.add(67)).toBe(true);
});

test('goes on from what was kept', () => {
  const window = new SequenceWindow();
  for (const sequence of [1, 2, 5, 7]) window.add(sequence);
  const restored = new SequenceWindow();
  restored.restore(JSON.parse(JSON.stringify(window)) as number[]);
  expect([1, 2, 3, 4, 5, 6, 7, 8].map((sequence) => restored.has(sequence))).toEqual([
    true,
    true,
    false,
    false,
    true,
    false,
    true,
    false,
  ]);
});
