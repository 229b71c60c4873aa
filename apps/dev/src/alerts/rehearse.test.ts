import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rehearse } from './rehearse.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-rehearse-'));
});
afterEach(() => rm(folder, { recursive: true }));

const options = { say: () => {}, signal: new AbortController().signal };

test('without a stack it says so', async () => {
  await expect(rehearse('RelayDown', { folder, ...options })).rejects.toThrow(/^no stack is up/);
});

test('a stack that was killed is none', async () => {
  await writeFile(join(folder, 'stack.json'), JSON.stringify({ control: join(folder, 'control') }));
  await expect(rehearse('RelayDown', { folder, ...options })).rejects.toThrow(/^no stack is up/);
});
