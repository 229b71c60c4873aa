import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../paths.ts';
import { shorten, shortenQuery, shortenRules } from './speed.ts';

test.each([
  ['5m', '10s'],
  ['1h30m', '180s'],
  ['15s', '1s'],
  ['500ms', '1s'],
  ['0s', '0s'],
])('%s is %s at thirty times the speed', (long, short) => {
  expect(shorten(long, 30)).toBe(short);
});

test('ranges keep enough samples for a rate, and names that end in one stay', () => {
  expect(
    shortenQuery('rate(x[5m]) + max_over_time(stream:y:rate5m[1m:15s] offset 1h) + z{a="b"}[1h:]', 30),
  ).toBe('rate(x[10s]) + max_over_time(stream:y:rate5m[5s:1s] offset 120s) + z{a="b"}[120s:]');
});

test('rules keep everything but their times', async () => {
  const text = await readFile(join(root, 'observability/prometheus-alerts.yml'), 'utf8');
  const once = parse(shortenRules(text, 1)) as { groups: { rules: { alert: string; for: string }[] }[] };
  const [group] = (parse(shortenRules(text, 30)) as typeof once).groups;
  expect(group!.rules.map(({ alert }) => alert)).toEqual(once.groups[0]!.rules.map(({ alert }) => alert));
  const down = group!.rules.find(({ alert }) => alert === 'RelayDown')!;
  const before = once.groups[0]!.rules.find(({ alert }) => alert === 'RelayDown')!;
  expect(down).toEqual({ ...before, for: shorten(before.for, 30) });
});
