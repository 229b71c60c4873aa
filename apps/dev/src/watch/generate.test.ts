import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generate, GENERATOR } from './generate.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'moq-generate-'));
  await mkdir(join(root, GENERATOR, 'scripts'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true }));

async function outcome(script: string): Promise<string | undefined> {
  await writeFile(join(root, GENERATOR, 'scripts/generate.ts'), script);
  return generate(root, new AbortController().signal);
}

test('says nothing when all was generated', async () => {
  expect(await outcome("console.error('by the way'); console.log('written');")).toBeUndefined();
});

test('says in one line which definition cannot work, and why', async () => {
  expect(
    await outcome("console.error('RelayDown: a runbook is missing\\nmore'); process.exitCode = 1;"),
  ).toBe('packages/dashboards: RelayDown: a runbook is missing');
});

test('names the error of a generator that fails by itself', async () => {
  expect(await outcome("throw new TypeError('no such thing');")).toBe(
    'packages/dashboards: TypeError: no such thing',
  );
});
