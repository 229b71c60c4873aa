import { mkdtemp, readdir, readFile, rm, truncate, writeFile, appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeRecords, encodeRecords, readBatch } from './batch-file.ts';
import { type Batch, Spool, type SpoolOptions } from './spool.ts';

type Lane = 'a' | 'b';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spool-'));
});
afterEach(() => rm(folder, { recursive: true }));

function open(options: Partial<SpoolOptions<Lane>> = {}): Promise<Spool<Lane>> {
  return Spool.open<Lane>({
    folder,
    lanes: ['a', 'b'],
    maxBytes: 100_000,
    batchBytes: 10_000,
    batchAge: 5,
    whenFull: 'refuse',
    ...options,
  });
}

function record(text: string, count = 1): { payload: Uint8Array; count: number } {
  return { payload: Buffer.from(text), count };
}

async function texts(batch: Pick<Batch<Lane>, 'path' | 'bytes'> | undefined): Promise<string[]> {
  if (!batch) return [];
  return (await readBatch(batch.path, batch.bytes)).records.map(({ payload }) => String(payload));
}

/** Takes and removes everything in a lane. */
async function empty(spool: Spool<Lane>, lane: Lane): Promise<string[]> {
  const all: string[] = [];
  for (let batch = spool.take(lane); batch; batch = spool.take(lane)) {
    all.push(...(await texts(batch)));
    await spool.remove(batch);
  }
  return all;
}

describe('a batch file', () => {
  test('gives back what was put in', () => {
    const records = [record('one', 3), record('', 0), record('two\u0000\n', 1)];
    const content = decodeRecords(encodeRecords(records));
    expect(content.records.map(({ payload }) => String(payload))).toEqual(['one', '', 'two\u0000\n']);
    expect(content.count).toBe(4);
  });

  test('is read up to the first torn or damaged record, wherever it was cut', () => {
    const whole = encodeRecords([record('first'), record('second')]);
    const first = encodeRecords([record('first')]).length;
    for (let length = 0; length <= whole.length; length += 1) {
      const { count, bytes } = decodeRecords(whole.subarray(0, length));
      expect([count, bytes]).toEqual(
        length === whole.length ? [2, whole.length] : length >= first ? [1, first] : [0, 0],
      );
    }
    for (let at = first; at < whole.length; at += 1) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1;
      expect(decodeRecords(damaged).count).toBe(1);
    }
  });
});

