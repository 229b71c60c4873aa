/**
 * What a number is in.
 *
 * - `s`: seconds
 * - `By`: bytes; `By/s`: bytes a second; `bits/s`: bits a second
 * - `ratio`: a part of one, shown as a percentage
 * - `count`: things; `per_second`: things a second; `per_hour`: things an hour
 * - `cores`: CPU seconds a second
 * - `burn`: how many times as fast as allowed
 * - `health`: 0 good, 1 warning, 2 critical
 */
export type Unit =
  | 's'
  | 'By'
  | 'By/s'
  | 'bits/s'
  | 'ratio'
  | 'count'
  | 'per_second'
  | 'per_hour'
  | 'cores'
  | 'burn'
  | 'health';

/** Whether something is a unit. */
export function isUnit(value: unknown): value is Unit {
  return typeof value === 'string' && UNITS.has(value);
}

const UNITS: ReadonlySet<string> = new Set<Unit>([
  's',
  'By',
  'By/s',
  'bits/s',
  'ratio',
  'count',
  'per_second',
  'per_hour',
  'cores',
  'burn',
  'health',
]);
