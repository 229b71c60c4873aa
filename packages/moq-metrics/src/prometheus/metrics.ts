import { Registry } from 'prom-client';
import type { CounterMetric, GaugeMetric, HistogramMetric, Metric } from '../define.ts';
import { DefinitionError } from '../define.ts';
import { negotiate } from '../exposition/format.ts';
import type { BoundedLabel, LabelValues } from '../labels.ts';
import { type AnyFamily, type Cells, Family } from '../series/family.ts';
import { Slots } from '../series/slots.ts';
import { blocksOf, chunksOf, foreignLines } from './render.ts';
import { CounterSeries, GaugeSeries, HistogramSeries } from './series.ts';
import { type Cell, Table } from './table.ts';

/** The series of a counter. */
export type CounterFamily<L extends LabelValues> = Family<L, CounterSeries, Cell>;
/** The series of a gauge. */
export type GaugeFamily<L extends LabelValues> = Family<L, GaugeSeries, Cell>;
/** The series of a histogram. */
export type HistogramFamily<L extends LabelValues> = Family<L, HistogramSeries, Cell>;

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
export class Rendered {
  readonly contentType: string;
  /** The page, some of it at a time. Can be read once. */
  readonly body: AsyncIterable<string>;

  constructor(contentType: string, body: AsyncIterable<string>) {
    this.contentType = contentType;
    this.body = body;
  }

  /** All of the body. */
  async text(): Promise<string> {
    let text = '';
    for await (const chunk of this.body) text += chunk;
    return text;
  }
}

/** The schema's metrics, counted in plain numbers and written down when Prometheus asks. */
export class PrometheusMetrics {
  /** Metrics counted by prom-client itself, such as those of the process. */
  readonly registry: Registry;
  readonly #now: () => number;
  readonly #slots: Slots;
  readonly #onMoved: PrometheusMetricsOptions['onMoved'];
  readonly #overflow: CounterFamily<{ metric: string }> | undefined;
  readonly #families = new Map<string, { readonly family: AnyFamily; readonly table: Table }>();
  readonly #collectors = new Set<() => void>();

  constructor(options: PrometheusMetricsOptions = {}) {
    const { overflow, registry = new Registry(), onMoved, now = Date.now } = options;
    this.registry = registry;
    this.#onMoved = onMoved;
    this.#now = now;
    this.#slots = new Slots(now, (slot) => {
      for (const { family } of this.#families.values()) family.onTaken(slot);
    });
    this.#overflow = overflow && this.counter(overflow);
  }

  /** How many series there are; the buckets of a histogram are one. */
  get size(): number {
    let size = 0;
    for (const { family } of this.#families.values()) size += family.size;
    return size;
  }

  /**
   * The series of a counter.
   *
   * @throws DefinitionError when another metric has the name
   */
  counter<L extends LabelValues>(metric: CounterMetric<L>): CounterFamily<L> {
    return this.#family(metric, 1, (table) => (cell, release) => new CounterSeries(cell, table, release));
  }

  /**
   * The series of a gauge.
   *
   * @throws DefinitionError when another metric has the name
   */
  gauge<L extends LabelValues>(metric: GaugeMetric<L>): GaugeFamily<L> {
    return this.#family(metric, 1, () => (cell, release) => new GaugeSeries(cell, release));
  }

  /**
   * The series of a histogram.
   *
   * @throws DefinitionError when another metric has the name
   */
  histogram<L extends LabelValues>(metric: HistogramMetric<L>): HistogramFamily<L> {
    const { buckets } = metric;
    return this.#family(
      metric,
      buckets.length + 2,
      (table) => (cell, release) => new HistogramSeries(cell, buckets, table, release),
    );
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
    const families = Array.from(this.#families.values(), ({ family: { metric }, table }) => ({
      metric,
      snapshot: table.snapshot(),
    }));
    await turn();
    function* blocks(): Generator<string> {
      for (const { metric, snapshot } of families) yield* blocksOf(format, metric, snapshot);
      for (const metric of foreign) yield* foreignLines(format, metric);
      if (format === 'openmetrics') yield '# EOF\n';
    }
    return new Rendered(contentType, chunksOf(blocks(), turn));
  }

  #family<L extends LabelValues, Handle>(
    metric: Metric<L>,
    width: number,
    handles: (table: Table) => Cells<Cell, Handle>['open'],
  ): Family<L, Handle, Cell> {
    const known = this.#families.get(metric.name);
    if (known && known.family.metric === metric) return known.family as Family<L, Handle, Cell>;
    if (known || this.registry.getSingleMetric(metric.name))
      throw new DefinitionError(metric.name, 'registered twice');
    const table = new Table(width, this.#now);
    const cells: Cells<Cell, Handle> = {
      zeros: true,
      create: (labels) => table.open(labels),
      absorb: (into, from) => {
        if (!from.absolute)
          for (let i = 0; i < width; i++) into.numbers[into.at + i]! += from.numbers[from.at + i]!;
        table.close(from);
        this.#onMoved?.(metric, from.labels, into.labels);
      },
      open: handles(table),
    };
    const family = new Family(metric, this.#slots, cells, () => {
      this.#overflow?.series({ metric: metric.name }).add();
    });
    this.#families.set(metric.name, { family, table });
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