describe('a spool', () => {
  test('keeps the order within a lane, and lanes apart', async () => {
    await using spool = await open();
    const results = await Promise.all([
      spool.append('a', record('1')),
      spool.append('b', record('x')),
      spool.append('a', record('2')),
    ]);
    expect(results).toEqual(['kept', 'kept', 'kept']);
    const drained = spool.drained();
    await expect.poll(() => spool.take('b')).toBeDefined();
    const batch = spool.take('a');
    expect(await texts(batch)).toEqual(['1', '2']);
    expect(spool.take('a')).toBeUndefined();
    spool.release(batch!);
    expect(await empty(spool, 'a')).toEqual(['1', '2']);
    expect(spool.size.count).toBe(1);
    expect(await Promise.race([drained, 'still waiting'])).toBe('still waiting');
  });

  test('seals a batch by size and by age, and tells', async () => {
    const ready: Lane[] = [];
    await using spool = await open({ batchBytes: 100, onReady: (lane) => ready.push(lane) });
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => spool.append('a', record(`${index}`.repeat(30)))),
    );
    // Two of them fit into one batch.
    expect(ready.length).toBeGreaterThanOrEqual(4);
    await spool.append('b', record('alone'));
    await expect.poll(() => ready.at(-1)).toBe('b');
    expect(await empty(spool, 'b')).toEqual(['alone']);
  });

  test('has everything again after the process ended without a word', async () => {
    const first = await open({ batchAge: 60_000, batchBytes: 60 });
    for (const text of ['1', '2', '3', '4', '5']) await first.append('a', record(text, 10));
    // Nothing is closed: this is what a kill leaves behind.
    await using second = await open();
    expect(second.size.count).toBe(50);
    expect(await empty(second, 'a')).toEqual(['1', '2', '3', '4', '5']);
    expect(await readdir(folder)).toEqual([]);
    await first.close();
  });

  test('cuts a torn end off, and never hands out an id twice', async () => {
    const ids = new Set<string>();
    for (let run = 0; run < 3; run += 1) {
      const spool = await open({ batchAge: 60_000 });
      for (let batch = spool.take('a'); batch; batch = spool.take('a')) {
        expect(await texts(batch)).toEqual(['whole']);
        expect(ids.has(batch.id)).toBe(false);
        ids.add(batch.id);
        await spool.remove(batch);
      }
      await spool.append('a', record('whole'));
      const [name] = await readdir(folder);
      await appendFile(join(folder, name!), encodeRecords([record('torn')]).subarray(0, -1));
    }
    expect(ids.size).toBe(2);
  });

  test('forgets a file of which nothing is left, and leaves alone what is not its own', async () => {
    const spool = await open({ batchAge: 60_000 });
    await spool.append('a', record('gone'));
    const [name] = await readdir(folder);
    await truncate(join(folder, name!), 3);
    await writeFile(join(folder, 'README'), 'mine');
    await using again = await open();
    expect(again.size).toEqual({ bytes: 0, count: 0 });
    expect(await readdir(folder)).toEqual(['README']);
    await spool.close();
  });

  test('refuses what does not fit, and takes more once there is room', async () => {
    await using spool = await open({ maxBytes: 300, batchBytes: 100 });
    const results = await Promise.all(
      Array.from({ length: 5 }, () => spool.append('a', record('x'.repeat(80)))),
    );
    expect(results).toEqual(['kept', 'kept', 'kept', 'full', 'full']);
    await expect.poll(async () => (await empty(spool, 'a')).length).toBeGreaterThan(0);
    expect(await spool.append('a', record('y'))).toBe('kept');
    expect(await spool.append('a', record('z'.repeat(400)))).toBe('full');
  });

  test('drops the oldest that nobody works on, and counts it', async () => {
    let dropped = 0;
    await using spool = await open({
      maxBytes: 500,
      batchBytes: 100,
      whenFull: 'drop_oldest',
      onDropped: (_, count) => (dropped += count),
    });
    const write = (text: string): Promise<string> => spool.append('a', record(text.padEnd(80, '.')));
    await write('0');
    // This one is worked on all the while.
    await expect.poll(() => spool.take('a')).toBeDefined();
    for (let index = 1; index < 20; index += 1) {
      expect(await write(String(index))).toBe('kept');
      expect(spool.size.bytes).toBeLessThanOrEqual(500);
    }
    await spool.close();
    const left = (await empty(spool, 'a')).map((text) => Number.parseInt(text, 10));
    expect(left).toEqual([16, 17, 18, 19]);
    expect(dropped).toBe(15);
  });

  test('loses what cannot be written, says so, and recovers by itself', async () => {
    await using spool = await open({ batchAge: 60_000 });
    expect(await spool.append('a', record('before'))).toBe('kept');
    await rm(folder, { recursive: true });
    await writeFile(folder, 'not a folder');
    expect(await spool.append('b', record('lost'))).toBe('disk');
    expect(spool.size.count).toBe(1);
    await rm(folder);
    expect(await spool.append('b', record('after'))).toBe('kept');
    await spool.close();
    expect(await empty(spool, 'b')).toEqual(['after']);
  });

  test('writes what is appended in one go, in one go', async () => {
    await using spool = await open({ batchAge: 60_000, maxBytes: 10_000_000, batchBytes: 10_000_000 });
    const all = await Promise.all(
      Array.from({ length: 10_000 }, (_, index) => spool.append('a', record(`${index}`))),
    );
    expect(new Set(all)).toEqual(new Set(['kept']));
    const [name] = await readdir(folder);
    expect(decodeRecords(await readFile(join(folder, name!))).count).toBe(10_000);
  });
});
