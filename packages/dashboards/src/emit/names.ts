/** What numbers and names are called on the page, in Grafana as in Perses. */
import type { Unit } from '../unit.ts';

/** The states of the unit `health`, in order. */
export const HEALTH = [
  { text: 'Good', color: 'green' },
  { text: 'Warning', color: 'orange' },
  { text: 'Critical', color: 'red' },
] as const;

/** The colours of what is good, a warning, critical. */
export const COLORS = { good: 'green', warning: 'orange', critical: 'red' } as const;

/** A number that stays the same as long as the name does: positive, and small enough for every JSON reader. */
export function stableId(name: string): number {
  // FNV-1a, 31 bits.
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 1 || 1;
}

/** A number in its unit, for people. */
export function withUnit(value: number, unit: Unit): string {
  switch (unit) {
    case 'ratio':
      return `${trimmed(value * 100)} %`;
    case 's':
      return value < 1 ? `${trimmed(value * 1000)} ms` : `${trimmed(value)} s`;
    case 'By':
    case 'By/s':
      return `${value >= 1024 ** 2 ? `${trimmed(value / 1024 ** 2)} MiB` : `${trimmed(value)} B`}${unit === 'By/s' ? '/s' : ''}`;
    case 'bits/s':
      return `${trimmed(value / 1e6)} Mbit/s`;
    case 'per_second':
      return `${trimmed(value)} a second`;
    case 'per_hour':
      return `${trimmed(value)} an hour`;
    case 'cores':
      return `${trimmed(value)} cores`;
    case 'burn':
      return `${trimmed(value)} times as fast as may be`;
    case 'health':
      return HEALTH[value]?.text ?? String(value);
    case 'count':
      return trimmed(value);
  }
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(4)));
}
