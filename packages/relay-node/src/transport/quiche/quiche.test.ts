import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { StreamError } from '@moq/qmux';
import { afterEach, describe, expect, test } from 'vitest';
import { createSelfSigned } from '../certificate.ts';
import { describeTransport, nextStream, readAll, send } from '../conformance.ts';
import type { SessionTransport } from '../transport.ts';
import { AddressTokens } from './address-token.ts';
import { type DialOptions, dialQuiche } from './client.ts';
import { clientConfig } from './config.ts';
import { loadQuiche } from './native.ts';
import { listenQuiche, type QuicheOptions, type QuicheServer } from './server.ts';
import type { WebTransportSession } from './session.ts';

const certificate = createSelfSigned({ now: Date.now() });
const at = (port: number): URL => new URL(`https://127.0.0.1:${port}/`);

describeTransport('the QUIC transport', {
  kind: 'webtransport',
  listen: async (options) => {
    const server = await listenQuiche({ ...options, host: '127.0.0.1', port: 0, certificate });
    return { server, url: new URL(`https://127.0.0.1:${server.port}/`) };
  },
  connect: (url, protocols) => dialQuiche(url, { protocols, certificateHashes: [certificate.sha256] }),
  clientArguments: [certificate.sha256],
  forward: forwardUdp,
});

