import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { relocate } from './relocate.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'moq-relocate-'));
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  await mkdir(join(root, 'usr/share/thing'), { recursive: true });
  await writeFile(join(root, 'usr/bin/thing'), '#!/bin/sh\ncat /usr/share/thing/words; echo "$@"\n');
  await chmod(join(root, 'usr/bin/thing'), 0o755);
  await writeFile(join(root, 'usr/share/thing/words'), 'here: ');
});
afterEach(() => rm(root, { recursive: true }));

test('what an executable reads comes out of its package', async () => {
  const script = await relocate(root, { path: 'usr/bin/thing', folder: '/usr/share/thing' });
  const { stdout } = await promisify(execFile)(join(root, script), ['and', 'its arguments'], { cwd: '/' });
  expect(stdout).toBe('here: and its arguments\n');
});

test('an executable that reads nothing there is not touched', async () => {
  const rooted = { path: 'usr/bin/thing', folder: '/usr/share/another' };
  await expect(relocate(root, rooted)).rejects.toThrow('usr/bin/thing does not read /usr/share/another');
});
