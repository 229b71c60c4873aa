import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSelfSigned } from '../certificate.ts';
import type { SessionTransport } from '../transport.ts';
import { dialQuiche } from './client.ts';
import { CapsuleType, FrameType, Http3Code, Setting, StreamType } from './codes.ts';
import { decodeFields, encodeFields, type Fields } from './qpack.ts';
import { RawClient } from './raw-client.ts';
import { record } from './records.ts';
import { listenQuiche, type QuicheServer } from './server.ts';
import type { WebTransportSession } from './session.ts';
import { varints } from './varint.ts';

const certificate = createSelfSigned({ now: Date.now() });
const SETTINGS = Buffer.concat([
  varints(StreamType.Control),
  record(FrameType.Settings, varints(Setting.Datagrams, 1, Setting.EnableWebTransport, 1)),
]);
const REQUEST = connectRequest([]);

let server: QuicheServer;
let errors: Error[] = [];
let sessions: SessionTransport[] = [];
/** A well-behaved client, whom nothing of this may touch. */
let bystander: WebTransportSession;
let client: RawClient;

beforeAll(async () => {
  server = await listenQuiche({
    host: '127.0.0.1',
    port: 0,
    certificate,
    protocols: ['moq-lite-05'],
    idleTimeout: 3000,
    setupTimeout: 1500,
    onSession: (incoming) => {
      incoming.accept().then(
        (session) => sessions.push(session),
        (error) => errors.push(error),
      );
    },
    onError: (error) => errors.push(error),
  });
  bystander = await dialQuiche(new URL(`https://127.0.0.1:${server.port}/`), {
    certificateHashes: [certificate.sha256],
  });
  void echo(sessions[0]!.webTransport);
});

afterAll(async () => {
  await expectBystanderToPlay();
  bystander.close();
  await server.close();
});

beforeEach(async () => {
  errors = [];
  sessions = [];
  client = await RawClient.connect(server.port);
});

afterEach(async () => {
  client.close();
  await expectBystanderToPlay();
});

