import type { Metric } from './define.ts';

/** How Prometheus writes the units the schema uses, at the end of a name. */
const UNIT_SUFFIXES: Readonly<Record<string, string>> = {
  s: '_seconds',
  By: '_bytes',
  'bits/s': '_bits_per_second',
};

/**
 * The name a metric goes by over OTLP: the first two `_` become dots, `_total` and the unit's suffix go.
 * `moq_client_startup_time_seconds` is `moq.client.startup_time` with unit `s`; Prometheus' translation
 * (UnderscoreEscapingWithSuffixes) gives the Prometheus name back.
 */
export function otelName(metric: Pick<Metric, 'name' | 'unit' | 'kind'>): string {
  const suffix = UNIT_SUFFIXES[metric.unit] ?? '';
  const name = metric.kind === 'counter' ? withoutEnd(metric.name, '_total') : metric.name;
  return withoutEnd(name, suffix).replace('_', '.').replace('_', '.');
}

function withoutEnd(text: string, end: string): string {
  return end && text.endsWith(end) ? text.slice(0, -end.length) : text;
}
