import { relay } from '@moq-observability/moq-metrics';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, root, start } from './process.ts';
import { type Stack, startStack } from './stack.ts';

const left = new Set(['node_modules', 'dist', '.git', '.turbo', '.vite']);
/** How long compiling what has changed, and all that needs it, may take on a machine that is busy with other things. */
const SLOW = 90_000;

let folder: string;
let schema: string;
let alert: string;
let stack: Stack;

// Files are edited here, so it runs in a copy of the workspace.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-workspace-'));
  await cp(root, folder, { recursive: true, filter: (path) => !left.has(basename(path)) });
  await promisify(execFile)('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: folder });
  schema = join(folder, 'packages/moq-metrics/src/relay.ts');
  alert = join(folder, 'packages/dashboards/src/alerts/relay-down.ts');
  stack = await startStack({ root: folder, environment: { MOQ_DEV_VIEWERS: '2' } });
});
afterAll(async () => {
  await stack?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

test('one table tells what is where and in which state', () => {
  const rows = stack.running.output().split('\n');
  for (const [what, url] of [
    ['player', stack.player],
    ['relay', stack.relay],
    ['console', stack.console],
    ['Prometheus', stack.prometheus],
    ['Alertmanager', stack.alertmanager],
    ['node_exporter', stack.nodeExporter],
    ['publisher', 'demo/clock.hang'],
    ['viewers', 'demo/clock.hang'],
  ] as const) {
    const port = /:(\d+)/.exec(url)?.[1];
    const row = rows.filter((line) => line.trimStart().startsWith(what) && line.includes(port ?? url));
    expect(row.join('\n'), what).toMatch(/\bup\b/);
  }
});

test('two viewers in Node watch the channel', async () => {
  const labels = { broadcast: 'demo/clock.hang' };
  await expect
    .poll(() => stack.relayValue(relay.activeSubscribers, labels), {
      message: 'two viewers',
      timeout: 20_000,
    })
    .toBe(2);
});

test('an edit of the schema restarts what depends on it', { timeout: 2 * SLOW }, async () => {
  const before = await readFile(schema, 'utf8');
  expect(before).toContain(relay.activeStreams.description);
  await writeFile(schema, before.replace(relay.activeStreams.description, 'Edited while it runs'));
  await eventually(
    'the new text is served',
    async () => (await stack.relayMetrics()).includes('Edited while it runs'),
    SLOW,
  );
});

test(
  'an edit that does not compile prints one error, and the last good state stays up',
  { timeout: 2 * SLOW },
  async () => {
    const before = await readFile(schema, 'utf8');
    const printed = stack.running.output().length;
    await writeFile(schema, `${before}\nexport const broken: number = 'text';\n`);
    const said = (): string => stack.running.output().slice(printed);
    await eventually('the error', () => said().includes('relay.ts'), SLOW);
    expect(said().match(/error TS/g), said()).toHaveLength(1);
    expect(await stack.relayMetrics()).toContain('Edited while it runs');
    await writeFile(schema, before.replace('Edited while it runs', 'Good again'));
    await eventually('good again', async () => (await stack.relayMetrics()).includes('Good again'), SLOW);
  },
);

/** How long an alert must have been bad before it fires, in seconds, as Prometheus has it now. */
async function waitOf(name: string): Promise<number | undefined> {
  const response = await fetch(`${stack.prometheus}/api/v1/rules?type=alert`);
  const { data } = (await response.json()) as {
    data: { groups: { rules: { name: string; duration: number }[] }[] };
  };
  return data.groups.flatMap(({ rules }) => rules).find((rule) => rule.name === name)?.duration;
}

test('an edit of an alert is in Prometheus soon after', { timeout: 2 * SLOW }, async () => {
  const before = await readFile(alert, 'utf8');
  expect(await waitOf('RelayDown')).toBe(60);
  await writeFile(alert, before.replace("for: '1m'", "for: '3m'"));
  await eventually('the new time', async () => (await waitOf('RelayDown')) === 180, SLOW);
});

test(
  'an alert that cannot work prints one error, and the last good rules stay',
  { timeout: 2 * SLOW },
  async () => {
    const before = await readFile(alert, 'utf8');
    const printed = stack.running.output().length;
    await writeFile(alert, before.replace('Relay {instance} cannot', 'Relay {nonsense} cannot'));
    const said = (): string => stack.running.output().slice(printed);
    await eventually('the reason', () => said().includes('no label "nonsense"'), SLOW);
    expect(said().match(/nonsense/g), said()).toHaveLength(1);
    expect(await waitOf('RelayDown')).toBe(180);
    await writeFile(alert, before.replace("for: '3m'", "for: '4m'"));
    await eventually('good again', async () => (await waitOf('RelayDown')) === 240, SLOW);
  },
);

test('a taken port is one line that names the port and the variable that moves it', async () => {
  await using second = start('pnpm', ['dev'], stack.settings, folder);
  expect(await second.exited).toBe(2);
  const lines = second.output().trim().split('\n');
  const named = lines.filter((line) => line.includes('MOQ_') && line.includes(String(stack.relayPort)));
  expect(named, second.output()).toHaveLength(1);
  expect(await listens(stack.relayPort)).toBe(true);
});

async function freed(ended: Stack): Promise<void> {
  await ended.running.exited;
  for (const port of ended.ports) {
    await eventually(`port ${port} is free`, async () => !(await listens(port)), 10_000);
  }
}

test('Ctrl-C ends everything and frees every port', async () => {
  stack.running.killGroup('SIGINT');
  await freed(stack);
});

test('SIGTERM to the outermost process ends everything and frees every port', async () => {
  await using another = await startStack({ root: folder });
  another.running.kill('SIGTERM');
  await freed(another);
});
