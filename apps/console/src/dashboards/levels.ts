import type { Thresholds } from '@moq-observability/dashboards';
import type { ThresholdLine } from '../chart/line-chart.tsx';

/** How bad a number is. */
export type NumberLevel = 'good' | 'warn' | 'bad';

/** How bad a number is by its thresholds; `undefined` without any, and of numbers that are none. */
export function levelOf(
  value: number | undefined,
  thresholds: Thresholds | undefined,
): NumberLevel | undefined {
  if (!thresholds || value === undefined || !Number.isFinite(value)) return undefined;
  const { worse, warning, critical } = thresholds;
  const isPast = (bound: number | undefined): boolean =>
    bound !== undefined && (worse === 'above' ? value >= bound : value < bound);
  if (isPast(critical)) return 'bad';
  return isPast(warning) ? 'warn' : 'good';
}

/** The lines that thresholds are in a picture. */
export function thresholdLines(thresholds: Thresholds | undefined): readonly ThresholdLine[] {
  if (!thresholds) return [];
  const { warning, critical } = thresholds;
  return [
    ...(warning === undefined ? [] : [{ value: warning, level: 'warn' as const }]),
    ...(critical === undefined ? [] : [{ value: critical, level: 'bad' as const }]),
  ];
}
