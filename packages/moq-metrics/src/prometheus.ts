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
  type Rendered,
} from './prometheus/metrics.ts';
export { collectProcessMetrics } from './prometheus/process-metrics.ts';
export { CounterSeries, type ExemplarLabels, GaugeSeries, HistogramSeries } from './prometheus/series.ts';
export type { Family } from './series/family.ts';
