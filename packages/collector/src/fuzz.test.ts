import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OTHER } from '@moq-observability/moq-metrics';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostileRequest, HostileRequests } from './fuzz-fixture.ts';
import { CollectorProcess } from './process-fixture.ts';

/** How many requests; `just fuzz` sends more of them. */
const COUNT = Number(process.env['MOQ_FUZZ_COUNT'] ?? 2_000);
const SEED = Number(process.env['MOQ_FUZZ_SEED'] ?? 1);
const AT_ONCE = 16;

/** What a stranger may get to hear; what is good of a request is taken. */
const ANSWERS: ReadonlySet<number> = new Set([200, 204, 400, 403, 404, 405, 413, 415]);

/** Bytes that the process may take, whatever comes. */
const MEMORY = 700 * 1024 * 1024;

let collector: CollectorProcess;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-fuzz-'));
  // A relay that never answers: no broadcast is known, so none may get series of its own.
  const known = ['--known-streams-from', 'http://127.0.0.1:1'];
  collector = await CollectorProcess.start(['--data-dir', folder, '--store', 'off', ...known]);
});

afterEach(async () => {
  await collector[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test(
  'whatever comes is answered as what it is: nothing breaks, nothing grows',
  async () => {
    const hostile = new HostileRequests(seededRandom(SEED));
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    const answers = new Map<number, number>();
    const wrong: unknown[] = [];
    let sent = 0;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (sent < COUNT) {
          sent += 1;
          const next = hostile.next();
          const status = await send(next, agent);
          answers.set(status, (answers.get(status) ?? 0) + 1);
          if (!ANSWERS.has(status))
            wrong.push([status, next.path, next.headers, next.body.subarray(0, 500).toString()]);
        }
      }),
    );
    agent.destroy();
    expect(wrong).toEqual([]);
    for (const status of [200, 400, 403, 404, 405, 413, 415])
      expect(answers.get(status), `${status}`).toBeGreaterThan(0);

    expect(collector.isRunning).toBe(true);
    const page = await (await fetch(new URL('metrics', collector.opsUrl))).text();
    const memory = Number(/^process_resident_memory_bytes (\S+)$/m.exec(page)?.[1]);
    expect(memory).toBeLessThan(MEMORY);
    const own = page.split('\n').filter((line) => /^moq_client_.*broadcast="/.test(line));
    expect(own.filter((line) => !line.includes(`broadcast="${OTHER}"`))).toEqual([]);
    expect(await (await fetch(new URL('health', collector.opsUrl))).json()).toMatchObject({ status: 'ok' });
  },
  60_000 + COUNT * 20,
);

test('what is no HTTP, and what never ends, costs the others nothing', async () => {
  const rubbish = [
    'GET\r\n\r\n',
    '\u0000\u0001\u0002'.repeat(1_000),
    'POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\nabc',
    `POST /v1/metrics HTTP/1.1\r\n${'a: b\r\n'.repeat(10_000)}\r\n`,
    'POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
    'POST /v1/metrics HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n',
  ];
  const sockets = rubbish.map((text) => {
    const socket = connect(Number(collector.url.port), '127.0.0.1');
    socket.on('error', () => {}); // Being cut off is what is expected.
    socket.write(text, 'latin1');
    socket.resume();
    return socket;
  });
  const agent = new Agent();
  const good = {
    method: 'POST',
    path: '/v1/metrics',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{}'),
  };
  for (let i = 0; i < 20; i++) expect(await send(good, agent)).toBe(200);
  for (const socket of sockets) socket.destroy();
  agent.destroy();
  expect(collector.isRunning).toBe(true);
});

function send({ method, path, headers, body }: HostileRequest, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname: host, port } = collector.url;
    const lengths = body.length > 0 ? { 'content-length': body.length } : {};
    const outgoing = request({ host, port, method, path, headers: { ...headers, ...lengths }, agent });
    let status: number | undefined;
    outgoing.once('response', (response: IncomingMessage) => {
      status = response.statusCode ?? 0;
      response
        .once('error', () => resolve(status!))
        .once('end', () => resolve(status!))
        .resume();
    });
    // Whoever sends far too much is answered, and may be cut off before the end of it.
    outgoing.once('error', (error) => {
      if (status !== undefined) resolve(status);
      else if (body.length > 1_000_000) resolve(413);
      else reject(error);
    });
    outgoing.end(body);
  });
}

function seededRandom(seed: number): () => number {
  let state = seed || 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
