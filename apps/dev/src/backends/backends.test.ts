import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { StackOptions } from '../stack/services.ts';
import { type Backends, chooseBackends } from './backends.ts';

const stack: StackOptions = {
  relayPort: 4443,
  relayOpsPort: 1464,
  playerPort: 5173,
  consolePort: 4000,
  collectorPort: 4318,
  collectorOpsPort: 1889,
  prometheusPort: 1090,
  alertmanagerPort: 1093,
  nodePort: 1100,
  grafanaPort: 1300,
  lokiPort: 1310,
  tempoPort: 1320,
  tempoOtlpPort: 1318,
  alloyPort: 1345,
  alloyOtlpPort: 1319,
  viewers: 0,
  backend: 'auto',
  alertSpeed: 1,
};
const webhook = 'http://127.0.0.1:1234/told';
const [own] = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-backends-'));
  vi.stubEnv('PATH', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

function choose(backend: StackOptions['backend']): Promise<Backends> {
  return chooseBackends({
    stack: { ...stack, backend },
    folder: join(folder, 'staged'),
    cache: join(folder, 'cache'),
    say: () => {},
    signal: new AbortController().signal,
  });
}

/** A docker whose engine answers, and that writes down what it is asked. */
async function installDocker(gateway: string): Promise<() => Promise<readonly string[]>> {
  const script = `#!/bin/sh\necho "$@" >> ${folder}/asked\n[ "$1" != network ] || echo "${gateway} "\n`;
  await writeFile(join(folder, 'docker'), script);
  await chmod(join(folder, 'docker'), 0o755);
  return async () => (await readFile(join(folder, 'asked'), 'utf8')).trim().split('\n');
}

test('without Docker the backends are native, and it says why', async () => {
  const { why, services, surroundings, configure } = await choose('auto');
  expect(why).toBe('Backends: native, because docker is not on PATH.');
  expect(services.map(({ name }) => name)).toEqual(['prometheus', 'alertmanager', 'node']);
  expect(surroundings).toEqual({
    opsHosts: ['127.0.0.1'],
    prometheus: 'http://127.0.0.1:1090',
    alertmanager: 'http://127.0.0.1:1093',
  });
  await configure(webhook);
  const targets = await readFile(join(folder, 'staged/targets/native.json'), 'utf8');
  expect(targets.match(/127\.0\.0\.1:\d+/g)).toEqual(
    [1464, 1889, 1100, 1093].map((port) => `127.0.0.1:${port}`),
  );
});

test('Docker that was asked for and is not there is an error in one line', async () => {
  await expect(choose('docker')).rejects.toThrow(/^MOQ_BACKEND is docker, and docker is not on PATH$/);
});

test('what was asked for is taken, whatever else there is', async () => {
  await installDocker('172.17.0.1');
  expect((await choose('native')).why).toBe('Backends: native, as MOQ_BACKEND says.');
  expect((await choose('none')).services).toEqual([]);
});

test('with Docker they are containers, which reach this machine by the address of the bridge', async () => {
  const asked = await installDocker(own!.address);
  const { why, services, surroundings, configure, clear } = await choose('auto');
  expect(why).toBe('Backends: containers, because a Docker engine answers.');
  expect(services.map(({ name }) => name)).toEqual(['containers']);
  expect(services[0]!.rows.map(({ url }) => url)).toContain('http://localhost:1300/');
  expect(surroundings).toMatchObject({
    opsHosts: ['127.0.0.1', own!.address],
    opsAllowedHosts: ['host.docker.internal'],
    grafana: 'http://localhost:1300',
    traces: 'http://127.0.0.1:1318/v1/traces',
    logs: 'http://127.0.0.1:1310/otlp/v1/logs',
  });
  await configure(webhook);
  const targets = await readFile(join(folder, 'staged/targets/docker.json'), 'utf8');
  expect(targets).toContain('host.docker.internal:1464');
  expect(await readFile(join(folder, 'staged/alertmanager.yml'), 'utf8')).toContain(
    'url: http://host.docker.internal:1234/told',
  );
  await clear();
  expect((await asked()).at(-1)).toMatch(/^compose --file \S+docker-compose\.yml down --timeout 3$/);
});

test('a bridge that is not of this machine, as with Docker Desktop, is nothing to listen on', async () => {
  await installDocker('192.0.2.1');
  expect((await choose('docker')).surroundings.opsHosts).toEqual(['127.0.0.1']);
});
