import { Registry } from 'prom-client';
import type { CounterMetric, GaugeMetric, HistogramMetric, LabelArguments, Metric } from './define.ts';
import type { LabelValues } from './labels.ts';
import { enumCombinations, resolve, Slots } from './series.ts';

/** One counter series: adding is adding to a number. */
export class CounterSeries {
  value = 0;
  /** Adds to the series; negative and non-finite amounts are ignored. */
  add(amount = 1): void {
    if (amount > 0 && amount < Number.POSITIVE_INFINITY) this.value += amount;
  }
}

/** One gauge series. */
export class GaugeSeries {
  value = 0;
  /** Sets the value. */
  set(value: number): void {
    this.value = value;
  }
  /** Adds to the value; a negative amount subtracts. */
  add(amount = 1): void {
    this.value += amount;
  }
}

/** One histogram series. */
export class HistogramSeries {
  readonly counts: Float64Array;
  readonly #buckets: readonly number[];
  sum = 0;
  count = 0;

  constructor(buckets: readonly number[]) {
    this.#buckets = buckets;
    this.counts = new Float64Array(buckets.length);
  }

  /** Observes a value; non-finite ones are ignored. */
  observe(value: number): void {
    if (!(value > Number.NEGATIVE_INFINITY && value < Number.POSITIVE_INFINITY)) return;
    this.sum += value;
    this.count += 1;
    for (let i = 0; i < this.counts.length; i++) {
      if (value <= this.#buckets[i]!) {
        this.counts[i]! += 1;
        return;
      }
    }
  }

  /**
   * Adds what was counted elsewhere over the same buckets.
   *
   * @param counts one count per bucket, and last the one past the highest bound (as in OTLP)
   * @param sum the sum of the observed values
   * @throws RangeError when there are not as many counts as buckets, plus one
   */
  merge(counts: readonly number[], sum: number): void {
    if (counts.length !== this.counts.length + 1) {
      throw new RangeError(`${this.counts.length + 1} bucket counts are needed, not ${counts.length}`);
    }
    for (let i = 0; i < this.counts.length; i++) this.counts[i]! += counts[i]!;
    for (const count of counts) this.count += count;
    this.sum += sum;
  }
}

interface Sample {
  metricName?: string;
  labels: Record<string, string | number>;
  value: number;
}

/** A metric's series by their resolved label values. */
export class Family<L extends LabelValues, S> {
  readonly #metric: Metric<L>;
  readonly #slots: Slots;
  readonly #make: () => S;
  readonly #overflow: (metric: string) => void;
  readonly #series = new Map<string, { values: readonly string[]; series: S }>();

  constructor(metric: Metric<L>, slots: Slots, make: () => S, overflow: (metric: string) => void) {
    this.#metric = metric;
    this.#slots = slots;
    this.#make = make;
    this.#overflow = overflow;
    for (const values of enumCombinations(metric.labels)) this.#open(values);
  }

  /** The series of these labels; keep it, so that the hot path does not look it up again. */
  series(...[labels]: LabelArguments<L>): S {
    const { values, folded } = resolve(this.#metric.labels, labels ?? {}, this.#slots);
    if (folded) this.#overflow(this.#metric.name);
    return this.#open(values);
  }

  /** All series with their labels. */
  *entries(): Generator<[Record<string, string>, S]> {
    const names = Object.keys(this.#metric.labels);
    for (const { values, series } of this.#series.values()) {
      yield [Object.fromEntries(names.map((name, i) => [name, values[i]!])), series];
    }
  }

  #open(values: readonly string[]): S {
    const key = JSON.stringify(values);
    let entry = this.#series.get(key);
    if (!entry) {
      entry = { values, series: this.#make() };
      this.#series.set(key, entry);
    }
    return entry.series;
  }
}

/** Options of {@link createPrometheusMetrics}. */
export interface PrometheusMetricsOptions {
  /** Where the metrics are registered; a registry of their own by default. */
  readonly registry?: Registry;
  /** The counter of folded series. */
  readonly overflow?: CounterMetric<{ metric: string }>;
}

/** The schema's metrics in a prom-client registry, counted in plain numbers and read when scraped. */
export class PrometheusMetrics {
  readonly registry: Registry;
  readonly #slots = new Slots();
  readonly #families = new Map<string, unknown>();
  readonly #overflow: Family<{ metric: string }, CounterSeries> | undefined;

  constructor(options: PrometheusMetricsOptions = {}) {
    this.registry = options.registry ?? new Registry();
    if (options.overflow) this.#overflow = this.counter(options.overflow);
  }

  /** The series of a counter. */
  counter<L extends LabelValues>(metric: CounterMetric<L>): Family<L, CounterSeries> {
    return this.#family(
      metric,
      () => new CounterSeries(),
      (labels, series) => [{ labels, value: series.value }],
    );
  }

  /** The series of a gauge. */
  gauge<L extends LabelValues>(metric: GaugeMetric<L>): Family<L, GaugeSeries> {
    return this.#family(
      metric,
      () => new GaugeSeries(),
      (labels, series) => [{ labels, value: series.value }],
    );
  }

  /** The series of a histogram. */
  histogram<L extends LabelValues>(metric: HistogramMetric<L>): Family<L, HistogramSeries> {
    return this.#family(
      metric,
      () => new HistogramSeries(metric.buckets),
      (labels, series) => {
        let cumulative = 0;
        const samples: Sample[] = metric.buckets.map((le, i) => {
          cumulative += series.counts[i]!;
          return { metricName: `${metric.name}_bucket`, labels: { ...labels, le }, value: cumulative };
        });
        samples.push(
          { metricName: `${metric.name}_bucket`, labels: { ...labels, le: '+Inf' }, value: series.count },
          { metricName: `${metric.name}_sum`, labels, value: series.sum },
          { metricName: `${metric.name}_count`, labels, value: series.count },
        );
        return samples;
      },
    );
  }

  /** The text a scrape gets, and its content type. */
  async render(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  #family<L extends LabelValues, S>(
    metric: Metric<L>,
    make: () => S,
    samples: (labels: Record<string, string>, series: S) => Sample[],
  ): Family<L, S> {
    const known = this.#families.get(metric.name);
    if (known) return known as Family<L, S>;
    const family = new Family<L, S>(metric, this.#slots, make, (name) => {
      this.#overflow?.series({ metric: name }).add();
    });
    this.#families.set(metric.name, family);
    const exported = {
      name: metric.name,
      help: metric.description,
      type: metric.kind,
      aggregator: 'sum',
      get: () => ({
        name: metric.name,
        help: metric.description,
        type: metric.kind,
        aggregator: 'sum',
        values: [...family.entries()].flatMap(([labels, series]) => samples(labels, series)),
      }),
      reset: () => {},
    };
    this.registry.registerMetric(exported as never);
    return family;
  }
}

/** The schema's metrics in a prom-client registry. */
export function createPrometheusMetrics(options?: PrometheusMetricsOptions): PrometheusMetrics {
  return new PrometheusMetrics(options);
}
