/** What real clients send, layer by layer, to be mutated. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Connection, Path } from '@moq/net';
import { WebSocket, WebSocketServer } from 'ws';
import { connectWebTransport } from './client.ts';
import { channel, until, view } from './relay-fixture.ts';
import { CapsuleType, FrameType, Setting, StreamType } from './transport/quiche/codes.ts';
import { encodeFields, type Fields } from './transport/quiche/qpack.ts';
import { record } from './transport/quiche/records.ts';
import { varints } from './transport/quiche/varint.ts';
import { dialWebSocket } from './transport/websocket-client.ts';

/** All that was written to a stream. */
export interface RecordedStream {
  readonly kind: 'uni' | 'bidi';
  readonly bytes: Buffer;
}

/** What a client says in MoQ on each of its streams, in the order they were opened: it publishes, watches and fetches. */
export async function recordMoq(url: URL, protocol: string): Promise<readonly RecordedStream[]> {
  const session = await dialWebSocket(url, [protocol]);
  const recorded: { kind: 'uni' | 'bidi'; chunks: Uint8Array[] }[] = [];
  const tap = (kind: 'uni' | 'bidi', writable: WritableStream<Uint8Array>): void => {
    const chunks: Uint8Array[] = [];
    recorded.push({ kind, chunks });
    const getWriter = writable.getWriter.bind(writable);
    writable.getWriter = () => {
      const writer = getWriter();
      const write = writer.write.bind(writer);
      writer.write = (chunk) => {
        chunks.push(Uint8Array.from(chunk!));
        return write(chunk);
      };
      return writer;
    };
  };
  const openBidi = session.createBidirectionalStream.bind(session);
  session.createBidirectionalStream = async () => {
    const pair = await openBidi();
    tap('bidi', pair.writable);
    return pair;
  };
  const openUni = session.createUnidirectionalStream.bind(session);
  session.createUnidirectionalStream = async () => {
    const stream = await openUni();
    tap('uni', stream);
    return stream;
  };
  const connection = await Connection.connect(url, { transport: session });
  await play(connection);
  connection.close();
  return recorded.map(({ kind, chunks }) => ({ kind, bytes: Buffer.concat(chunks) }));
}

