import {
  type CounterMetric,
  type HistogramMetric,
  type LabelValues,
  otelName,
  schema,
} from '@moq-observability/moq-metrics';

/** A metric players send: what they counted or observed since their last report. */
export type ReportedMetric = CounterMetric<LabelValues> | HistogramMetric<LabelValues>;

/** The schema's metrics of players, which come under their OpenTelemetry or their Prometheus name. */
export class Catalogue {
  readonly metrics: readonly ReportedMetric[];
  readonly #byName = new Map<string, ReportedMetric>();

  constructor(metrics: readonly ReportedMetric[] = reportedByPlayers()) {
    this.metrics = metrics;
    for (const metric of metrics) {
      this.#byName.set(metric.name, metric).set(otelName(metric), metric);
    }
  }

  /** The metric of this name, if players send it. */
  find(name: string): ReportedMetric | undefined {
    return this.#byName.get(name);
  }
}

/** Whatever the schema says players measure. Gauges are not theirs: a sum of the latest values has no meaning. */
function reportedByPlayers(): ReportedMetric[] {
  return schema()
    .flatMap(({ metrics }) => [...metrics.values()])
    .filter((metric) => metric.owner === 'player')
    .filter((metric) => metric.kind !== 'gauge');
}
