import { expect, test } from 'vitest';
import { heatmapOf } from './buckets.ts';

function bucket(le: string, ...values: readonly number[]): Parameters<typeof heatmapOf>[0][number] {
  return { labels: { le }, times: values.map((_value, i) => i * 1000), values };
}

test('buckets that count up to their bound become what lay in each alone', () => {
  const { bounds, counts, times } = heatmapOf([
    bucket('+Inf', 10, 20),
    bucket('0.1', 2, 5),
    bucket('0.5', 8, 20),
    bucket('1.0', 10, 20),
  ]);
  expect(times).toEqual([0, 1000]);
  // Nothing lay above 1: the row over the last one that had something is kept, as the edge.
  expect(bounds).toEqual([0.1, 0.5, 1, Number.POSITIVE_INFINITY]);
  expect(counts).toEqual([
    [2, 5],
    [6, 15],
    [2, 0],
    [0, 0],
  ]);
});

test('rows at the top in which nothing ever lay are left out; counts never fall below zero', () => {
  const { bounds, counts } = heatmapOf([
    bucket('0.1', 5),
    bucket('0.2', 4.999_999),
    bucket('0.3', 5),
    bucket('0.4', 5),
    bucket('0.5', 5),
  ]);
  expect(counts[1]).toEqual([0]);
  expect(bounds).toEqual([0.1, 0.2, 0.3, 0.4]);
});

test('nothing is nothing', () => {
  expect(heatmapOf([])).toEqual({ times: [], bounds: [], counts: [] });
});
