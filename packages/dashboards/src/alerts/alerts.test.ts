import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ruleFiles } from '../generate/rules.ts';
import { ruleGroups } from '../rules/index.ts';
import { defaultSite } from '../site.ts';
import { backend, verdict } from '../testing/tool.ts';
import { alerts } from './index.ts';

let folder: string;
let promtool: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-alerts-'));
  promtool = await backend('promtool');
  for (const { path, text } of ruleFiles(ruleGroups, alerts, defaultSite)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}, 180_000);
afterAll(() => rm(folder, { recursive: true }));

test('promtool finds nothing wrong with the rules', async () => {
  const { ok, output } = await verdict(
    promtool,
    ['check', 'rules', 'observability/prometheus-rules.yml', 'observability/prometheus-alerts.yml'],
    folder,
  );
  expect(output).toMatch(/SUCCESS: \d+ rules found[\s\S]*SUCCESS: \d+ rules found/);
  expect(ok).toBe(true);
});

test.each(alerts.map(({ name }) => [name]))(
  '%s fires when it should, and only then',
  { timeout: 60_000 },
  async (name) => {
    const { ok, output } = await verdict(
      promtool,
      ['test', 'rules', `observability/tests/${name}.yml`],
      folder,
    );
    expect(output).toContain('SUCCESS');
    expect(ok).toBe(true);
  },
);
