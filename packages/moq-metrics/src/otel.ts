/** The schema's metrics as instruments of an OpenTelemetry meter. This module loads nothing of OpenTelemetry. */
import type { Meter, MetricOptions } from '@opentelemetry/api';
import {
  type CounterMetric,
  DefinitionError,
  type GaugeMetric,
  type HistogramMetric,
  type Metric,
} from './define.ts';
import { isEnum, type LabelValues } from './labels.ts';
import { otelName } from './otel-name.ts';
import { type AnyFamily, Family } from './series/family.ts';
import type {
  CounterHandle,
  GaugeHandle,
  Handle,
  HistogramHandle,
  Instruments,
} from './series/instruments.ts';
import { Slots } from './series/slots.ts';

/** Options of {@link createOtelMetrics}. */
export interface OtelMetricsOptions {
  /** Counts the handles that were opened on `__other__` instead of what they asked for. */
  readonly overflow?: CounterMetric<{ metric: string }>;
  /** Leaves out what a collector that has the schema knows: descriptions, and the namespace beside a broadcast. */
  readonly terse?: boolean;
}

/** A series: its labels, and what it says if it is a gauge's. */
interface Cell {
  readonly attributes: Record<string, string>;
  value: number;
}

/** What a handle does besides being closed; `isOpen` tells whether it is not. */
type Counting<H extends Handle> = (cell: Cell, isOpen: () => boolean) => Omit<H, keyof Handle>;

/** The schema's metrics on a meter. */
class OtelMetrics implements Instruments {
  readonly #meter: Meter;
  readonly #terse: boolean;
  readonly #families = new Map<string, AnyFamily>();
  readonly #overflow: Family<{ metric: string }, CounterHandle> | undefined;
  /** An SDK keeps what it once counted, so slots are never given up: no time passes. */
  readonly #slots = new Slots(
    () => 0,
    () => {},
  );

  constructor(meter: Meter, { overflow, terse = false }: OtelMetricsOptions) {
    this.#meter = meter;
    this.#terse = terse;
    this.#overflow = overflow && this.counter(overflow);
  }

  counter<L extends LabelValues>(metric: CounterMetric<L>): Family<L, CounterHandle> {
    return this.#family(metric, (name, options) => {
      const instrument = this.#meter.createCounter(name, options);
      return ({ attributes }, isOpen) => ({
        add: (amount = 1): void => {
          if (amount >= 0 && Number.isFinite(amount) && isOpen()) instrument.add(amount, attributes);
        },
      });
    });
  }

  gauge<L extends LabelValues>(metric: GaugeMetric<L>): Family<L, GaugeHandle> {
    return this.#family(metric, (name, options) => {
      const instrument = this.#meter.createGauge(name, options);
      return (cell, isOpen) => {
        const set = (value: number): void => {
          if (!isOpen()) return;
          cell.value = value;
          instrument.record(value, cell.attributes);
        };
        return {
          set,
          add: (amount = 1): void => {
            if (Number.isFinite(amount)) set(cell.value + amount);
          },
        };
      };
    });
  }

  histogram<L extends LabelValues>(metric: HistogramMetric<L>): Family<L, HistogramHandle> {
    return this.#family(metric, (name, options) => {
      const advice = { explicitBucketBoundaries: [...metric.buckets] };
      const instrument = this.#meter.createHistogram(name, { ...options, advice });
      return ({ attributes }, isOpen) => ({
        observe: (value): void => {
          if (Number.isFinite(value) && isOpen()) instrument.record(value, attributes);
        },
      });
    });
  }

  #family<L extends LabelValues, H extends Handle>(
    metric: Metric<L>,
    instrument: (name: string, options: MetricOptions) => Counting<H>,
  ): Family<L, H> {
    const known = this.#families.get(metric.name);
    if (known && known.metric === metric) return known as Family<L, H, Cell>;
    if (known) throw new DefinitionError(metric.name, 'registered twice');
    const { description, unit } = metric;
    const counting = instrument(otelName(metric), { unit, ...(!this.#terse && { description }) });
    const family = new Family<L, H, Cell>(
      metric,
      this.#slots,
      {
        zeros: false,
        create: (labels) => ({ attributes: this.#attributes(labels), value: 0 }),
        absorb: () => {},
        open: (cell, release) => {
          let isOpen = true;
          const close = (): void => {
            if (isOpen) release();
            isOpen = false;
          };
          return { ...counting(cell, () => isOpen), close, [Symbol.dispose]: close } as H;
        },
      },
      () => this.#overflow?.series({ metric: metric.name }).add(),
    );
    this.#families.set(metric.name, family);
    return family;
  }

  #attributes({ ...labels }: LabelValues): Record<string, string> {
    const { namespace: _namespace, ...others } = labels;
    return this.#terse && labels['broadcast'] !== undefined ? others : labels;
  }
}

/**
 * The schema's metrics on a meter: instruments by their OpenTelemetry names, with the schema's units and buckets.
 * Labels are held against the schema and capped as everywhere.
 */
export function createOtelMetrics(meter: Meter, options: OtelMetricsOptions = {}): Instruments {
  return new OtelMetrics(meter, options);
}

/** A view of a metric, as `MeterProvider` of `@opentelemetry/sdk-metrics` takes it. */
export interface View {
  readonly instrumentName: string;
  readonly aggregationCardinalityLimit: number;
  readonly aggregation?: {
    /** `AggregationType.EXPLICIT_BUCKET_HISTOGRAM` */
    readonly type: 4;
    readonly options: { readonly boundaries: number[]; readonly recordMinMax: boolean };
  };
}

/**
 * The views an SDK needs for exactly the schema's series: the buckets of histograms for one that takes no advice, and
 * room for as many series as the caps allow.
 */
export function otelViews(metrics: Iterable<Metric>): View[] {
  return [...metrics].map((metric) => ({
    instrumentName: otelName(metric),
    aggregationCardinalityLimit: cardinality(metric) + 1,
    ...(metric.kind === 'histogram' && {
      aggregation: { type: 4, options: { boundaries: [...metric.buckets], recordMinMax: false } },
    }),
  }));
}

/** The most series a metric can have: a label that lies within another of the metric decides on that, too. */
function cardinality(metric: Metric): number {
  const labels = Object.values(metric.labels);
  return labels
    .filter((label) => !labels.some((other) => !isEnum(other) && other.within?.label === label))
    .reduce((product, label) => product * ((isEnum(label) ? label.length : label.limit) + 1), 1);
}
