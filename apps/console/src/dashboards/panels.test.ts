import { dashboards } from '@moq-observability/dashboards';
import { expect, test } from 'vitest';
import { choiceOf, patternsOf, valuesOf } from './chosen.ts';
import { legendOf, seriesName } from './legend.ts';
import { levelOf, thresholdLines } from './levels.ts';
import { formatOf } from './units.ts';

test('how bad a number is follows from its thresholds, in their direction', () => {
  const above = { worse: 'above', warning: 0.01, critical: 0.05 } as const;
  expect([0, 0.01, 0.049, 0.05, Number.NaN].map((value) => levelOf(value, above))).toEqual([
    'good',
    'warn',
    'warn',
    'bad',
    undefined,
  ]);
  const below = { worse: 'below', warning: 0.99, critical: 0.8 } as const;
  expect([1, 0.99, 0.9, 0.79].map((value) => levelOf(value, below))).toEqual(['good', 'good', 'warn', 'bad']);
  expect(levelOf(5, undefined)).toBeUndefined();
  expect(thresholdLines({ worse: 'below', critical: 1 })).toEqual([{ value: 1, level: 'bad' }]);
});

test('legends have the values of labels put in', () => {
  expect(legendOf('{{broadcast}} at {{ instance }}{{none}}', { broadcast: 'a/b', instance: 'r1' })).toBe(
    'a/b at r1',
  );
  expect(seriesName({ __name__: 'x', namespace: 'a', broadcast: 'a/b' })).toBe('broadcast a/b');
  expect(seriesName({})).toBe('all');
});

function named(uid: string): (typeof dashboards)[number] {
  return dashboards.find((each) => each.uid === uid)!;
}

test('choices become patterns that match just them; none is all', () => {
  const patterns = patternsOf(named('moq-pipeline'), { broadcast: choiceOf(['a/b.hang', 'c"d'])! });
  expect(patterns['broadcast']).toBe(String.raw`a/b\\.hang|c\"d`);
  expect(patterns['namespace']).toBe('.*');
  expect(patternsOf(named('moq-debug'), { session: 'abc' })).toMatchObject({ session: 'abc', trace_id: '' });
  expect(valuesOf({ broadcast: 'a\nb' }, 'broadcast')).toEqual(['a', 'b']);
});

test('every unit of every panel can be written', () => {
  for (const dashboard of dashboards) {
    for (const panel of dashboard.rows.flatMap((row) => row.panels)) {
      if (panel.kind !== 'metrics') continue;
      for (const { unit } of [panel.observable, ...panel.observable.lines]) {
        if (unit) expect(formatOf(unit)(1.5)).toMatch(/\S/);
      }
    }
  }
});
