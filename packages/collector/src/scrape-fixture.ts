/** The metrics page as Prometheus reads it, for tests. */
import type { LabelsOf, LabelValues, Metric } from '@moq-observability/moq-metrics';
import {
  exposedValue,
  type HistogramMember,
  parseExposition,
  type Sample,
} from '@moq-observability/moq-metrics/exposition';
import { expect } from 'vitest';

/** What a collector exposed at one moment. */
export interface Scrape {
  /** The value of one series, by all of its labels; `undefined` when there is none. */
  value<M extends Metric>(metric: M, labels: LabelsOf<M>, member?: HistogramMember): number | undefined;
  /** The samples of a metric. */
  samples(metric: Metric): readonly Sample[];
}

/**
 * Scrapes a collector.
 *
 * @throws AssertionError when there is anything on the page that Prometheus would not understand
 */
export async function scrape({ opsUrl }: { readonly opsUrl: URL }): Promise<Scrape> {
  const response = await fetch(new URL('metrics', opsUrl));
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const page = parseExposition(await response.text());
  expect(page.errors).toEqual([]);
  return {
    value: (metric, labels: LabelValues, member) => exposedValue(page, metric, labels, member),
    samples: ({ name }) => page.families.get(name)?.samples ?? [],
  };
}
