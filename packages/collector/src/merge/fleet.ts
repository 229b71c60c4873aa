import {
  type Addition,
  type Catalogue,
  merge,
  type MergeableMetric,
} from '@moq-observability/moq-metrics/merge';
import type { PrometheusMetrics } from '@moq-observability/moq-metrics/prometheus';

/** What a whole fleet of players counted, as one set of series: the single writer of every client metric. */
export class Fleet {
  readonly #metrics: PrometheusMetrics;
  readonly #exposed = new Set<MergeableMetric>();

  /** Metrics that are live are exposed from the start, at zero where their labels are known; the others when they come. */
  constructor(metrics: PrometheusMetrics, catalogue: Catalogue) {
    this.#metrics = metrics;
    for (const metric of catalogue.metrics) if (metric.status === 'live') this.#expose(metric);
  }

  /** How many series there are; the buckets of a histogram are one. */
  get size(): number {
    let size = 0;
    for (const metric of this.#exposed) size += this.#expose(metric).size;
    return size;
  }

  /** Adds what a report was found to add. */
  add(additions: readonly Addition[]): void {
    for (const { metric } of additions) this.#exposed.add(metric);
    merge(additions, this.#metrics);
  }

  #expose(metric: MergeableMetric): { readonly size: number } {
    this.#exposed.add(metric);
    return metric.kind === 'counter' ? this.#metrics.counter(metric) : this.#metrics.histogram(metric);
  }
}
