import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Broadcast, Connection, Path } from '@moq/net';
import { afterEach, describe, expect, test } from 'vitest';
import { connect, connectWebTransport } from './client.ts';
import { createSelfSigned } from './transport/certificate.ts';
import { listenQuiche, type QuicheServer } from './transport/quiche/server.ts';
import type { IncomingSession } from './transport/transport.ts';
import { attachWebSocket } from './transport/websocket.ts';

const PORT_ATTEMPTS = 5;
const certificate = createSelfSigned({ now: Date.now() });
const cleanup: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).toReversed()) await undo();
});

/** Offers a broadcast to a session. */
function onSession(incoming: IncomingSession): void {
  void (async () => {
    const session = await incoming.accept();
    const connection = await Connection.accept(session.webTransport, incoming.url);
    const broadcast = new Broadcast.Producer();
    const track = broadcast.createTrack('greeting');
    const group = track.appendGroup();
    group.writeString(`hello by ${session.kind}`);
    connection.publish(Path.from('room/one'), broadcast);
    await session.closed;
    broadcast.close();
  })();
}

/** A server that speaks MoQ on one port number, for all transports; each session is offered a broadcast. */
async function serve(hash = certificate.sha256): Promise<{ url: URL; port: number }> {
  const options = {
    protocols: ['moq-lite-05', 'moq-lite-04'],
    idleTimeout: 8000,
    onSession,
    onError: () => {},
  };
  const http = createServer((request, response) => {
    response.writeHead(request.url === '/certificate.sha256' ? 200 : 404).end(hash);
  });
  const quic = await listenBeside(http, () =>
    listenQuiche({ ...options, host: '127.0.0.1', port: 0, certificate }),
  );
  const webSocket = attachWebSocket(http, options);
  cleanup.push(async () => {
    await Promise.all([quic.close(), webSocket.close()]);
    http.closeAllConnections();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}/`), port };
}

/** A number that is free for UDP need not be free for TCP. */
async function listenBeside(http: Server, listenUdp: () => Promise<QuicheServer>): Promise<QuicheServer> {
  for (let attempt = 1; ; attempt++) {
    const quic = await listenUdp();
    http.listen(quic.port, '127.0.0.1');
    try {
      await once(http, 'listening');
      return quic;
    } catch (error) {
      await quic.close();
      if (attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

describe('connect', () => {
  test.each(['webtransport', 'websocket'] as const)('speaks MoQ by %s', async (transport) => {
    const { url } = await serve();
    const connection = await connect(url, { transport });
    cleanup.push(() => connection.close());
    expect(connection.version).toBe('moq-lite-05');
    expect(connection.transport).toBe(transport);
    // What is asked for before it is offered is not there.
    await connection.announced().next();
    const track = connection.consume(Path.from('room/one')).subscribe('greeting');
    const frame = await track.readFrame();
    expect(Buffer.from(frame!.payload).toString()).toBe(`hello by ${transport}`);
    track.close();
  });

  test('tells the round-trip time of a WebTransport connection', async () => {
    const { url } = await serve();
    const connection = await connect(url);
    cleanup.push(() => connection.close());
    const { rtt, estimatedSendRate } = await connection.stats();
    expect(rtt).toBeGreaterThanOrEqual(0);
    expect(rtt).toBeLessThan(1000);
    expect(estimatedSendRate).toBeGreaterThan(0);
  });

  test('fails readably when nobody listens', async () => {
    const { url, port } = await serve();
    await cleanup.pop()!();
    await expect(connect(url)).rejects.toMatchObject({
      code: 'connect_failed',
      message: expect.stringMatching(
        `cannot read http://127.0.0.1:${port}/certificate.sha256: .*ECONNREFUSED`,
      ),
    });
    await expect(
      connectWebTransport(new URL(`https://127.0.0.1:${port}/`), { certificateHashes: [certificate.sha256] }),
    ).rejects.toMatchObject({
      code: 'connect_failed',
      message: expect.stringContaining(`cannot reach 127.0.0.1:${port} by QUIC`),
    });
  });

  test('does not trust a server whose certificate is not the one announced', async () => {
    const other = createSelfSigned({ now: Date.now() });
    const { url } = await serve(other.sha256);
    await expect(connect(url)).rejects.toMatchObject({
      code: 'connect_failed',
      message: expect.stringContaining(certificate.sha256),
    });
    const garbled = await serve('<html>');
    await expect(connect(garbled.url)).rejects.toMatchObject({
      code: 'connect_failed',
      message: expect.stringContaining('does not hold the hash of a certificate'),
    });
  });

  test('does not trust a self-signed certificate that nobody announced', async () => {
    const { port } = await serve();
    await expect(connectWebTransport(new URL(`https://127.0.0.1:${port}/`))).rejects.toMatchObject({
      code: 'connect_failed',
    });
  });

  test('gives up when told to', async () => {
    const { url, port } = await serve();
    const reason = new Error('changed my mind');
    await expect(connect(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const connecting = connectWebTransport(new URL(`https://127.0.0.1:${port}/`), {
      certificateHashes: [certificate.sha256],
      signal: controller.signal,
    });
    setImmediate(() => controller.abort(reason));
    await expect(connecting).rejects.toBe(reason);
  });
});
