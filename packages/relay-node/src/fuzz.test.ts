/** Nearly right bytes on every layer, by the thousand: they harm whoever sends them, and nobody else. */
import { createSocket } from 'node:dgram';
import { connect as connectTcp } from 'node:net';
import { setImmediate, setTimeout as pause } from 'node:timers/promises';
import { relay as schema } from '@moq-observability/moq-metrics';
import { Path } from '@moq/net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  CAPSULES,
  FIELD_SECTIONS,
  HTTP3,
  recordMoq,
  recordPackets,
  recordQmux,
  REQUEST,
  REQUESTS,
  SETTINGS,
} from './corpus-fixture.ts';
import { Mutations } from './mutations-fixture.ts';
import { seededRandom } from './random-fixture.ts';
import { channel, connect, metric, quietConsole, type Received, until, view } from './relay-fixture.ts';
import { type RelayProcess, startRelayProcess } from './relay-process-fixture.ts';
import { decodeFields } from './transport/quiche/qpack.ts';
import { RawClient } from './transport/quiche/raw-client.ts';
import { RecordReader } from './transport/quiche/records.ts';
import { dialWebSocket } from './transport/websocket-client.ts';

/** How much is sent in all; `just fuzz` sends more. */
const COUNT = Number(process.env['MOQ_FUZZ_COUNT'] ?? 50_000);
const SEED = Number(process.env['MOQ_FUZZ_SEED'] ?? 1);
/** For each layer alone, so that more on one layer does not change what comes on the others. */
const share = (part: number): number => Math.ceil(COUNT * part);
/** How long one layer may take, in milliseconds. */
const LIMIT = 60_000 + COUNT * 5;

/** Bytes that are kept more at the end than at the start, at most. */
const GROWTH = 16 * 1024 * 1024;

let relay: RelayProcess;
let certificateHash: string;
let writing: NodeJS.Timeout;
let bystanders: readonly Received[];
/** What the relay says of itself that it must not. */
const faults: string[] = [];
let heapBefore: number;

quietConsole();

beforeAll(async () => {
  relay = await startRelayProcess({
    env: { MOQ_RELAY_IDLE_TIMEOUT: '15', MOQ_RELAY_SETUP_TIMEOUT: '2', MOQ_RELAY_LOG_LEVEL: 'debug' },
    onLine: (line) => {
      if (/"unhandled rejection"|"level":"(error|fatal)"/.test(line)) faults.push(line);
    },
  });
  certificateHash = await (await fetch(new URL('/certificate.sha256', relay.url))).text();
  const broadcast = channel();
  const publisher = await connect(relay);
  publisher.publish(Path.from('demo/bbb'), broadcast.producer);
  writing = setInterval(() => broadcast.write('hi', { groups: 1, frames: 2, bytes: 500 }), 20);
  const viewers = [await connect(relay), await connect(relay, { transport: 'webtransport' })];
  for (const viewer of viewers) await viewer.announced().next();
  bystanders = viewers.map((viewer) => view(viewer, 'demo/bbb', 'hi'));
  await unharmed();
  heapBefore = (await relay.usage('collect')).heapUsed;
});

afterAll(async () => {
  clearInterval(writing);
  await relay[Symbol.asyncDispose]();
});

test('packets', { timeout: LIMIT }, async () => {
  const corpus = await recordPackets(Number(relay.url.port), certificateHash);
  const mutations = new Mutations(seededRandom(SEED));
  const socket = createSocket('udp4');
  for (let i = 0; i < share(0.5); i++) {
    socket.send(mutations.of(corpus).subarray(0, 1500), Number(relay.url.port), '127.0.0.1');
    // So that they are not lost before they arrive.
    if (i % 20 === 0) await setImmediate();
    if (i % 1000 === 0) await unharmed();
  }
  await unharmed();
  socket.close();
});

test('field sections and records, as such', { timeout: LIMIT }, () => {
  const mutations = new Mutations(seededRandom(SEED));
  for (let i = 0; i < share(0.2); i++) {
    const bytes = mutations.of(FIELD_SECTIONS);
    expect(() => orError(() => decodeFields(bytes)), bytes.toString('hex')).not.toThrow();
  }
  const records = [...CAPSULES, REQUEST, SETTINGS.subarray(1)];
  for (let i = 0; i < share(0.1); i++) {
    let held = 0;
    const taker = {
      limit: 4096,
      begin: (type: number) => (type % 2 === 0 ? ('pieces' as const) : ('whole' as const)),
      whole: (_type: number, value: Buffer) => (held = Math.max(held, value.byteLength)),
      piece: () => {},
    };
    const reader = new RecordReader(taker);
    const bytes = mutations.of(records);
    expect(() => orError(() => reader.push(bytes)), bytes.toString('hex')).not.toThrow();
    expect(held).toBeLessThanOrEqual(taker.limit);
  }
});

test('streams of HTTP/3', { timeout: LIMIT }, async () => {
  const mutations = new Mutations(seededRandom(SEED));
  for (let sent = 0, round = 0; sent < share(0.04); round++) {
    const client = await RawClient.connect(Number(relay.url.port));
    if (round % 2 === 0) client.open('uni', SETTINGS);
    for (let i = 0; i < 8; i++, sent++) {
      const { kind } = mutations.pick(HTTP3);
      const corpus = HTTP3.filter((stream) => stream.kind === kind).map(({ bytes }) => bytes);
      tolerant(() => client.open(kind, mutations.of(corpus), mutations.below(2) === 0));
    }
    await leave(client, round);
  }
  await unharmed();
});

