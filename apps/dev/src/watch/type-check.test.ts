import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../paths.ts';
import { firstError, typeCheck } from './type-check.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-check-'));
  await mkdir(join(folder, 'packages/a'), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(
    join(folder, 'packages/a/tsconfig.json'),
    '{"compilerOptions":{"noEmit":true,"types":[]},"files":["a.ts"]}',
  );
});
afterEach(() => rm(folder, { recursive: true }));

async function check(code: string): Promise<string | undefined> {
  await writeFile(join(folder, 'packages/a/a.ts'), code);
  return typeCheck(folder, 'packages/a', new AbortController().signal);
}

test('finds nothing wrong with what compiles', async () => {
  expect(await check('export const a: number = 1;')).toBeUndefined();
});

test('gives the first error in one line, and how many more there are', async () => {
  expect(await check('export const a: number = "one";\nexport const b: string = 2;\n')).toBe(
    "packages/a/a.ts(1,14): error TS2322: Type 'string' is not assignable to type 'number'. (and 1 more)",
  );
});

test('reads only errors', () => {
  expect(firstError('')).toBeUndefined();
  expect(firstError('note\na.ts(1,1): error TS1: no\n  more of it\n')).toBe('a.ts(1,1): error TS1: no');
});