/** The messages of a WebSocket client: QMux. */
export async function recordQmux(url: URL): Promise<readonly Buffer[]> {
  const messages: Buffer[] = [];
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, handleProtocols: ([first]) => first ?? false });
  sockets.on('connection', (near) => {
    const far = new WebSocket(url.href.replace('http', 'ws'), [near.protocol]);
    const early: Buffer[] = [];
    near.on('message', (data: Buffer) => {
      messages.push(data);
      if (far.readyState === far.OPEN) far.send(data);
      else early.push(data);
    });
    far.on('open', () => {
      for (const data of early) far.send(data);
    });
    far.on('message', (data: Buffer) => near.send(data));
    far.on('close', () => near.close());
    near.on('close', () => far.close());
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const at = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
  const connection = await Connection.connect(at, { transport: await dialWebSocket(at, ['moq-lite-05']) });
  await play(connection);
  connection.close();
  await until(() => sockets.clients.size === 0);
  http.close();
  return messages;
}

/** The packets of a QUIC client, from the first of its handshake to its close. */
export async function recordPackets(port: number, certificateHash: string): Promise<readonly Buffer[]> {
  const packets: Buffer[] = [];
  const near = createSocket('udp4');
  const far = createSocket('udp4');
  let client = 0;
  near.on('message', (packet, from) => {
    client = from.port;
    packets.push(packet);
    far.send(packet, port, '127.0.0.1');
  });
  far.on('message', (packet) => near.send(packet, client, '127.0.0.1'));
  near.bind(0, '127.0.0.1');
  await once(near, 'listening');
  const at = new URL(`https://127.0.0.1:${near.address().port}/`);
  const session = await connectWebTransport(at, { certificateHashes: [certificateHash] });
  const connection = await Connection.connect(at, { transport: session });
  await play(connection);
  connection.close();
  await session.ended;
  near.close();
  far.close();
  return packets;
}

async function play(connection: Connection.Established): Promise<void> {
  const mine = channel();
  connection.publish(Path.from('fuzz/mine'), mine.producer);
  await connection.announced().next();
  const video = view(connection, 'demo/bbb', 'hi');
  view(connection, 'demo/bbb', 'catalog.json');
  await until(() => video.frames > 1);
  const track = connection.consume(Path.from('demo/bbb')).track('hi');
  // Drafts without FETCH say so.
  await track.fetchGroup(0).catch(() => {});
  mine.write('hi', { groups: 2, frames: 2, bytes: 10 });
  video.subscription.update({ priority: 3 });
  video.subscription.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
}

export const SETTINGS: Buffer = Buffer.concat([
  varints(StreamType.Control),
  record(
    FrameType.Settings,
    varints(Setting.Datagrams, 1, Setting.EnableWebTransport, 1, 1, 0, 0x40 * 7 + 0x21, 5),
  ),
]);

const REQUEST_FIELDS: Fields = [
  [':method', 'CONNECT'],
  [':protocol', 'webtransport'],
  [':scheme', 'https'],
  [':authority', 'relay.example'],
  [':path', '/demo?jwt=a.b.c&session=x'],
  ['origin', 'https://relay.example'],
  ['wt-available-protocols', '"moq-lite-05", "moqt-18"'],
  ['user-agent', 'fuzz'],
];

export const REQUEST: Buffer = record(FrameType.Headers, encodeFields(REQUEST_FIELDS));

/** Streams of HTTP/3. */
export const HTTP3: readonly RecordedStream[] = [
  { kind: 'uni', bytes: SETTINGS },
  { kind: 'uni', bytes: varints(StreamType.QpackEncoder) },
  { kind: 'uni', bytes: varints(StreamType.QpackDecoder) },
  { kind: 'uni', bytes: Buffer.concat([varints(0x21 + 0x1f * 7), Buffer.from('grease')]) },
  { kind: 'bidi', bytes: REQUEST },
  { kind: 'uni', bytes: Buffer.concat([varints(StreamType.WebTransport, 0), Buffer.from('payload')]) },
  { kind: 'bidi', bytes: Buffer.concat([varints(FrameType.WebTransportStream, 0), Buffer.from('payload')]) },
  { kind: 'bidi', bytes: Buffer.concat([record(0x21, Buffer.from('grease')), REQUEST]) },
];

/** What follows the request on its stream: capsules in frames of data. */
export const CAPSULES: readonly Buffer[] = [
  record(FrameType.Data, record(CapsuleType.DrainSession, Buffer.alloc(0))),
  record(FrameType.Data, record(CapsuleType.CloseSession, Buffer.from('0000002a6279', 'hex'))),
  record(FrameType.Data, record(0x1234, Buffer.alloc(100))),
  record(FrameType.Data, record(0x190b4d3d, varints(4096))),
  Buffer.concat([record(0x21, Buffer.from('grease')), record(FrameType.Data, record(0x29, Buffer.alloc(3)))]),
];

/** Field sections: as we write them, and as browsers do, with the static table and Huffman codes. */
export const FIELD_SECTIONS: readonly Buffer[] = [
  encodeFields(REQUEST_FIELDS),
  Buffer.from('0000cfd7ff23508cf1e3c2e5f23a6ba0ab90f4ff5f5003666f6f23616263027879', 'hex'),
  Buffer.from('0000508825a849e95ba97d7f2f0125a849e95bb8e8b4bf89f1e3c2e5f23a6ba0ab', 'hex'),
];

/** Requests of HTTP/1.1. */
export const REQUESTS: readonly Buffer[] = [
  'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  'GET /announced/demo?jwt=a.b.c HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x.y.z\r\nConnection: close\r\n\r\n',
  'HEAD /certificate.sha256 HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n\r\n',
  'POST /time HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'GET /a%2f..%2f%00?session=1&traceparent=2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  `GET /demo?jwt=a.b.c HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\nSec-WebSocket-Protocol: qmux-01.moq-lite-05\r\n\r\n`,
].map((text) => Buffer.from(text, 'latin1'));
