/**
 * Counting in plain numbers, and what Prometheus gets when it scrapes.
 *
 * @module
 */
export {
  type CounterFamily,
  createPrometheusMetrics,
  EVENT_LOOP_PRECISION,
  type GaugeFamily,
  type HistogramFamily,
  PrometheusMetrics,
  type PrometheusMetricsOptions,
  type Rendered,
} from './prometheus/metrics.ts';
export { CounterSeries, type ExemplarLabels, GaugeSeries, HistogramSeries } from './prometheus/series.ts';
export type { Family } from './series/family.ts';
