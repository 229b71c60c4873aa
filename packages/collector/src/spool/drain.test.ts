import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backoffDelay } from './backoff.ts';
import { readBatch } from './batch-file.ts';
import { type Delivery, Drain } from './drain.ts';
import { Spool } from './spool.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drain-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function open(
  deliver: (text: string, signal: AbortSignal) => Promise<Delivery>,
): Promise<{ spool: Spool<'a'>; drain: Drain<'a'> }> {
  const spool = await Spool.open<'a'>({
    folder,
    lanes: ['a'],
    maxBytes: 10_000,
    batchBytes: 1,
    batchAge: 5,
    whenFull: 'refuse',
    onReady: () => drain.wake(),
  });
  const drain = new Drain({
    spool,
    lane: 'a',
    backoff: () => 1,
    deliver: async (batch, signal) => {
      const { records } = await readBatch(batch.path, batch.bytes);
      return deliver(records.map(({ payload }) => String(payload)).join(), signal);
    },
  });
  return { spool, drain };
}

function write(spool: Spool<'a'>, ...texts: string[]): Promise<unknown> {
  return Promise.all(texts.map((text) => spool.append('a', { payload: Buffer.from(text), count: 1 })));
}

test('delivers one after the other, and again what failed, in order', async () => {
  const attempts: string[] = [];
  let atOnce = 0;
  const { spool, drain } = await open(async (text) => {
    expect((atOnce += 1)).toBe(1);
    attempts.push(text);
    await new Promise((resolve) => setTimeout(resolve, 1));
    atOnce -= 1;
    return attempts.length % 3 === 0 ? 'done' : { retryAfter: undefined };
  });
  await write(spool, '1', '2', '3');
  await spool.drained();
  expect(attempts).toEqual(['1', '1', '1', '2', '2', '2', '3', '3', '3']);
  expect(spool.size).toEqual({ bytes: 0, count: 0 });
  expect(drain.failures).toBe(0);
  await drain.close();
  await spool.close();
});

test('waits as long as it is told to, and less when it is told to hurry', async () => {
  const attempts: string[] = [];
  const { spool, drain } = await open(async (text) => {
    attempts.push(text);
    return attempts.length === 1 ? { retryAfter: 600_000 } : 'done';
  });
  await write(spool, '1');
  await expect.poll(() => drain.failures).toBe(1);
  drain.wake();
  expect(attempts).toEqual(['1']);
  drain.hurry();
  await spool.drained();
  expect(attempts).toEqual(['1', '1']);
  await drain.close();
  await spool.close();
});

test('closing ends the delivery under way and keeps what it carried', async () => {
  const { spool, drain } = await open(async (_, signal) => {
    // It may have been closed already while the batch was read.
    if (!signal.aborted) await once(signal, 'abort');
    return { retryAfter: undefined };
  });
  await write(spool, '1', '2');
  await drain.close();
  expect(spool.size.count).toBe(2);
  await spool.close();
});

test('waits grow up to the longest, and half of each is chance', () => {
  const options = { first: 100, longest: 1000 };
  const longest = [1, 2, 3, 4, 5, 1000].map((failures) => backoffDelay(failures, options, 1));
  expect(longest).toEqual([100, 200, 400, 800, 1000, 1000]);
  expect(backoffDelay(3, options, 0)).toBe(200);
});
