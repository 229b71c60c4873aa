import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import { dashboards, expand, patternOf } from './index.ts';

test('a page can have the model: it needs nothing of Node, and nothing that writes files', async () => {
  const input = fileURLToPath(new URL('index.ts', import.meta.url));
  const build = await rolldown({ input, platform: 'browser', external: [/^node:/] });
  const { output } = await build.generate({ minify: true });
  await build.close();
  expect(output[0].imports).toEqual([]);
  const foreign = output[0].moduleIds.filter((id) => id.includes('node_modules') || id.includes('/emit/'));
  expect(foreign).toEqual([]);
});

test('what was chosen is written into a query as a pattern', () => {
  const values = { broadcast: patternOf(['a/b.hang', 'c"d']), __range: '1h' };
  expect(
    expand('x{broadcast=~"$broadcast"}[$__range] + label_replace(y, "a", "$1", "b", "(.*)")', values),
  ).toBe(String.raw`x{broadcast=~"a/b\\.hang|c\"d"}[1h] + label_replace(y, "a", "$1", "b", "(.*)")`);
  expect(expand('x{broadcast=~"$broadcast"}', { broadcast: patternOf([]) })).toBe('x{broadcast=~".*"}');
});

test('every variable a dashboard asks for can be replaced', () => {
  for (const { rows } of dashboards) {
    for (const panel of rows.flatMap(({ panels }) => panels)) {
      if (panel.kind !== 'metrics') continue;
      for (const { query } of panel.observable.lines) expect(expand(query.text, {})).not.toMatch(/\$[a-z_]/i);
    }
  }
});
