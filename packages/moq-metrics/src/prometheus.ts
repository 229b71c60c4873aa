/**
 * Counting in plain numbers, and what Prometheus gets when it scrapes.
 *
 * @module
 */
export {
  type CounterFamily,
  createPrometheusMetrics,
  type GaugeFamily,
  type HistogramFamily,
  PrometheusMetrics,
  type PrometheusMetricsOptions,
  Rendered,
} from './prometheus/metrics.ts';
export { collectProcessMetrics } from './prometheus/process-metrics.ts';
export type { ExemplarLabels } from './prometheus/exemplar.ts';
export { CounterSeries, GaugeSeries, HistogramSeries } from './prometheus/series.ts';
export type { Family } from './series/family.ts';
