import type { RangeSeries } from '../api/prometheus.ts';
import { align } from './align.ts';
import type { HeatmapData } from './heatmap.tsx';

/** Rows of a heatmap out of the buckets of a histogram, each of which counts what was at most its bound `le`. */
export function heatmapOf(buckets: readonly RangeSeries[]): HeatmapData {
  const rising = buckets
    .map((series) => ({ bound: boundOf(series), series }))
    .filter(({ bound }) => !Number.isNaN(bound))
    .toSorted((a, b) => a.bound - b.bound);
  const { times, values } = align(rising.map(({ series }) => series));
  const counts = values.map((row, i) =>
    row.map((value, k) => Math.max(0, (value ?? 0) - (i > 0 ? (values[i - 1]![k] ?? 0) : 0))),
  );
  return trimmed({ times, bounds: rising.map(({ bound }) => bound), counts });
}

function boundOf({ labels }: RangeSeries): number {
  const { le = '' } = labels;
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number.parseFloat(le);
}

/** Leaves out the rows at the top in which nothing ever lay. */
function trimmed({ times, bounds, counts }: HeatmapData): HeatmapData {
  const last = counts.findLastIndex((row) => row.some((count) => count > 0));
  const end = Math.max(1, Math.min(bounds.length, last + 2));
  return { times, bounds: bounds.slice(0, end), counts: counts.slice(0, end) };
}
