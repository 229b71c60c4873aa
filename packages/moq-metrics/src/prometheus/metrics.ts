import { Registry } from 'prom-client';
import type { CounterMetric, GaugeMetric, HistogramMetric, Metric } from '../define.ts';
import { DefinitionError } from '../define.ts';
import { negotiate } from '../exposition/format.ts';
import type { BoundedLabel, LabelValues } from '../labels.ts';
import { type AnyFamily, type Cells, Family } from '../series/family.ts';
import { Slots } from '../series/slots.ts';
import { blocksOf, type Cell, foreignLines, render, snapshot } from './render.ts';
import {
  CounterCell,
  CounterSeries,
  GaugeCell,
  GaugeSeries,
  HistogramCell,
  HistogramSeries,
} from './series.ts';

/** The series of a counter. */
export type CounterFamily<L extends LabelValues> = Family<L, CounterSeries, CounterCell>;
/** The series of a gauge. */
export type GaugeFamily<L extends LabelValues> = Family<L, GaugeSeries, GaugeCell>;
/** The series of a histogram. */
export type HistogramFamily<L extends LabelValues> = Family<L, HistogramSeries, HistogramCell>;

/** Options of {@link createPrometheusMetrics}. */
export interface PrometheusMetricsOptions {
  /** Counts the handles that were opened on `__other__` instead of what they asked for. */
  readonly overflow?: CounterMetric<{ metric: string }>;
  /** Metrics counted by prom-client itself, which are rendered after the schema's; an empty registry by default. */
  readonly registry?: Registry;
  /** Told when a series is given up, and which series what it counted was added to. */
  readonly onMoved?: (metric: Metric, from: LabelValues, into: LabelValues) => void;
  /** A clock, in milliseconds of Unix time; `Date.now` by default. */
  readonly now?: () => number;
}

/** What a scrape gets. */
export interface Rendered {
  readonly contentType: string;
  readonly body: string;
}

/** The schema's metrics, counted in plain numbers and written down when Prometheus asks. */
export class PrometheusMetrics {
  /** Metrics counted by prom-client itself, such as those of the process. */
  readonly registry: Registry;
  readonly #now: () => number;
  readonly #slots: Slots;
  readonly #onMoved: PrometheusMetricsOptions['onMoved'];
  readonly #overflow: CounterFamily<{ metric: string }> | undefined;
  readonly #families = new Map<string, AnyFamily<Cell>>();
  readonly #collectors = new Set<() => void>();

  constructor(options: PrometheusMetricsOptions = {}) {
    const { overflow, registry = new Registry(), onMoved, now = Date.now } = options;
    this.registry = registry;
    this.#onMoved = onMoved;
    this.#now = now;
    this.#slots = new Slots(now, (slot) => {
      for (const family of this.#families.values()) family.onTaken(slot);
    });
    this.#overflow = overflow && this.counter(overflow);
  }

  /** How many series there are; the buckets of a histogram are one. */
  get size(): number {
    let size = 0;
    for (const family of this.#families.values()) size += family.size;
    return size;
  }

  /**
   * The series of a counter.
   *
   * @throws DefinitionError when another metric has the name
   */
  counter<L extends LabelValues>(metric: CounterMetric<L>): CounterFamily<L> {
    return this.#family(metric, {
      zeros: true,
      create: (labels) => new CounterCell(labels),
      absorb: (into, from) => {
        into.value += from.value;
        this.#onMoved?.(metric, from.labels, into.labels);
      },
      open: (cell, release) => new CounterSeries(cell, this.#now, release),
    });
  }

  /**
   * The series of a gauge.
   *
   * @throws DefinitionError when another metric has the name
   */
  gauge<L extends LabelValues>(metric: GaugeMetric<L>): GaugeFamily<L> {
    return this.#family(metric, {
      zeros: true,
      create: (labels) => new GaugeCell(labels),
      absorb: (into, from) => {
        if (!from.absolute) into.value += from.value;
        this.#onMoved?.(metric, from.labels, into.labels);
      },
      open: (cell, release) => new GaugeSeries(cell, release),
    });
  }

  /**
   * The series of a histogram.
   *
   * @throws DefinitionError when another metric has the name
   */
  histogram<L extends LabelValues>(metric: HistogramMetric<L>): HistogramFamily<L> {
    return this.#family(metric, {
      zeros: true,
      create: (labels) => new HistogramCell(labels, metric.buckets.length),
      absorb: (into, from) => {
        from.counts.forEach((count, bucket) => (into.counts[bucket]! += count));
        into.sum += from.sum;
        this.#onMoved?.(metric, from.labels, into.labels);
      },
      open: (cell, release) => new HistogramSeries(cell, metric.buckets, this.#now, release),
    });
  }

  /**
   * Keeps a slot of a bounded label for a value, used or not.
   *
   * @throws RangeError when there is none left for it
   */
  reserve(label: BoundedLabel, value: string): void {
    this.#slots.reserve(label, value);
  }

  /** Has something brought up to date before each scrape; the returned function ends it. */
  onCollect(collect: () => void): () => void {
    this.#collectors.add(collect);
    return () => this.#collectors.delete(collect);
  }

  /**
   * What a scrape gets: all series as they stood at one instant, written down in turns with the rest of the event loop.
   *
   * @param accept the `Accept` header of the scrape: OpenMetrics, with exemplars, when it is preferred
   */
  async render(accept?: string): Promise<Rendered> {
    const { format, contentType } = negotiate(accept);
    const foreign = (await this.registry.getMetricsAsJSON()).filter(({ name }) => !this.#families.has(name));
    await turn();
    for (const collect of this.#collectors) collect();
    const snapshots = [...this.#families.values()].map((family) => snapshot(family.metric, family.cells()));
    function* blocks(): Generator<string> {
      for (const family of snapshots) yield* blocksOf(format, family);
      for (const metric of foreign) yield* foreignLines(format, metric);
      if (format === 'openmetrics') yield '# EOF\n';
    }
    return { contentType, body: await render(blocks(), turn) };
  }

  #family<L extends LabelValues, C extends Cell, Handle>(
    metric: Metric<L>,
    cells: Cells<C, Handle>,
  ): Family<L, Handle, C> {
    const known = this.#families.get(metric.name);
    if (known && known.metric === metric) return known as Family<L, Handle, C>;
    if (known || this.registry.getSingleMetric(metric.name))
      throw new DefinitionError(metric.name, 'registered twice');
    const family = new Family(metric, this.#slots, cells, () => {
      this.#overflow?.series({ metric: metric.name }).add();
    });
    this.#families.set(metric.name, family);
    return family;
  }
}

/** The schema's metrics, counted in plain numbers and written down when Prometheus asks. */
export function createPrometheusMetrics(options?: PrometheusMetricsOptions): PrometheusMetrics {
  return new PrometheusMetrics(options);
}

/** Lets the rest of the event loop have its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
