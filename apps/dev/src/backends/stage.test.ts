import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../paths.ts';
import { type NativeTool, provideNative } from './native.ts';
import { moveTargets, stage } from './stage.ts';

const run = promisify(execFile);
const webhook = 'http://127.0.0.1:1/told';
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-stage-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function check(tool: NativeTool, ...args: readonly string[]): Promise<string> {
  const { path } = await provideNative(tool, { cache: join(root, '.cache/native') });
  const { stdout } = await run(path, [...args], { cwd: folder });
  return stdout;
}

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

test.each([1, 30])(
  'Prometheus and Alertmanager find nothing wrong with it at speed %d',
  { timeout: 180_000 },
  async (speed) => {
    const ports = { 'moq-relay': 1234, 'moq-collector': 5678 };
    await stage({ folder, targets: 'native', ports, webhook, speed });
    expect(await check('promtool', 'check', 'config', 'prometheus.yml')).toMatch(/SUCCESS: \d+ rules found/);
    expect(await check('amtool', 'check-config', 'alertmanager.yml')).toContain('SUCCESS');
    const targets = JSON.parse(await readFile(join(folder, 'targets/native.json'), 'utf8')) as {
      targets: string[];
    }[];
    expect(targets.flatMap((group) => group.targets)).toContain('127.0.0.1:1234');
    expect(targets.flatMap((group) => group.targets)).toContain('127.0.0.1:5678');
  },
);

test('routes and inhibitions stay, and everybody who is told of something is the webhook', async () => {
  await stage({ folder, targets: 'docker', ports: {}, webhook, speed: 30 });
  const staged = parse(await readFile(join(folder, 'alertmanager.yml'), 'utf8'));
  const original = parse(await readFile(join(root, 'observability/alertmanager.yml'), 'utf8'));
  expect(staged.inhibit_rules).toEqual(original.inhibit_rules);
  expect(staged.route.routes.map((route: { receiver: string }) => route.receiver)).toEqual(
    original.route.routes.map((route: { receiver: string }) => route.receiver),
  );
  expect(staged.route).toMatchObject({ group_wait: '1s', group_interval: '10s' });
  const webhook_configs = [{ url: webhook, send_resolved: true }];
  for (const receiver of staged.receivers) {
    expect(receiver).toEqual(
      receiver.name === 'nobody' ? { name: 'nobody' } : { name: receiver.name, webhook_configs },
    );
  }
});

test('a Prometheus that runs takes up what is put there anew', { timeout: 60_000 }, async () => {
  const put = (speed: number): Promise<void> =>
    stage({ folder, targets: 'native', ports: {}, webhook, speed });
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  await put(1);
  const { path } = await provideNative('prometheus', { cache: join(root, '.cache/native') });
  const prometheus = spawn(
    path,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  try {
    /** How long relays must have been down, in seconds. */
    const patience = async (): Promise<number | undefined> => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/rules?type=alert`).catch(() => undefined);
      const body = (await response?.json().catch(() => undefined)) as
        | { data: { groups: { rules: { name: string; duration: number }[] }[] } }
        | undefined;
      const rules = body?.data.groups.flatMap((group) => group.rules) ?? [];
      return rules.find(({ name }) => name === 'RelayDown')?.duration;
    };
    await expect.poll(patience, { timeout: 30_000 }).toBe(60);
    await put(30);
    prometheus.kill('SIGHUP');
    await expect.poll(patience, { timeout: 20_000 }).toBe(2);
  } finally {
    const exited = once(prometheus, 'exit');
    prometheus.kill();
    await exited;
  }
});
