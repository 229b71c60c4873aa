import {
  type CounterMetric,
  type GaugeMetric,
  type HistogramMetric,
  isEnum,
  type LabelValues,
  type Metric,
} from '@moq-observability/moq-metrics';
import { boundText } from '@moq-observability/moq-metrics/exposition';
import { quoted, type TargetLabel } from '../query/match.ts';
import type { Duration } from '../query/query.ts';

/** The seconds between two samples of a made-up series. */
export const SAMPLE_INTERVAL = 15;

/** A stretch of a made-up past: how long, and how it is then; `gone` is without samples, as when a target is down. */
export type Stretch<T> = readonly [time: Duration, value: T | 'gone'];

/** A made-up series, as promtool reads it. */
export interface Series {
  readonly series: string;
  readonly values: string;
  readonly problems: readonly string[];
}

/** The labels of a made-up series: those of its metric, and where it was scraped from. */
export type SeriesLabels<L extends LabelValues> = L & { readonly [Name in TargetLabel]?: string };

/** A counter that grows by so much a second. */
export function grows<L extends LabelValues>(
  metric: CounterMetric<L>,
  labels: SeriesLabels<NoInfer<L>>,
  ...stretches: readonly Stretch<number>[]
): readonly Series[] {
  return [{ ...named(metric, '', labels), values: growing(stretches) }];
}

/** A gauge that has a value. */
export function holds<L extends LabelValues>(
  metric: GaugeMetric<L>,
  labels: SeriesLabels<NoInfer<L>>,
  ...stretches: readonly Stretch<number>[]
): readonly Series[] {
  return [{ ...named(metric, '', labels), values: stretches.map(holding).join(' ') }];
}

/** A gauge that starts at a value, and goes up or down by so much a second. Unix time moves by 1, and begins at 0. */
export function moves<L extends LabelValues>(
  metric: GaugeMetric<L>,
  labels: SeriesLabels<NoInfer<L>>,
  from: number,
  ...stretches: readonly Stretch<number>[]
): readonly Series[] {
  return [{ ...named(metric, '', labels), values: growing(stretches, from) }];
}

/** A histogram that observes each of these values so many times a second. */
export function observes<L extends LabelValues>(
  metric: HistogramMetric<L>,
  labels: SeriesLabels<NoInfer<L>>,
  ...stretches: readonly Stretch<readonly (readonly [value: number, perSecond: number])[]>[]
): readonly Series[] {
  const upTo = (bound: number): string =>
    growing(
      stretches.map(([time, observed]) => [
        time,
        observed === 'gone'
          ? 'gone'
          : observed.filter(([value]) => value <= bound).reduce((sum, [, times]) => sum + times, 0),
      ]),
    );
  const total = growing(
    stretches.map(([time, observed]) => [
      time,
      observed === 'gone' ? 'gone' : observed.reduce((sum, [value, times]) => sum + value * times, 0),
    ]),
  );
  return [
    ...[...metric.buckets, Number.POSITIVE_INFINITY].map((bound) => ({
      ...named(metric, '_bucket', labels, bound),
      values: upTo(bound),
    })),
    { ...named(metric, '_count', labels), values: upTo(Number.POSITIVE_INFINITY) },
    { ...named(metric, '_sum', labels), values: total },
  ];
}

/** What is shown of a value that is never there. */
function holding([time, value]: Stretch<number>): string {
  const samples = samplesIn(time);
  return value === 'gone' ? `_x${samples}` : `${value}+0x${samples - 1}`;
}

/** A value that grows on from where it was, also over a gap. */
function growing(stretches: readonly Stretch<number>[], from = 0): string {
  let value = from;
  return stretches
    .map(([time, perSecond]) => {
      const samples = samplesIn(time);
      if (perSecond === 'gone') return `_x${samples}`;
      const step = rounded(perSecond * SAMPLE_INTERVAL);
      const start = value;
      value = rounded(value + step * samples);
      return `${start}${step < 0 ? '-' : '+'}${Math.abs(step)}x${samples - 1}`;
    })
    .join(' ');
}

/** Numbers as they are meant, without what binary fractions add. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}

function samplesIn(time: Duration): number {
  const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }[time.slice(-1) as 's' | 'm' | 'h' | 'd'];
  return Math.max(1, Math.round((Number.parseFloat(time) * seconds) / SAMPLE_INTERVAL));
}

function named(
  metric: Metric,
  suffix: string,
  labels: Readonly<Record<string, string | undefined>>,
  bound?: number,
): Omit<Series, 'values'> {
  const problems: string[] = [];
  for (const name of Object.keys(metric.labels)) {
    if (labels[name] === undefined) problems.push(`a test has ${metric.name} without its label ${name}`);
  }
  const parts: string[] = [];
  for (const [name, value] of Object.entries(labels)) {
    if (value === undefined) continue;
    const label = metric.labels[name];
    if (!label && name !== 'job' && name !== 'instance') {
      problems.push(`a test has ${metric.name} with a label ${name}`);
    }
    if (label && isEnum(label) && !label.includes(value)) {
      problems.push(
        `a test has ${metric.name} with ${name} "${value}", which is none of ${label.join(', ')}`,
      );
    }
    parts.push(`${name}=${quoted(value)}`);
  }
  if (bound !== undefined) parts.push(`le=${quoted(boundText(bound))}`);
  return { series: `${metric.name}${suffix}${parts.length > 0 ? `{${parts.join(', ')}}` : ''}`, problems };
}