describe('a QUIC session', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const undo of cleanup.splice(0).toReversed()) await undo();
  });

  async function listen(options: Partial<QuicheOptions> = {}): Promise<QuicheServer> {
    const server = await listenQuiche({
      host: '127.0.0.1',
      port: 0,
      certificate,
      protocols: ['moq-lite-05'],
      idleTimeout: 8000,
      onSession: (incoming) => void incoming.accept(),
      onError: () => {},
      ...options,
    });
    cleanup.push(() => server.close());
    return server;
  }

  async function dial(port: number, options: DialOptions = {}): Promise<WebTransportSession> {
    const client = await dialQuiche(new URL(`https://127.0.0.1:${port}/`), {
      certificateHashes: [certificate.sha256],
      ...options,
    });
    cleanup.push(() => client.close());
    return client;
  }

  async function pair(
    serverOptions: Partial<QuicheOptions> = {},
    clientOptions: DialOptions = {},
  ): Promise<{ client: WebTransportSession; session: SessionTransport; far: WebTransportSession }> {
    const accepted = Promise.withResolvers<SessionTransport>();
    const server = await listen({
      onSession: (incoming) => incoming.accept().then(accepted.resolve, accepted.reject),
      ...serverOptions,
    });
    const client = await dial(server.port, clientOptions);
    const session = await accepted.promise;
    return { client, session, far: session.webTransport as WebTransportSession };
  }

  test('fails to open a stream past what the peer allows, or waits for a place', async () => {
    const { client, far } = await pair();
    const open: WritableStream<Uint8Array>[] = [];
    await expect(
      (async () => {
        for (;;) open.push(await client.createUnidirectionalStream());
      })(),
    ).rejects.toMatchObject({ name: 'QuotaExceededError' });
    expect(open.length).toBeGreaterThan(100);
    expect(open.length).toBeLessThan(300);

    const waiting = client.createUnidirectionalStream({ waitUntilAvailable: true });
    const drain = (async () => {
      for (const _ of open) await readAll(await nextStream(far));
    })();
    await Promise.all(open.map((stream) => stream.getWriter().close()));
    await drain;
    await send(await waiting, Buffer.from('its turn'));
    expect((await readAll(await nextStream(far))).toString()).toBe('its turn');
  });

  test('resets a stream whose writer waits for room, at once', async () => {
    const { client, far } = await pair();
    const writer = (await client.createUnidirectionalStream()).getWriter();
    const writing = writer.write(Buffer.alloc(5_000_000));
    const reader = (await nextStream(far)).getReader();
    await reader.read();
    await writer.abort(new StreamError(77));
    await expect(writing.then(() => reader.closed)).rejects.toMatchObject({ streamErrorCode: 77 });
  });

  test('tells a reset to a reader that does not read', async () => {
    const { client, far } = await pair();
    const writer = (await client.createUnidirectionalStream()).getWriter();
    await writer.write(Buffer.alloc(1000));
    const reader = (await nextStream(far)).getReader();
    await writer.abort(new StreamError(5));
    await expect(reader.closed).rejects.toMatchObject({ streamErrorCode: 5 });
  });

  test('tells an end to a reader that has read all', async () => {
    const { client, far } = await pair();
    const writer = (await client.createUnidirectionalStream()).getWriter();
    await writer.write(Buffer.from('all'));
    const reader = (await nextStream(far)).getReader();
    await reader.read();
    await writer.close();
    await expect(reader.closed).resolves.toBeUndefined();
  });

  test('serves streams of a higher order first', async () => {
    const { client, far } = await pair();
    const finished: number[] = [];
    const reading = (async () => {
      for (let count = 0; count < 4; count += 1) {
        const stream = await nextStream(far);
        void readAll(stream).then(([order]) => finished.push(order!));
      }
    })();
    const orders = [1, 3, 2];
    const streams = await Promise.all(
      orders.map((sendOrder) => client.createUnidirectionalStream({ sendOrder: -sendOrder * 2 ** 44 })),
    );
    const sent = streams.map((stream, index) => send(stream, Buffer.alloc(200_000, orders[index]), 200_000));
    // One that is moved up later passes the others.
    const late = await client.createUnidirectionalStream({ sendOrder: -4 * 2 ** 44 });
    sent.push(send(late, Buffer.alloc(200_000, 4), 200_000));
    late.sendOrder = 0;
    await Promise.all([...sent, reading]);
    await expect.poll(() => finished).toHaveLength(4);
    expect(finished.filter((order) => order !== 4)).toEqual([1, 2, 3]);
    // On a slow machine the first may be through before there is a late one.
    expect(finished.indexOf(4)).toBeLessThan(finished.indexOf(2));
  });

  test('goes on after more streams were cancelled than may be open', { timeout: 20_000 }, async () => {
    const { client, far } = await pair();
    for (let round = 0; round < 500; round += 1) {
      const writer = (await client.createUnidirectionalStream({ waitUntilAvailable: true })).getWriter();
      writer.closed.catch(() => {});
      await writer.write(Buffer.alloc(100));
      await (await nextStream(far)).cancel(new StreamError(1));
      // Late ones are not told; they end by themselves.
      await writer.close().catch(() => {});
    }
    for (let round = 0; round < 500; round += 1) {
      const { readable, writable } = await client.createBidirectionalStream({ waitUntilAvailable: true });
      const writer = writable.getWriter();
      await writer.write(Buffer.alloc(100));
      const reader = far.incomingBidirectionalStreams.getReader();
      const { value } = await reader.read();
      reader.releaseLock();
      await Promise.allSettled([
        value!.readable.cancel(),
        readable.cancel(),
        value!.writable.abort(),
        writer.abort(),
      ]);
    }
    await send(await client.createUnidirectionalStream({ waitUntilAvailable: true }), Buffer.from('as ever'));
    expect((await readAll(await nextStream(far))).toString()).toBe('as ever');
  });

  test('counts what went over the wire, and knows it after the end', async () => {
    const { client, session, far } = await pair();
    await Promise.all([
      send(await client.createUnidirectionalStream(), Buffer.alloc(1_000_000)),
      nextStream(far).then(readAll),
    ]);
    const stats = session.stats()!;
    expect(stats.bytesReceived).toBeGreaterThan(1_000_000);
    expect(stats.packetsReceived).toBeGreaterThan(700);
    expect(stats.packetsSent).toBeGreaterThan(10);
    expect(stats.bytesSent).toBeGreaterThan(1000);
    expect(stats.estimatedSendRate).toBeGreaterThan(0);
    expect(await far.getStats()).toEqual(session.stats());
    session.close(0, '');
    await client.closed;
    await session.closed;
    expect(session.stats()!.bytesReceived).toBeGreaterThanOrEqual(stats.bytesReceived);
  });

  test('drops the oldest of datagrams that nobody reads', async () => {
    const { client, far } = await pair();
    const writer = client.datagrams.writable.getWriter();
    for (let index = 0; index < 1000; index += 1) {
      await writer.write(Buffer.from([index >> 8, index & 0xff]));
      if (index % 20 === 0) await new Promise(setImmediate);
    }
    await writer.write(Buffer.alloc(5000));
    await expect.poll(() => client.stats().packetsSent).toBeGreaterThan(20);
    const reader = far.datagrams.readable.getReader();
    const first = Buffer.from((await reader.read()).value!).readUInt16BE();
    expect(first).toBeGreaterThan(300);
  });

  test('goes on when the address of the client changes on the way', async () => {
    const accepted = Promise.withResolvers<SessionTransport>();
    const server = await listen({
      onSession: (incoming) => incoming.accept().then(accepted.resolve, accepted.reject),
    });
    const forwarder = await forwardUdp(server.port);
    cleanup.push(() => forwarder.close());
    const client = await dial(forwarder.port);
    const session = await accepted.promise;
    for (let moves = 0; moves < 3; moves += 1) {
      await forwarder.move();
      await send(await client.createUnidirectionalStream(), Buffer.from('from elsewhere'));
      expect((await readAll(await nextStream(session.webTransport))).toString()).toBe('from elsewhere');
      await send(await session.webTransport.createUnidirectionalStream(), Buffer.alloc(100_000));
      expect((await readAll(await nextStream(client))).byteLength).toBe(100_000);
    }
  });

  test('loses packets, but no data', async () => {
    const accepted = Promise.withResolvers<SessionTransport>();
    const server = await listen({
      onSession: (incoming) => incoming.accept().then(accepted.resolve, accepted.reject),
    });
    const forwarder = await forwardUdp(server.port);
    cleanup.push(() => forwarder.close());
    const client = await dial(forwarder.port);
    const session = await accepted.promise;
    forwarder.loseEvery(20);
    const data = randomBytes(1_500_000);
    const directions = [
      [client, session.webTransport],
      [session.webTransport, client],
    ] as const;
    for (const [near, far] of directions) {
      const sent = send(await near.createUnidirectionalStream(), data);
      expect((await readAll(await nextStream(far))).equals(data)).toBe(true);
      await sent;
    }
    expect(session.stats()!.packetsLost).toBeGreaterThan(10);
    expect(session.stats()!.bytesLost).toBeGreaterThan(10_000);
  });

  test('works over IPv6', async () => {
    const server = await listen({ host: '::1' });
    const client = await dialQuiche(new URL(`https://[::1]:${server.port}/`), {
      certificateHashes: [certificate.sha256],
    });
    client.close();
    await client.closed;
  });

  test('finds the server under a name with several addresses', async () => {
    const server = await listen();
    const client = await dialQuiche(new URL(`https://localhost:${server.port}/`), {
      certificateHashes: [certificate.sha256],
    });
    client.close();
    await client.closed;
  });

  test('ends at once when both sides close it at the same time', async () => {
    const silent = await listen();
    const forwarder = await forwardUdp(silent.port);
    cleanup.push(() => forwarder.close());
    await dial(forwarder.port);
    forwarder.freeze();
    const server = await listen();
    const client = await dial(server.port);
    client.close();
    // Who hears nothing of a client waits as long as a server waits for anybody.
    const first = await Promise.race([
      silent.close().then(() => 'the one without an answer'),
      server.close().then(() => 'the one whose client closed too'),
    ]);
    expect(first).toBe('the one whose client closed too');
  });
});

