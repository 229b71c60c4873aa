import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../paths.ts';
import { composeUp, dockerProblem } from './docker.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-docker-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** What is wrong with a Docker whose command is the given script; what it is asked is written down. */
async function problemOf(
  script: string,
): Promise<{ problem: string | undefined; asked: string[]; said: string[] }> {
  const command = join(folder, 'docker');
  await writeFile(command, `#!/bin/sh\necho "$@" >> ${folder}/asked\n${script}\n`);
  await chmod(command, 0o755);
  const said: string[] = [];
  const problem = await dockerProblem({
    environment: { PATH: `${folder}:/bin:/usr/bin` },
    signal: new AbortController().signal,
    onProgress: (line) => said.push(line),
  });
  const asked = (await readFile(join(folder, 'asked'), 'utf8')).trim().split('\n');
  return { problem, asked, said };
}

const file = join(root, 'observability/docker-compose.yml');

test('without the command there is no Docker', async () => {
  const problem = await dockerProblem({
    environment: { PATH: folder },
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  expect(problem).toBe('docker is not on PATH');
});

test('a client whose engine does not answer is asked nothing more', async () => {
  const { problem, asked, said } = await problemOf('echo "Cannot connect to the Docker daemon" >&2; exit 1');
  expect(problem).toBe('no Docker engine answers');
  expect(asked).toEqual(['version --format {{.Server.Version}}']);
  expect(said).toEqual([]);
});

test('a client without compose is of no use', async () => {
  const { problem } = await problemOf('case "$1" in compose) exit 1;; esac');
  expect(problem).toBe('docker has no compose plugin');
});

test('images that cannot be had are a reason, in the words of Docker', async () => {
  const { problem, said } = await problemOf(
    'case "$4" in pull) echo "Error" >&2; echo "no route to host" >&2; exit 1;; esac',
  );
  expect(problem).toBe('images cannot be had (no route to host)');
  expect(said).toEqual(['getting container images that are not there yet']);
});

test('with an engine, compose and images there is nothing in the way', async () => {
  const { problem, asked } = await problemOf('exit 0');
  expect(problem).toBeUndefined();
  expect(asked).toEqual([
    'version --format {{.Server.Version}}',
    'compose version --short',
    `compose --file ${file} pull --quiet --policy missing`,
  ]);
});

test('containers run as long as the command does, and are given time to stop', () => {
  const command = composeUp({ MOQ_GRAFANA_PORT: '3001' });
  expect([command.executable, ...command.args].join(' ')).toBe(
    `docker compose --file ${file} up --no-color --remove-orphans --attach prometheus --attach alertmanager --timeout 3`,
  );
  expect(command.environment).toEqual({ MOQ_GRAFANA_PORT: '3001' });
  expect(command.grace).toBeGreaterThan(3_000);
});
