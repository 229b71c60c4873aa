import type { ThresholdsConfig, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import { MappingType, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Thresholds } from '../../model/observable.ts';
import type { Unit } from '../../unit.ts';
import { COLORS, HEALTH } from '../names.ts';

const GRAFANA_UNITS: Readonly<Record<Unit, string>> = {
  s: 's',
  By: 'bytes',
  'By/s': 'binBps',
  'bits/s': 'bps',
  ratio: 'percentunit',
  count: 'short',
  per_second: 'suffix: /s',
  per_hour: 'suffix: /h',
  cores: 'suffix: cores',
  burn: 'suffix: ×',
  health: 'none',
};

/** What Grafana calls a unit. */
export function grafanaUnit(unit: Unit): string {
  return GRAFANA_UNITS[unit];
}

/** The names of the states of a unit that has states. */
export function mappingsOf(unit: Unit): ValueMapping[] {
  if (unit !== 'health') return [];
  const options = Object.fromEntries(HEALTH.map(({ text, color }, index) => [index, { text, color, index }]));
  return [{ type: MappingType.ValueToText, options }];
}

/** Colours by value, from minus infinity upwards. */
export function steps(thresholds: Thresholds | undefined): ThresholdsConfig {
  return { mode: ThresholdsMode.Absolute, steps: stepsOf(thresholds) };
}

function stepsOf(thresholds: Thresholds | undefined): ThresholdsConfig['steps'] {
  if (!thresholds) return [{ value: null, color: COLORS.good }];
  const { worse, warning, critical } = thresholds;
  const bounds = [
    ...(warning === undefined ? [] : [{ value: warning, color: COLORS.warning }]),
    ...(critical === undefined ? [] : [{ value: critical, color: COLORS.critical }]),
  ];
  if (worse === 'above') return [{ value: null, color: COLORS.good }, ...bounds];
  // Below a bound it has the colour of the bound, so each step begins with the colour of the next better one.
  const worstFirst = bounds.toReversed();
  const colors = [...worstFirst.map(({ color }) => color), COLORS.good];
  return colors.map((color, i) => ({ value: worstFirst[i - 1]?.value ?? null, color }));
}