describe('a client that breaks the rules of HTTP/3 ends its own connection:', () => {
  const rules: [name: string, code: number, act: () => unknown][] = [
    [
      'a control stream that does not begin with settings',
      Http3Code.MissingSettings,
      () =>
        client.open(
          'uni',
          Buffer.concat([varints(StreamType.Control), record(FrameType.GoAway, varints(0))]),
        ),
    ],
    [
      'two control streams',
      Http3Code.StreamCreationError,
      () => {
        client.open('uni', SETTINGS);
        client.open('uni', SETTINGS);
      },
    ],
    ['a control stream that ends', Http3Code.ClosedCriticalStream, () => client.open('uni', SETTINGS, true)],
    [
      'a control stream that is reset',
      Http3Code.ClosedCriticalStream,
      async () => {
        const stream = client.open('uni', SETTINGS);
        client.open('bidi', REQUEST);
        // What is reset before it was read never was a control stream.
        await expect.poll(() => sessions[0]?.webTransport.datagrams.maxDatagramSize).toBeGreaterThan(0);
        stream.reset(1);
      },
    ],
    [
      'settings that come twice',
      Http3Code.FrameUnexpected,
      () => client.open('uni', Buffer.concat([SETTINGS, record(FrameType.Settings, varints(1, 0))])),
    ],
    [
      'settings of HTTP/2',
      Http3Code.SettingsError,
      () => client.open('uni', control(record(FrameType.Settings, varints(3, 100)))),
    ],
    [
      'a setting twice',
      Http3Code.SettingsError,
      () => client.open('uni', control(record(FrameType.Settings, varints(1, 0, 1, 0)))),
    ],
    [
      'half a setting',
      Http3Code.FrameError,
      () => client.open('uni', control(record(FrameType.Settings, varints(1)))),
    ],
    [
      'settings without end',
      Http3Code.ExcessiveLoad,
      () => client.open('uni', control(varints(FrameType.Settings, 2 ** 40))),
    ],
    [
      'a message on the control stream',
      Http3Code.FrameUnexpected,
      () => client.open('uni', Buffer.concat([SETTINGS, REQUEST])),
    ],
    ['a push', Http3Code.IdError, () => client.open('uni', varints(StreamType.Push, 0))],
    [
      'a QPACK stream that ends',
      Http3Code.ClosedCriticalStream,
      () => client.open('uni', varints(StreamType.QpackEncoder), true),
    ],
    [
      'data before headers',
      Http3Code.FrameUnexpected,
      () => client.open('bidi', record(FrameType.Data, Buffer.from('x'))),
    ],
    [
      'settings on a request',
      Http3Code.FrameUnexpected,
      () => client.open('bidi', record(FrameType.Settings, varints(1, 0))),
    ],
    [
      'headers that are too long',
      Http3Code.ExcessiveLoad,
      () => client.open('bidi', connectRequest([['x-long', 'y'.repeat(20_000)]])),
    ],
    [
      'headers that are none',
      Http3Code.QpackDecompressionFailed,
      () => client.open('bidi', record(FrameType.Headers, Buffer.alloc(40, 0xff))),
    ],
    [
      'headers from a dynamic table',
      Http3Code.QpackDecompressionFailed,
      () => client.open('bidi', record(FrameType.Headers, Buffer.from([2, 0, 0x80]))),
    ],
    [
      'too many headers',
      Http3Code.QpackDecompressionFailed,
      () => client.open('bidi', record(FrameType.Headers, Buffer.alloc(1000, 0xc1).fill(0, 0, 2))),
    ],
    ['a frame cut short', Http3Code.FrameError, () => client.open('bidi', REQUEST.subarray(0, 20), true)],
    [
      'a stream of what is no session',
      Http3Code.IdError,
      () => client.open('uni', varints(StreamType.WebTransport, 1)),
    ],
    [
      'a close without a code',
      Http3Code.MessageError,
      () => {
        client.open('uni', SETTINGS);
        client.open('bidi', Buffer.concat([REQUEST, capsule(CapsuleType.CloseSession, Buffer.alloc(3))]));
      },
    ],
    [
      'a close with a novel for a reason',
      Http3Code.ExcessiveLoad,
      () => {
        client.open('uni', SETTINGS);
        client.open('bidi', Buffer.concat([REQUEST, capsule(CapsuleType.CloseSession, Buffer.alloc(2000))]));
      },
    ],
    ['a datagram of nobody', Http3Code.FrameError, () => client.connection.sendDatagram(Buffer.alloc(0))],
  ];

  test.each(rules)('%s', async (_name, code, act) => {
    await act();
    await expect(client.ended).resolves.toMatchObject({ code });
    const [session] = sessions;
    if (session) await expect(session.closed).resolves.toMatchObject({ by: 'protocol_error' });
    else await expect.poll(() => errors).toEqual([expect.objectContaining({ code: 'protocol' })]);
  });
});

