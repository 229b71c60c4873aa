import type { LabelValues } from '../labels.ts';

/** The two text formats a scrape may get. */
export type Format = 'text' | 'openmetrics';

/** What a scrape gets, and what it is told that this is. */
export interface Negotiated {
  readonly format: Format;
  readonly contentType: string;
}

const OPENMETRICS = 'application/openmetrics-text';

/**
 * Chooses the format by the `Accept` header of a scrape. The answer names its version, and the escaping of names that
 * was asked for: the schema's names look the same under either.
 */
export function negotiate(accept = ''): Negotiated {
  let best: { range: string; quality: number } = { range: '', quality: 0 };
  for (const range of accept.slice(0, 1000).toLowerCase().split(',')) {
    const known = /^\s*(application\/openmetrics-text|text\/plain|text\/\*|\*\/\*)\s*(;|$)/.test(range);
    const quality = Number(/;\s*q=([\d.]+)/.exec(range)?.[1] ?? 1);
    if (known && quality > best.quality) best = { range, quality };
  }
  const escaping = /;\s*escaping=(allow-utf-8|underscores)\s*(?:;|$)/.exec(best.range)?.[1];
  const parameters = `charset=utf-8${escaping ? `; escaping=${escaping}` : ''}`;
  if (!best.range.trim().startsWith(OPENMETRICS)) {
    return { format: 'text', contentType: `text/plain; version=0.0.4; ${parameters}` };
  }
  const version = /;\s*version=0\.0\.1\s*(?:;|$)/.test(best.range) ? '0.0.1' : '1.0.0';
  return { format: 'openmetrics', contentType: `${OPENMETRICS}; version=${version}; ${parameters}` };
}

/** The name the lines about a whole metric go by: OpenMetrics keeps `_total` for the samples. */
export function familyName(format: Format, name: string, kind: string): string {
  return format === 'openmetrics' && kind === 'counter' && name.endsWith('_total') ? name.slice(0, -6) : name;
}

/** The `HELP` and `TYPE` lines of a metric. */
export function headerText(format: Format, name: string, kind: string, help: string): string {
  const family = familyName(format, name, kind);
  const text = help.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);
  const escaped = format === 'openmetrics' ? text.replaceAll('"', String.raw`\"`) : text;
  const type = format === 'openmetrics' && kind === 'untyped' ? 'unknown' : kind;
  return `# HELP ${family} ${escaped}\n# TYPE ${family} ${type}\n`;
}

/** Labels as they stand between the braces. */
export function labelsText(labels: LabelValues): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escape(value)}"`)
    .join(',');
}

/** A number as Prometheus reads it. */
export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

/**
 * A bucket's bound as the value of `le`, in the one form that every version of Prometheus leaves alone: `1.0`, `0.25`,
 * `1e+06`. Queries that select a bucket use it too.
 */
export function boundText(bound: number): string {
  if (!Number.isFinite(bound)) return numberText(bound);
  const size = Math.abs(bound);
  if (size >= 1e6 || (size < 1e-4 && size > 0))
    return bound.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function escape(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('"', String.raw`\"`);
}
