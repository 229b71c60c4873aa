import type { CounterMetric, HistogramMetric, LabelValues } from '@moq-observability/moq-metrics';
import type {
  CounterSeries,
  Family,
  HistogramSeries,
  PrometheusMetrics,
} from '@moq-observability/moq-metrics/prometheus';
import type { Catalogue } from './catalogue.ts';
import type { Addition } from './judge.ts';

/** What a whole fleet of players counted, as one set of series: the single writer of every client metric. */
export class Fleet {
  readonly #metrics: PrometheusMetrics;
  readonly #counters = new Map<string, Family<LabelValues, CounterSeries>>();
  readonly #histograms = new Map<string, Family<LabelValues, HistogramSeries>>();

  /** Metrics that are live are exposed from the start, at zero where their labels are known; the others when they come. */
  constructor(metrics: PrometheusMetrics, catalogue: Catalogue) {
    this.#metrics = metrics;
    for (const metric of catalogue.metrics) {
      if (metric.status !== 'live') continue;
      if (metric.kind === 'counter') this.#counter(metric);
      else this.#histogram(metric);
    }
  }

  /** How many series there are; the buckets of a histogram are one. */
  get size(): number {
    let size = 0;
    for (const family of [...this.#counters.values(), ...this.#histograms.values()]) {
      size += [...family.entries()].length;
    }
    return size;
  }

  /** Adds what a report was found to add. */
  add(additions: readonly Addition[]): void {
    for (const addition of additions) {
      if (addition.kind === 'counter') {
        this.#counter(addition.metric).series(addition.labels).add(addition.value);
      } else {
        this.#histogram(addition.metric).series(addition.labels).merge(addition.counts, addition.sum);
      }
    }
  }

  #counter(metric: CounterMetric<LabelValues>): Family<LabelValues, CounterSeries> {
    return remembered(this.#counters, metric.name, () => this.#metrics.counter(metric));
  }

  #histogram(metric: HistogramMetric<LabelValues>): Family<LabelValues, HistogramSeries> {
    return remembered(this.#histograms, metric.name, () => this.#metrics.histogram(metric));
  }
}

function remembered<V>(known: Map<string, V>, key: string, make: () => V): V {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}
