import type { Metric } from '../define.ts';
import type { LabelValues } from '../labels.ts';
import type { Exposition } from './parse.ts';

/** What of a histogram: its sum, its count, or how many values were at most so large. */
export type HistogramMember = 'sum' | 'count' | { readonly le: number };

/**
 * The value of one series.
 *
 * @param labels all of the series' labels
 * @param member of a histogram, what is wanted of it
 * @returns `undefined` when the series is not exposed
 */
export function exposedValue(
  { families }: Exposition,
  { name }: Pick<Metric, 'name'>,
  labels: LabelValues = {},
  member?: HistogramMember,
): number | undefined {
  const bound = typeof member === 'object' ? member.le : undefined;
  const sampleName =
    member === undefined ? name : `${name}_${typeof member === 'object' ? 'bucket' : member}`;
  const wanted = Object.entries(labels);
  const size = wanted.length + (bound === undefined ? 0 : 1);
  return families
    .get(name)
    ?.samples.find(
      (sample) =>
        sample.name === sampleName &&
        sample.labels.size === size &&
        wanted.every(([label, value]) => sample.labels.get(label) === value) &&
        (bound === undefined || boundOf(sample.labels.get('le')) === bound),
    )?.value;
}

function boundOf(text: string | undefined): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text);
}