describe('a QUIC server', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const undo of cleanup.splice(0).toReversed()) await undo();
  });
  const options: QuicheOptions = {
    host: '127.0.0.1',
    port: 0,
    certificate,
    protocols: [],
    idleTimeout: 8000,
    onSession: (incoming) => void incoming.accept(),
    onError: () => {},
  };

  test('names a port that is taken', async () => {
    const first = await listenQuiche(options);
    cleanup.push(() => first.close());
    await expect(listenQuiche({ ...options, port: first.port })).rejects.toMatchObject({
      code: 'address_in_use',
      message: expect.stringContaining(`UDP port ${first.port} of 127.0.0.1`),
    });
  });

  test('names an address that is not of this machine', async () => {
    await expect(listenQuiche({ ...options, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'listen_failed',
    });
    await expect(listenQuiche({ ...options, host: 'no.such.host.invalid' })).rejects.toMatchObject({
      code: 'listen_failed',
    });
  });

  test('does not start with a certificate that cannot be used', async () => {
    const broken = { ...certificate, privateKey: 'no key' };
    await expect(listenQuiche({ ...options, certificate: broken })).rejects.toMatchObject({
      code: 'bad_certificate',
    });
  });

  test('presents a new certificate to new clients, and keeps the old ones', async () => {
    const server = await listenQuiche(options);
    cleanup.push(() => server.close());
    const old = await dialQuiche(at(server.port), { certificateHashes: [certificate.sha256] });
    const next = createSelfSigned({ now: Date.now() });
    server.setCertificate(next);
    await expect(
      dialQuiche(at(server.port), { certificateHashes: [certificate.sha256] }),
    ).rejects.toMatchObject({
      code: 'connect_failed',
    });
    const late = await dialQuiche(at(server.port), { certificateHashes: [next.sha256] });
    await send(await old.createUnidirectionalStream(), Buffer.from('still here'));
    old.close();
    late.close();
    await Promise.all([old.closed, late.closed]);
  });

  test('ignores clients past its limit', async () => {
    const server = await listenQuiche({ ...options, maxSessions: 1 });
    cleanup.push(() => server.close());
    const hashes = { certificateHashes: [certificate.sha256] };
    const first = await dialQuiche(at(server.port), hashes);
    const signal = AbortSignal.timeout(300);
    await expect(dialQuiche(at(server.port), { ...hashes, signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    first.close();
    await expect.poll(() => server.connections, { timeout: 5000 }).toBe(0);
    const second = await dialQuiche(at(server.port), hashes);
    second.close();
    await second.closed;
  });

  test('has clients prove their address when many have not finished arriving', async () => {
    const server = await listenQuiche(options);
    cleanup.push(() => server.close());
    const quiche = await loadQuiche();
    const config = clientConfig(quiche, 8000, {}, true);
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    cleanup.push(() => void socket.close());
    const remote = { host: '127.0.0.1', port: server.port };
    const local = { host: '127.0.0.1', port: socket.address().port };
    for (let index = 0; index < 200; index += 1) {
      const native = quiche.Connection.connect(null, Buffer.alloc(20, index), local, remote, config);
      const packet = Buffer.alloc(1500);
      socket.send(packet.subarray(0, native.send(packet)![0]), server.port, '127.0.0.1');
    }
    await expect.poll(() => server.connections).toBe(64);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.connections).toBe(64);
    const client = await dialQuiche(at(server.port), { certificateHashes: [certificate.sha256] });
    client.close();
    await client.closed;
  });

  test('negotiates the version of QUIC', async () => {
    const server = await listenQuiche(options);
    cleanup.push(() => server.close());
    const socket = createSocket('udp4');
    cleanup.push(() => void socket.close());
    const packet = Buffer.alloc(1200);
    packet.set([0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 7, 6, 5, 4, 3, 2, 1]);
    socket.send(packet, server.port, '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    expect(answer.readUInt32BE(1)).toBe(0);
    expect(answer.includes(Buffer.from('00000001', 'hex'), 5)).toBe(true);
  });
});

test('address tokens are good for their address, for a while', () => {
  const tokens = new AddressTokens();
  const id = Buffer.from('0102030405060708', 'hex');
  const token = tokens.issue('192.0.2.1:5000', id, 1000);
  expect(tokens.check(token, '192.0.2.1:5000', 2000)).toEqual(id);
  expect(tokens.check(token, '192.0.2.1:5001', 2000)).toBeUndefined();
  expect(tokens.check(token, '192.0.2.1:5000', 20_000)).toBeUndefined();
  expect(tokens.check(token.subarray(1), '192.0.2.1:5000', 2000)).toBeUndefined();
  expect(tokens.check(Buffer.alloc(3), '192.0.2.1:5000', 2000)).toBeUndefined();
  expect(new AddressTokens().check(token, '192.0.2.1:5000', 2000)).toBeUndefined();
});

/** Passes packets on between one client and the server, in its own way. */
interface Forwarder {
  readonly port: number;
  /** Drops all packets from now on. */
  freeze(): void;
  /** Drops every nth packet. */
  loseEvery(n: number): void;
  /** Sends to the server from another port. */
  move(): Promise<void>;
  close(): Promise<void>;
}

async function forwardUdp(port: number): Promise<Forwarder> {
  const near = createSocket('udp4');
  let far = createSocket('udp4');
  let client: number | undefined;
  let lossInterval = Infinity;
  let count = 0;
  const isLost = (): boolean => {
    count += 1;
    return count % lossInterval === 0;
  };
  const onAnswer = (packet: Buffer): void => {
    if (!isLost() && client !== undefined) near.send(packet, client, '127.0.0.1');
  };
  near.on('message', (packet, from) => {
    client = from.port;
    if (!isLost()) far.send(packet, port, '127.0.0.1');
  });
  far.on('message', onAnswer);
  near.bind(0, '127.0.0.1');
  far.bind(0, '127.0.0.1');
  await Promise.all([once(near, 'listening'), once(far, 'listening')]);
  return {
    port: near.address().port,
    freeze: () => {
      lossInterval = 1;
    },
    loseEvery: (n) => {
      lossInterval = n;
    },
    move: async () => {
      const next = createSocket('udp4');
      next.on('message', onAnswer);
      next.bind(0, '127.0.0.1');
      await once(next, 'listening');
      far.close();
      far = next;
    },
    close: async () => {
      near.close();
      far.close();
      await Promise.all([once(near, 'close'), once(far, 'close')]);
    },
  };
}