describe('a client may', () => {
  test('grease, and be early, and be odd', async () => {
    client.open('uni', varints(0x21 + 0x1f * 7), true);
    client.open('uni', Buffer.concat([varints(0x21 + 0x1f * 9), Buffer.alloc(5000)]));
    client.open('uni', Buffer.concat([SETTINGS, record(0x21 + 0x1f * 11, Buffer.alloc(300))]));
    client.open('uni', varints(StreamType.QpackEncoder));
    client.open('uni', varints(StreamType.QpackDecoder));
    client.open('uni', Buffer.from([0x40]), true);
    client.open('uni', Buffer.alloc(0), true);
    client.open('bidi', Buffer.from([0x40])).reset(Http3Code.RequestRejected);
    // Its session comes after it.
    client.open('uni', Buffer.concat([varints(StreamType.WebTransport, 4), Buffer.from('early')]), true);
    client.connection.sendDatagram(varints(900, 1));
    const request = client.open('bidi', Buffer.alloc(0));
    for (const byte of Buffer.concat([record(0x21, Buffer.from('grease')), REQUEST])) {
      await sleep(0);
      void request.write(Buffer.from([byte]));
    }
    void request.write(capsule(0x1234, Buffer.alloc(70_000)));
    void request.write(capsule(CapsuleType.DrainSession, Buffer.alloc(0)));

    await expect.poll(() => sessions.length).toBe(1);
    const session = sessions[0]!.webTransport as WebTransportSession;
    await session.draining;
    const { value } = await session.incomingUnidirectionalStreams.getReader().read();
    expect(await text(value!)).toBe('early');
    void request.write(capsule(CapsuleType.CloseSession, Buffer.from('0000002a6279', 'hex')));
    await expect(sessions[0]!.closed).resolves.toEqual({ by: 'peer', code: 42, reason: 'by' });
  });

  test.each<[Fields, string]>([
    [
      [
        [':method', 'GET'],
        [':scheme', 'https'],
        [':authority', 'a'],
        [':path', '/'],
      ],
      '405',
    ],
    [
      [
        [':method', 'CONNECT'],
        [':authority', 'a:1'],
      ],
      '501',
    ],
    [[...request({ ':path': 'nowhere' })], '400'],
    [[...request({ ':scheme': 'http' })], '400'],
    [[...request({ ':authority': 'a b' })], '400'],
  ])('ask for something else: %j', async (fields, status) => {
    const stream = client.open('bidi', record(FrameType.Headers, encodeFields(fields)), true);
    expect(headersOf(await client.read(stream.id))).toContainEqual([':status', status]);
    expect(sessions).toEqual([]);
  });

  test('have one session, not two', async () => {
    client.open('uni', SETTINGS);
    client.open('bidi', REQUEST);
    const second = client.open('bidi', REQUEST);
    expect(headersOf(await client.read(second.id))).toContainEqual([':status', '429']);
    expect(sessions.length).toBe(1);
  });

  test('end its session with its request stream', async () => {
    client.open('uni', SETTINGS);
    client.open('bidi', REQUEST, true);
    await expect.poll(() => sessions.length + errors.length).toBe(1);
    await sessions[0]?.closed;
  });

  test('not send more streams ahead of its session than are kept', async () => {
    client.open('uni', SETTINGS);
    for (let index = 0; index < 100; index += 1) {
      client.open('uni', Buffer.concat([varints(StreamType.WebTransport, 0), Buffer.from([index])]), true);
    }
    await sleep(200);
    client.open('bidi', REQUEST);
    await expect.poll(() => sessions.length).toBe(1);
    const reader = sessions[0]!.webTransport.incomingUnidirectionalStreams.getReader();
    for (let index = 0; index < 64; index += 1) expect((await reader.read()).done).toBe(false);
    const next = client.open(
      'uni',
      Buffer.concat([varints(StreamType.WebTransport, 0), Buffer.from('late')]),
      true,
    );
    expect(next.id).toBeGreaterThan(400);
    expect(await text((await reader.read()).value)).toBe('late');
  });

  test('not keep a connection without asking for a session', async () => {
    await expect(client.ended).resolves.toMatchObject({ code: Http3Code.NoError });
  });
});

test('what vanished leaves nothing behind', { timeout: 20_000 }, async () => {
  client.close();
  // The bystander is left; those who vanished go with the idle timeout.
  await expect.poll(() => server.connections, { timeout: 15_000, interval: 200 }).toBe(1);
});

function control(frames: Buffer): Buffer {
  return Buffer.concat([varints(StreamType.Control), frames]);
}

function capsule(type: number, value: Buffer): Buffer {
  return record(FrameType.Data, record(type, value));
}

function request(changes: Record<string, string>): Fields {
  const fields = {
    ':method': 'CONNECT',
    ':protocol': 'webtransport',
    ':scheme': 'https',
    ':authority': 'relay.example',
    ':path': '/',
    ...changes,
  };
  return Object.entries(fields);
}

function connectRequest(more: Fields): Buffer {
  return record(FrameType.Headers, encodeFields([...request({}), ...more]));
}

/** The fields of an answer that is one frame of headers. */
function headersOf(bytes: Buffer): Fields {
  expect(bytes[0]).toBe(FrameType.Headers);
  return decodeFields(bytes.subarray(2));
}

async function echo(session: WebTransport): Promise<void> {
  const reader = session.incomingBidirectionalStreams.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    await value.readable.pipeTo(value.writable);
  }
}

async function expectBystanderToPlay(): Promise<void> {
  const { readable, writable } = await bystander.createBidirectionalStream();
  const writer = writable.getWriter();
  await writer.write(Buffer.from('still playing'));
  await writer.close();
  expect(await text(readable)).toBe('still playing');
}

async function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
