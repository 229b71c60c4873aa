import { expect, test } from 'vitest';
import type { Unit } from '../unit.ts';
import { filled, template } from './template.ts';

test('placeholders become what Prometheus fills in', () => {
  expect(template('{value} of {broadcast}', 'ratio')).toBe(
    '{{ $value | humanizePercentage }} of {{ $labels.broadcast }}',
  );
});

test.each<[value: number, unit: Unit, text: string]>([
  [0.1, 'ratio', '10%'],
  [0.12345, 'ratio', '12.35%'],
  [0.5, 's', '500ms'],
  [0, 's', '0s'],
  [12.5, 's', '12.5s'],
  [150, 's', '2m 30s'],
  [7325, 's', '2h 2m 5s'],
  [90_061, 's', '1d 1h 1m 1s'],
  [3, 'count', '3'],
  [2000, 'count', '2k'],
  [0.5, 'per_second', '0.5'],
  [16_777_216, 'By', '16Mi'],
])('%d in %s is shown as %s', (value, unit, text) => {
  expect(filled('{value}', unit, {}, value)).toBe(text);
});