test('capsules', { timeout: LIMIT }, async () => {
  const mutations = new Mutations(seededRandom(SEED));
  for (let sent = 0, round = 0; sent < share(0.04); round++) {
    const client = await RawClient.connect(Number(relay.url.port));
    client.open('uni', SETTINGS);
    const request = client.open('bidi', REQUEST);
    for (let i = 0; i < 8; i++, sent++) void request.write(mutations.of(CAPSULES))?.catch(() => {});
    await leave(client, round);
  }
  await unharmed();
});

test.each(['moq-lite-05', 'moq-lite-03', 'moqt-18'])(
  'messages of %s',
  { timeout: LIMIT },
  async (protocol) => {
    const [first, ...rest] = await recordMoq(relay.url, protocol);
    const streams = [first!, ...rest];
    const mutations = new Mutations(seededRandom(SEED));
    for (let sent = 0, round = 0; sent < share(0.02); round++) {
      const session = await dialWebSocket(relay.url, [protocol]);
      session.closed.catch(() => {});
      // Half of them get past setup.
      if (round % 2 === 0) await open(session, first!.kind, first!.bytes);
      for (let i = 0; i < 8; i++, sent++) {
        const { kind } = mutations.pick(streams);
        const corpus = streams.filter((stream) => stream.kind === kind).map(({ bytes }) => bytes);
        await open(session, kind, mutations.of(corpus));
      }
      await pause(2);
      session.close();
      if (round % 20 === 0) await unharmed();
    }
    await unharmed();
  },
);

test('messages of QMux', { timeout: LIMIT }, async () => {
  const corpus = await recordQmux(relay.url);
  const mutations = new Mutations(seededRandom(SEED));
  for (let sent = 0; sent < share(0.03);) {
    const socket = new WebSocket(relay.url.href.replace('http', 'ws'), ['qmux-01.moq-lite-05']);
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('open', resolve));
    const honest = mutations.below(6);
    for (const message of corpus.slice(0, honest)) socket.send(message);
    for (let i = 0; i < 8; i++, sent++) socket.send(mutations.of(corpus));
    await pause(2);
    if (mutations.below(2) === 0) socket.close();
    else socket.terminate();
  }
  await unharmed();
});

test('requests of HTTP', { timeout: LIMIT }, async () => {
  const mutations = new Mutations(seededRandom(SEED));
  const statuses = new Set<string>();
  const ports = [Number(relay.url.port), Number(relay.opsUrls[0]!.port)];
  for (let i = 0; i < share(0.03); i++) {
    const socket = connectTcp(mutations.pick(ports), '127.0.0.1');
    socket.on('error', () => {});
    socket.on('data', (data: Buffer) => statuses.add(data.toString('latin1').split('\r\n', 1)[0]!));
    socket.write(mutations.of(REQUESTS));
    // Half of them wait for the answer.
    if (i % 2 === 0) await Promise.race([new Promise((resolve) => socket.once('data', resolve)), pause(20)]);
    else await setImmediate();
    socket.destroy();
  }
  expect(statuses).toContain('HTTP/1.1 200 OK');
  expect(statuses).toContain('HTTP/1.1 400 Bad Request');
  expect([...statuses].filter((status) => status.includes(' 50'))).toEqual([]);
  await unharmed();
});

test('leave nothing behind', { timeout: LIMIT }, async ({ annotate }) => {
  await until(async () => (await metric(relay, schema.activeSessions)) === 3, 30_000);
  const [opened, closed] = [await metric(relay, schema.sessions), await metric(relay, schema.sessionsClosed)];
  expect(opened - closed).toBe(3);
  expect(await metric(relay, schema.sessionsClosed, { reason: 'protocol_error' })).toBeGreaterThan(10);
  expect(await metric(relay, schema.sessionsClosed, { reason: 'internal' })).toBe(0);
  expect(await metric(relay, schema.errors, { stage: 'internal' })).toBe(0);
  expect(await metric(relay, schema.activeSubscribers)).toBe(2);
  expect(faults).toEqual([]);
  // What their subscriptions take grows for as long as they last.
  for (const { subscription } of bystanders) subscription.close();
  await until(async () => (await metric(relay, schema.activeSubscribers)) === 0);
  // Connections that vanished go with the idle timeout.
  let growth = Infinity;
  await until(async () => {
    growth = (await relay.usage('collect')).heapUsed - heapBefore;
    return growth < GROWTH;
  }, 30_000);
  await annotate(`${COUNT} inputs: heap grew by ${(growth / 1024 / 1024).toFixed(1)} MiB`);
});

/** Both of those who do no harm get new frames. */
async function unharmed(): Promise<void> {
  const before = bystanders.map(({ frames }) => frames);
  await until(() => bystanders.every(({ frames }, i) => frames > before[i]! + 2));
}

async function leave(client: RawClient, round: number): Promise<void> {
  await pause(1);
  if (round % 2 === 0) client.close();
  else client.vanish();
  if (round % 20 === 0) await unharmed();
}

async function open(session: WebTransport, kind: 'uni' | 'bidi', bytes: Uint8Array): Promise<void> {
  try {
    const writable =
      kind === 'bidi'
        ? (await session.createBidirectionalStream()).writable
        : await session.createUnidirectionalStream();
    const writer = writable.getWriter() as WritableStreamDefaultWriter<Uint8Array>;
    writer.closed.catch(() => {});
    writer.write(bytes).catch(() => {});
    writer.close().catch(() => {});
  } catch {
    // The relay has closed the session by now.
  }
}

/** Does something that may fail because the relay has had enough. */
function tolerant(act: () => unknown): void {
  try {
    act();
  } catch {
    // It has.
  }
}

/** What is wrong has to be said by an error of its own, and not by the language's. */
function orError(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) throw error;
  }
}
