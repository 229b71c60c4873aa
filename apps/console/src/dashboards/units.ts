import type { Unit } from '@moq-observability/dashboards';
import { bits, bytes, count, number, ratio, seconds } from '../format.ts';

/** How numbers of each unit are written. */
const FORMATS: Readonly<Record<Unit, (value: number) => string>> = {
  s: seconds,
  By: bytes,
  'By/s': (value) => `${bytes(value)}/s`,
  'bits/s': bits,
  ratio,
  count: (value) => (Number.isInteger(value) ? count(value) : number(value)),
  per_second: (value) => `${number(value)}/s`,
  per_hour: (value) => `${number(value)}/h`,
  cores: number,
  burn: (value) => `${number(value)}×`,
  health: (value) => ['good', 'warning', 'critical'][Math.round(value)] ?? number(value),
};

/** How numbers of a unit are written. */
export function formatOf(unit: Unit): (value: number) => string {
  return FORMATS[unit];
}
