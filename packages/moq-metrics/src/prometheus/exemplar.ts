import { labelsText } from '../exposition/format.ts';
import { isLabelValue, type LabelValues } from '../labels.ts';

/** What points from a series at an example of what it counted: `trace_id`, `span_id`. */
export type ExemplarLabels = LabelValues;

/** An example of what a series counted. */
export interface Exemplar {
  /** Its labels, as they stand between the braces. */
  readonly text: string;
  readonly value: number;
  /** Unix time in seconds. */
  readonly timestamp: number;
}

/** How long the labels of an exemplar may be together, by OpenMetrics. */
const EXEMPLAR_MAX = 128;

/**
 * An example to show, or nothing when its labels are too long or would break the line.
 *
 * @param time Unix time in milliseconds
 */
export function exemplarOf(labels: ExemplarLabels, value: number, time: number): Exemplar | undefined {
  const entries = Object.entries(labels);
  const length = entries.reduce((sum, [name, text]) => sum + name.length + text.length, 0);
  if (
    length > EXEMPLAR_MAX ||
    !entries.every(([name, text]) => /^[a-z_]\w*$/i.test(name) && isLabelValue(text))
  ) {
    return undefined;
  }
  return { text: labelsText(labels), value, timestamp: time / 1000 };
}
