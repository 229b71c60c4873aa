import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, truncate, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Forward, ForwardDropReason } from './forward.ts';
import { type ForwardOptions, openForward } from './open-forward.ts';
import { jsonRequest, protobufRequest, TestTarget } from './target-fixture.ts';

let folder: string;
let target: TestTarget;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forward-'));
  target = await TestTarget.start();
});
afterEach(async () => {
  await target[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, maxRetries: 5 });
});

interface Heard {
  sent: number;
  readonly failed: string[];
  readonly dropped: [requests: number, reason: ForwardDropReason][];
  readonly partial: [rejected: number, message: string][];
}

async function open(options: Partial<ForwardOptions> = {}): Promise<{ forward: Forward; heard: Heard }> {
  const heard: Heard = { sent: 0, failed: [], dropped: [], partial: [] };
  const forward = await openForward(
    { folder, targets: { traces: { url: target.url, headers: {} } }, batchAge: 10, ...options },
    {
      onSent: (_, requests) => (heard.sent += requests),
      onFailed: (_, reason) => heard.failed.push(reason),
      onDropped: (_, requests, reason) => heard.dropped.push([requests, reason]),
      onPartial: (_, rejected, message) => heard.partial.push([rejected, message]),
    },
  );
  return { forward, heard };
}

function range(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => String(from + index));
}

async function enqueue(forward: Forward, ids: readonly string[]): Promise<void> {
  const results = await Promise.all(
    ids.map((id, index) =>
      index % 2 === 0
        ? forward.enqueue('traces', protobufRequest(id), 'application/x-protobuf')
        : forward.enqueue('traces', jsonRequest(id), 'application/json'),
    ),
  );
  expect(new Set(results)).toEqual(new Set(['kept']));
}

function sorted(ids: readonly string[]): string[] {
  return ids.toSorted((a, b) => Number(a) - Number(b));
}

test('passes on what it is given, in few requests, compressed and with its headers', async () => {
  const { forward, heard } = await open({
    targets: {
      traces: { url: new URL(`http://me:it%27s@${target.url.host}/otlp?x=1`), headers: { 'x-scope': 'a' } },
    },
  });
  await enqueue(forward, range(0, 1000));
  await forward.flush();
  expect(sorted(target.ids)).toEqual(range(0, 1000));
  expect(heard).toEqual({ sent: 1000, failed: [], dropped: [], partial: [] });
  expect(target.requests.length).toBeLessThan(20);
  for (const { path, headers } of target.requests) {
    expect(path).toBe('/otlp?x=1');
    expect(headers).toMatchObject({
      'content-encoding': 'gzip',
      'x-scope': 'a',
      authorization: `Basic ${Buffer.from("me:it's").toString('base64')}`,
    });
    expect(headers['content-type']).toMatch(/^application\/(json|x-protobuf)$/);
  }
  expect(forward.queuedBytes('traces')).toBe(0);
  await forward.close();
});

test('a signal without a target is off, and costs nothing', async () => {
  const { forward } = await open();
  expect([forward.wants('traces'), forward.wants('logs')]).toEqual([true, false]);
  expect(await forward.enqueue('logs', jsonRequest('1'), 'application/json')).toBe('off');
  expect(forward.health('logs')).toMatchObject({ state: 'off', queuedRequests: 0 });
  expect(await readdir(folder)).toEqual(['traces']);
  await forward.close();
});

test('a folder that cannot be used turns forwarding off, and says so', async () => {
  await writeFile(join(folder, 'traces'), 'no folder');
  const { forward } = await open();
  expect(forward.wants('traces')).toBe(false);
  expect(forward.health('traces')).toMatchObject({ state: 'off', reason: expect.stringContaining('traces') });
  await forward.close();
});

test(
  'a target that is down gets everything once when it is back, across restarts',
  { timeout: 30_000 },
  async () => {
    await target.stop();
    const first = await open();
    await enqueue(first.forward, range(0, 300));
    await vi.waitUntil(() => first.forward.health('traces').state === 'retrying');
    expect(first.forward.health('traces')).toMatchObject({ reason: 'ECONNREFUSED', queuedRequests: 300 });
    await first.forward.close();

    // Killed, in the middle of whatever it does.
    const killed = fork(
      new URL('./forwarder-fixture.ts', import.meta.url),
      [folder, target.url.href, '100'],
      { execArgv: [], stdio: 'ignore' },
    );
    await once(killed, 'message');
    const exit = once(killed, 'exit');
    killed.kill('SIGKILL');
    await exit;

    const second = await open();
    expect(second.forward.health('traces').queuedRequests).toBe(400);
    await enqueue(second.forward, range(300, 350));
    await target.start();
    await second.forward.flush();
    expect(sorted(target.ids)).toEqual(sorted([...range(0, 350), ...range(0, 100)]));
    expect(second.heard).toMatchObject({ sent: 450, dropped: [] });
    expect(second.forward.health('traces')).toMatchObject({ state: 'ok', queuedRequests: 0, queuedBytes: 0 });
    await second.forward.close();
  },
);

test('waits as long as it is asked to', async () => {
  const times: number[] = [];
  target.answer = () => {
    times.push(performance.now());
    return times.length <= 2
      ? { status: [429, 503][times.length - 1]!, headers: { 'retry-after': '1' } }
      : {};
  };
  const { forward, heard } = await open();
  await forward.enqueue('traces', jsonRequest('1'), 'application/json');
  await forward.flush();
  expect(target.ids).toEqual(['1']);
  expect(heard.failed).toEqual(['HTTP 429', 'HTTP 503']);
  expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(990);
  expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(990);
  await forward.close();
});

