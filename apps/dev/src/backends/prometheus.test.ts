import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../paths.ts';
import { provideNative } from './native.ts';
import { moveTargets, preparePrometheus } from './prometheus.ts';

const cache = join(root, '.cache/native');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-prometheus-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('targets move with the ports of their jobs', () => {
  const groups = [
    { labels: { job: 'moq-relay' }, targets: ['127.0.0.1:9464', '127.0.0.2:9464'] },
    { labels: { job: 'node' }, targets: ['127.0.0.1:9100'] },
  ];
  expect(moveTargets(groups, { 'moq-relay': 1234 })).toEqual([
    { labels: { job: 'moq-relay' }, targets: ['127.0.0.1:1234', '127.0.0.2:1234'] },
    { labels: { job: 'node' }, targets: ['127.0.0.1:9100'] },
  ]);
});

test(
  'Prometheus itself finds nothing wrong with the configuration, and both targets',
  { timeout: 180_000 },
  async () => {
    const command = await preparePrometheus({
      port: 19090,
      targets: { 'moq-relay': 1234, 'moq-collector': 5678 },
      folder,
      cache,
      say: () => {},
      signal: new AbortController().signal,
    });
    expect(command).toMatchObject({ args: expect.arrayContaining(['--web.listen-address=127.0.0.1:19090']) });
    const { path: promtool } = await provideNative('promtool', { cache });
    const { stdout } = await promisify(execFile)(promtool, [
      'check',
      'config',
      join(folder, 'prometheus.yml'),
    ]);
    expect(stdout).toContain('SUCCESS');
    const targets = JSON.parse(await readFile(join(folder, 'targets/native.json'), 'utf8')) as {
      targets: string[];
    }[];
    expect(targets.flatMap((group) => group.targets)).toEqual(['127.0.0.1:1234', '127.0.0.1:5678']);
  },
);
