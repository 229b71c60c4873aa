import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeFrame } from './frames.ts';
import { Journal } from './journal.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-journal-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** What is remembered, and how much of it is damaged. */
async function remembered(): Promise<{ records: unknown[]; damaged: number }> {
  const { journal, recovered } = await Journal.open(folder);
  const found = { records: [...recovered.records()], damaged: recovered.damaged };
  await journal[Symbol.asyncDispose]();
  return found;
}

async function write(...records: unknown[]): Promise<void> {
  const { journal } = await Journal.open(folder);
  for (const record of records) await journal.append(record);
  await journal[Symbol.asyncDispose]();
}

async function files(): Promise<string[]> {
  return (await readdir(folder)).toSorted();
}

test('remembers records in the order they were written, over several runs', async () => {
  expect(await remembered()).toEqual({ records: [], damaged: 0 });
  await write({ a: 1 }, { b: 'ä\u2028"' });
  await write({ c: [1.5, 1e300] });
  expect(await remembered()).toEqual({
    records: [{ a: 1 }, { b: 'ä\u2028"' }, { c: [1.5, 1e300] }],
    damaged: 0,
  });
});

describe('a record that was not written to its end', () => {
  test('is left out, wherever it broke off', async () => {
    await write({ a: 1 }, { b: 2 });
    const path = join(folder, 'segment-1.moqj');
    const whole = await readFile(path);
    const second = encodeFrame({ b: 2 }).length;
    for (let bytes = 1; bytes < second; bytes++) {
      await writeFile(path, whole);
      await truncate(path, whole.length - bytes);
      const { records, damaged } = await remembered();
      expect(records).toEqual([{ a: 1 }]);
      expect(damaged).toBe(second - bytes);
    }
  });

  test('does not hide what was written after the restart', async () => {
    await write({ a: 1 });
    await appendFile(join(folder, 'segment-1.moqj'), Buffer.from([9, 0, 0, 0, 1, 2]));
    await write({ b: 2 });
    expect(await remembered()).toEqual({ records: [{ a: 1 }, { b: 2 }], damaged: 6 });
  });

  test('is noticed when its bytes changed', async () => {
    await write({ a: 1 }, { b: 2 });
    const path = join(folder, 'segment-1.moqj');
    const bytes = await readFile(path);
    bytes[bytes.length - 2]! ^= 1;
    await writeFile(path, bytes);
    expect((await remembered()).records).toEqual([{ a: 1 }]);
  });
});

describe('a checkpoint', () => {
  test('takes the place of what was before, and what comes after is added', async () => {
    const { journal } = await Journal.open(folder);
    await journal.append({ before: 1 });
    await journal.rotate();
    await journal.append({ since: 1 });
    const settled: string[] = [];
    await journal.checkpoint([{ all: 1 }, { all: 2 }], async () => {
      await journal.append({ since: 2 });
      settled.push(...(await files()));
    });
    await journal.append({ since: 3 });
    await journal[Symbol.asyncDispose]();
    expect(settled).toContain('checkpoint-2.moqj.draft');
    expect(await files()).toEqual(['checkpoint-2.moqj', 'segment-2.moqj']);
    expect((await remembered()).records).toEqual([
      { all: 1 },
      { all: 2 },
      { since: 1 },
      { since: 2 },
      { since: 3 },
    ]);
  });

  test('that was not finished does not count', async () => {
    const { journal } = await Journal.open(folder);
    await journal.append({ before: 1 });
    await journal.rotate();
    await journal.append({ since: 1 });
    const broken = journal.checkpoint([{ all: 1 }], () => Promise.reject(new Error('killed')));
    await expect(broken).rejects.toThrow('killed');
    await journal[Symbol.asyncDispose]();
    expect((await remembered()).records).toEqual([{ before: 1 }, { since: 1 }]);
  });

  test('without its end does not count either', async () => {
    await write({ before: 1 });
    await writeFile(join(folder, 'checkpoint-7.moqj'), encodeFrame({ journal: 'moq-collector', version: 1 }));
    expect((await remembered()).records).toEqual([{ before: 1 }]);
  });
});

describe('a folder', () => {
  test('belongs to one collector at a time; a lock of one that is gone does not count', async () => {
    await writeFile(join(folder, 'lock'), String(process.ppid));
    await expect(Journal.open(folder)).rejects.toMatchObject({
      code: 'config',
      option: 'dataDir',
      message: `${folder} is in use by process ${process.ppid}`,
    });
    await writeFile(join(folder, 'lock'), '4194305');
    await write({ a: 1 });
    expect(await files()).toEqual(['segment-1.moqj']);
  });

  test('of another version is not touched', async () => {
    await writeFile(join(folder, 'segment-1.moqj'), encodeFrame({ journal: 'moq-collector', version: 2 }));
    await expect(Journal.open(folder)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('is not of version 1'),
    });
    expect(await files()).toEqual(['segment-1.moqj']);
  });

  test('that cannot be one is named', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(Journal.open(join(folder, 'file', 'journal'))).rejects.toMatchObject({
      code: 'config',
      option: 'dataDir',
      message: expect.stringContaining('cannot keep a journal in'),
    });
  });
});