test('sends again what was taken without an answer: the only thing that can arrive twice', async () => {
  let lost = 0;
  target.answer = () => ({ lost: (lost += 1) === 1 });
  const { forward, heard } = await open();
  await forward.enqueue('traces', jsonRequest('1'), 'application/json');
  await forward.flush();
  expect(target.ids).toEqual(['1', '1']);
  expect(heard).toMatchObject({ sent: 1, dropped: [] });
  await forward.close();
});

test('does not wait for ever for an answer', async () => {
  const hang = await TestTarget.start();
  hang.answer = () => ({ status: 200, headers: { 'content-length': '5' } });
  const { forward, heard } = await open({
    targets: { traces: { url: hang.url, headers: {} } },
    timeout: 50,
  });
  await forward.enqueue('traces', jsonRequest('1'), 'application/json');
  await vi.waitUntil(() => heard.failed.length > 0);
  expect(heard.failed[0]).toMatch(/no answer in time|ECONN|UND_ERR|connection failed/);
  await forward.close();
  await hang[Symbol.asyncDispose]();
});

describe('what a target refuses', () => {
  test('is dropped and counted, and takes nothing else with it', async () => {
    target.answer = ({ body }) => ({ status: body.includes('id:666;') ? 400 : 200 });
    const { forward, heard } = await open({ batchAge: 50 });
    await enqueue(forward, [...range(0, 20), '666', ...range(20, 40)]);
    await forward.flush();
    expect(sorted(target.ids)).toEqual(range(0, 40));
    expect(heard).toMatchObject({ sent: 40, dropped: [[1, 'rejected']] });
    expect(forward.health('traces').droppedRequests).toBe(1);
    await forward.close();
  });

  test('piece by piece goes on where it was when it is interrupted', async () => {
    let busy = 0;
    target.answer = ({ body }) => {
      if (body.includes('id:666;')) return { status: 400 };
      if (body.includes('id:10;') && (busy += 1) <= 2)
        return { status: 503, headers: { 'retry-after': '0' } };
      return {};
    };
    const { forward, heard } = await open({ batchAge: 50 });
    const results = [...range(0, 20), '666'].map((id) =>
      forward.enqueue('traces', jsonRequest(id), 'application/json'),
    );
    await Promise.all(results);
    await forward.flush();
    expect(target.ids).toEqual(range(0, 20));
    expect(heard).toMatchObject({ sent: 20, dropped: [[1, 'rejected']] });
    await forward.close();
  });

  test.each([301, 401, 404, 500])('with %i shows', async (status) => {
    target.answer = () => ({ status, headers: { location: 'http://127.0.0.1:1/' } });
    const { forward, heard } = await open();
    await forward.enqueue('traces', jsonRequest('1'), 'application/json');
    await forward.flush();
    expect(heard).toMatchObject({ sent: 0, failed: [`HTTP ${status}`], dropped: [[1, 'rejected']] });
    expect(forward.health('traces')).toMatchObject({ state: 'refused', reason: `HTTP ${status}` });
    await forward.close();
  });

  test('in part is told', async () => {
    target.answer = () => ({
      headers: { 'content-type': 'application/json' },
      body: '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}',
    });
    const { forward, heard } = await open();
    await forward.enqueue('traces', jsonRequest('1'), 'application/json');
    await forward.flush();
    expect(heard).toMatchObject({ sent: 1, partial: [[2, 'too old']], dropped: [] });
    await forward.close();
  });
});

test('never takes more room than it has: the oldest go, and are counted', async () => {
  await target.stop();
  const { forward, heard } = await open({ queueBytes: 20_000 });
  for (const id of range(0, 1000)) {
    await forward.enqueue('traces', jsonRequest(id), 'application/json');
    expect(forward.queuedBytes('traces')).toBeLessThanOrEqual(20_000);
  }
  const { queuedRequests, droppedRequests } = forward.health('traces');
  expect(queuedRequests + droppedRequests).toBe(1000);
  expect(queuedRequests).toBeGreaterThan(80);
  expect(heard.dropped.every(([, reason]) => reason === 'full')).toBe(true);
  expect(await forward.enqueue('traces', Buffer.alloc(30_000), 'application/json')).toBe('refused');
  await forward.close();
  const onDisk = await Promise.all(
    (await readdir(join(folder, 'traces'))).map((name) => stat(join(folder, 'traces', name))),
  );
  expect(onDisk.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(20_000);

  await target.start();
  const again = await open();
  await again.forward.flush();
  // What was being sent when room was needed is older than what went.
  const newest = sorted(target.ids).slice(-80);
  expect(newest).toEqual(range(920, 1000));
  await again.forward.close();
});

test('a file whose end is damaged loses its end, and that is counted', async () => {
  await target.stop();
  const first = await open();
  await Promise.all(
    range(0, 10).map((id) => first.forward.enqueue('traces', jsonRequest(id), 'application/json')),
  );
  await first.forward.close();
  const [name] = await readdir(join(folder, 'traces'));
  const path = join(folder, 'traces', name!);
  await truncate(path, (await stat(path)).size - 3);
  await target.start();
  const { forward, heard } = await open();
  await forward.flush();
  expect(target.ids).toEqual(range(0, 9));
  expect(heard).toMatchObject({ sent: 9, dropped: [[1, 'disk']] });
  await forward.close();
});
