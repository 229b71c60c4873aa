import {
  client,
  type CounterHandle,
  type CounterMetric,
  type HistogramHandle,
  type HistogramMetric,
  type Instruments,
  type LabelValues,
  type Metric,
} from '@moq-observability/moq-metrics';
import { createOtelMetrics, otelViews } from '@moq-observability/moq-metrics/otel';
import { JsonMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import type { ClientCounter, ClientHistogram, ClientLabels, Meters } from './meters.ts';
import { SCOPE } from './resource.ts';

/** The metrics of players by their keys. */
const METRICS: typeof client = client;

/** The schema's instruments on an SDK of OpenTelemetry that tells increments, when it is asked. */
export class OtelMeters implements Meters {
  readonly #reader = new DeltaReader();
  readonly #provider: MeterProvider;
  readonly #instruments: Instruments;
  readonly #counters = new Map<string, CounterHandle>();
  readonly #histograms = new Map<string, HistogramHandle>();

  constructor() {
    this.#provider = new MeterProvider({ readers: [this.#reader], views: otelViews(measured()) });
    this.#instruments = createOtelMetrics(this.#provider.getMeter(SCOPE.name, SCOPE.version), {
      terse: true,
    });
  }

  add<Key extends ClientCounter>(metric: Key, labels: ClientLabels<Key>, amount = 1): void {
    const key = metric + JSON.stringify(labels);
    let handle = this.#counters.get(key);
    if (!handle) {
      const definition: CounterMetric<LabelValues> = METRICS[metric];
      handle = this.#instruments.counter(definition).series(labels);
      this.#counters.set(key, handle);
    }
    handle.add(amount);
  }

  observe<Key extends ClientHistogram>(metric: Key, labels: ClientLabels<Key>, value: number): void {
    this.observeAll(metric, labels, [value]);
  }

  /** Observes several values in a histogram. */
  observeAll<Key extends ClientHistogram>(
    metric: Key,
    labels: ClientLabels<Key>,
    values: readonly number[],
  ): void {
    const key = metric + JSON.stringify(labels);
    let handle = this.#histograms.get(key);
    if (!handle) {
      const definition: HistogramMetric<LabelValues> = METRICS[metric];
      handle = this.#instruments.histogram(definition).series(labels);
      this.#histograms.set(key, handle);
    }
    for (const value of values) handle.observe(value);
  }

  /** What was added since the last time, as the body of a report; undefined when nothing was. */
  async collect(resource: Readonly<Record<string, string>>): Promise<string | undefined> {
    const { resourceMetrics } = await this.#reader.collect();
    if (resourceMetrics.scopeMetrics.length === 0) return undefined;
    const request = { ...resourceMetrics, resource: resourceFromAttributes({ ...resource }) };
    return text(JsonMetricsSerializer.serializeRequest(request));
  }

  async close(): Promise<void> {
    await this.#provider.shutdown();
  }
}

/** The metrics of players that are told in increments. */
function measured(): Metric[] {
  return Object.values(client).filter(
    (value) => typeof value === 'object' && 'kind' in value && value.kind !== 'gauge',
  ) as Metric[];
}

/** Reads when it is told to. */
class DeltaReader extends MetricReader {
  constructor() {
    super({ aggregationTemporalitySelector: () => AggregationTemporality.DELTA });
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** What a serializer of OTLP/JSON made. */
export function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder().decode(bytes);
}
