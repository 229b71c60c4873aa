import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { provideNative } from './native.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-native-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function command(path: string, script: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

test('takes what is on PATH, by the name of upstream or of Debian', async () => {
  const bin = join(folder, 'bin');
  const path = await command(join(bin, 'prometheus-alertmanager'), 'exit 0');
  const found = await provideNative('alertmanager', { cache: folder, environment: { PATH: bin } });
  expect(found).toEqual({ path, origin: 'PATH' });
});

test('takes what is in the cache when nothing is on PATH', async () => {
  const path = await command(join(folder, 'prometheus/usr/bin/promtool'), 'exit 0');
  const found = await provideNative('promtool', { cache: folder, environment: { PATH: '' } });
  expect(found).toEqual({ path, origin: 'cache' });
});

test('says in one line why it cannot be had', async () => {
  await expect(provideNative('prometheus', { cache: folder, environment: { PATH: '' } })).rejects.toThrow(
    /^prometheus is not on PATH, and without apt-get it cannot be had$/,
  );
  const bin = join(folder, 'bin');
  await command(join(bin, 'dpkg'), 'exit 0');
  await command(join(bin, 'apt-get'), 'echo "E: no network" >&2; exit 100');
  await expect(provideNative('prometheus', { cache: folder, environment: { PATH: bin } })).rejects.toThrow(
    /^prometheus is not on PATH, and Debian's package could not be had: E: no network$/,
  );
});
