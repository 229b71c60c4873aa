import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { relay } from '@moq-observability/moq-metrics';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root, verdict, type Verdict } from '../testing/tool.ts';
import { bringUpToDate, staleness } from './write.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-generate-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function listing(): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .toSorted();
}

test('what is new or different is written, what is left over goes, and the rest stays as it is', async () => {
  const files = ['one', 'two'].map((name) => ({ path: `out/${name}.yml`, text: `${name}\n` }));
  await bringUpToDate(folder, await staleness(folder, files, ['out']));
  expect(await listing()).toEqual(['out/one.yml', 'out/two.yml']);
  expect(await staleness(folder, files, ['out'])).toEqual({ write: [], remove: [] });

  await writeFile(join(folder, 'out/left-over.yml'), '');
  await writeFile(join(folder, 'out/two.yml'), 'edited\n');
  const stale = await staleness(folder, files, ['out']);
  expect(stale).toEqual({ write: [files[1]], remove: ['out/left-over.yml'] });
  await bringUpToDate(folder, stale);
  expect(await listing()).toEqual(['out/one.yml', 'out/two.yml']);
  expect(await readFile(join(folder, 'out/two.yml'), 'utf8')).toBe('two\n');
});

/** Generates in a copy of the package, in which one file has been edited. */
async function generateWith(file: string, from: string, to: string): Promise<Verdict> {
  const copy = join(folder, 'packages/dashboards');
  const original = join(root, 'packages/dashboards');
  await mkdir(copy, { recursive: true });
  for (const part of ['src', 'scripts', 'package.json']) {
    await cp(join(original, part), join(copy, part), { recursive: true });
  }
  await symlink(join(original, 'node_modules'), join(copy, 'node_modules'));
  const text = await readFile(join(copy, file), 'utf8');
  expect(text).toContain(from);
  await writeFile(join(copy, file), text.replace(from, to));
  return verdict(process.execPath, ['scripts/generate.ts'], copy);
}

test('what is in the repository is what the model gives', async () => {
  const script = join(root, 'packages/dashboards/scripts/generate.ts');
  const { stderr } = await promisify(execFile)(process.execPath, [script, '--check']);
  expect(stderr).toBe('');
});

test.each<[what: string, file: string, from: string, to: string, said: string]>([
  [
    'a label its metric does not have',
    'src/rules/traffic.ts',
    'query: sum(select(relay.activeSubscribers), byStream)',
    "query: sum(select(relay.activeSubscribers), ['region'])",
    `stream:moq_viewers:sum: ${relay.activeSubscribers.name} has no label "region"`,
  ],
  [
    'an alert without a runbook',
    'src/alerts/collector-down.ts',
    'runbook: {',
    'runbook: undefined, not: {',
    'CollectorDown: a runbook is missing',
  ],
  [
    'an alert that is not in the list',
    'src/alerts/index.ts',
    '  collectorDown,\n  telemetryMissing',
    '  telemetryMissing',
    'CollectorDown: it is not defined',
  ],
  [
    'a uid that is there twice',
    'src/dashboards/slo.ts',
    "uid: 'moq-slo'",
    "uid: 'moq-relay'",
    'moq-relay: there are two of this dashboard',
  ],
  [
    'a threshold without a unit',
    'src/dashboards/pipeline.ts',
    "unit: 's',\n      lines: [\n",
    'lines: [\n',
    'latency-p95-now: thresholds without a unit',
  ],
  [
    'a dashboard that would not do in Grafana',
    'src/dashboards/telemetry.ts',
    "rate(client.latencyUnavailable, { by: ['reason'] })",
    "rate(client.latencyUnavailable, { by: ['reason'], over: '5m' })",
    'panel "Latency that could not be told": query A takes a rate over a window of its own',
  ],
])('%s: one line says so, and nothing is written', async (_, file, from, to, said) => {
  const { ok, output } = await generateWith(file, from, to);
  expect(ok).toBe(false);
  expect(output.trim().split('\n')).toHaveLength(1);
  expect(output).toContain(said);
  expect(await listing()).not.toContainEqual(expect.stringMatching(/^(observability|docs)/));
});
