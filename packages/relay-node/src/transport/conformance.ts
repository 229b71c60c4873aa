import { createHash, randomBytes } from 'node:crypto';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { StreamError } from '@moq/qmux';
import { afterEach, describe, expect, test } from 'vitest';
import type {
  IncomingSession,
  SessionTransport,
  TransportKind,
  TransportOptions,
  TransportServer,
} from './transport.ts';

/** A client's session, as far as a caller sees it. */
type ClientSession = WebTransport & { readonly protocol?: string };

/** A transport under test: how to listen and how to reach it. */
export interface TransportUnderTest {
  readonly kind: TransportKind;
  /** Listens on 127.0.0.1, on any port; `closed` of the server includes what carries it. */
  listen(options: TransportOptions): Promise<{ readonly server: TransportServer; readonly url: URL }>;
  /** Connects a client, and resolves when its session is ready. */
  connect(url: URL, protocols: readonly string[]): Promise<ClientSession>;
  /** What a client in a process of its own needs beside the URL. */
  readonly clientArguments: readonly string[];
  /** A relay of packets to `port` that can be told to drop all of them. */
  forward(port: number): Promise<{ readonly port: number; freeze(): void; close(): Promise<void> }>;
}

/** Wait for a place when the peer allows no more streams: part of the W3C interface, not of its types. */
const PATIENT = { waitUntilAvailable: true } as WebTransportSendStreamOptions;
const PROTOCOLS = ['second-choice', 'moq-lite-05'];

/** What every transport must do, whatever carries it. */
export function describeTransport(name: string, transport: TransportUnderTest): void {
  describe(name, () => {
    const cleanup: (() => Promise<void> | void)[] = [];
    afterEach(async () => {
      for (const undo of cleanup.splice(0).toReversed()) await undo();
    });

    /** Listens; each client at the door goes to `door`, which accepts it unless it is given. */
    async function listen(
      options: Partial<TransportOptions> = {},
    ): Promise<{ url: URL; server: TransportServer; errors: Error[] }> {
      const errors: Error[] = [];
      const { server, url } = await transport.listen({
        protocols: PROTOCOLS,
        idleTimeout: 8000,
        onSession: () => {},
        onError: (error) => errors.push(error),
        ...options,
      });
      cleanup.push(() => server.close());
      return { url, server, errors };
    }

    async function connect(url: URL, protocols = ['moq-lite-05']): Promise<ClientSession> {
      const client = await transport.connect(url, protocols);
      cleanup.push(() => client.close());
      return client;
    }

    /** A client and the server's side of its session. */
    async function pair(
      options: Partial<TransportOptions> = {},
      dial: (url: URL) => Promise<ClientSession> = connect,
    ): Promise<{ client: ClientSession; session: SessionTransport; server: TransportServer; url: URL }> {
      const accepted = Promise.withResolvers<SessionTransport>();
      const { url, server } = await listen({
        ...options,
        onSession: (incoming) => incoming.accept().then(accepted.resolve, accepted.reject),
      });
      const [client, session] = await Promise.all([dial(url), accepted.promise]);
      return { client, session, server, url };
    }

    test('tells who is at the door before answering', async () => {
      const door = Promise.withResolvers<IncomingSession>();
      const { url } = await listen({ onSession: door.resolve });
      url.pathname = '/anon/room';
      url.search = '?traceparent=00-abc&x=%20';
      const connecting = connect(url);
      const incoming = await door.promise;
      expect(incoming.kind).toBe(transport.kind);
      expect(incoming.url.pathname).toBe('/anon/room');
      expect(incoming.url.search).toBe('?traceparent=00-abc&x=%20');
      expect(incoming.url.host).toBe(url.host);
      expect(incoming.remoteAddress).toMatch(/^127\.0\.0\.1:\d+$/);
      const session = await incoming.accept();
      await connecting;
      expect(session.kind).toBe(transport.kind);
    });

    test('agrees on the protocol the server prefers of those offered', async () => {
      const { client, session } = await pair({}, (url) =>
        connect(url, ['unknown-protocol', 'moq-lite-05', 'second-choice']),
      );
      expect(client.protocol).toBe('second-choice');
      expect((session.webTransport as ClientSession).protocol).toBe('second-choice');
    });

    test('refuses with a status, and the client fails', async () => {
      const { url } = await listen({ onSession: (incoming) => incoming.reject(403) });
      await expect(connect(url)).rejects.toThrow();
    });

    test('opens bidirectional streams from both sides', async () => {
      const { client, session } = await pair();
      for (const [near, far] of [
        [client, session.webTransport],
        [session.webTransport, client],
      ] as const) {
        const echoed = echoOne(far);
        const stream = await near.createBidirectionalStream();
        await send(stream.writable, Buffer.from('there and back'));
        expect((await readAll(stream.readable)).toString()).toBe('there and back');
        await echoed;
      }
    });

    test('opens unidirectional streams from both sides', async () => {
      const { client, session } = await pair();
      for (const [near, far] of [
        [client, session.webTransport],
        [session.webTransport, client],
      ] as const) {
        await send(await near.createUnidirectionalStream(), Buffer.from('one way'));
        expect((await readAll(await nextStream(far))).toString()).toBe('one way');
      }
    });

    test('carries an empty stream', async () => {
      const { client, session } = await pair();
      const writer = (await client.createUnidirectionalStream()).getWriter();
      await writer.close();
      expect((await readAll(await nextStream(session.webTransport))).byteLength).toBe(0);
    });

    test('carries 10 MB both ways at once, intact', async () => {
      const { client, session } = await pair();
      const [up, down] = [randomBytes(10_000_000), randomBytes(10_000_000)];
      const near = await client.createBidirectionalStream();
      const nearSent = send(near.writable, up, 70_001);
      const far = await nextBidirectional(session.webTransport);
      const farSent = send(far.writable, down, 1 << 20);
      const [upHash, downHash] = await Promise.all([hashAll(far.readable), hashAll(near.readable)]);
      await Promise.all([nearSent, farSent]);
      expect(upHash).toBe(sha256(up));
      expect(downHash).toBe(sha256(down));
    });

    test('carries many small streams both ways', async () => {
      const count = 1000;
      const { client, session } = await pair();
      const directions = [
        [client, session.webTransport],
        [session.webTransport, client],
      ] as const;
      await Promise.all(
        directions.map(async ([near, far]) => {
          const received = receiveMany(far, count);
          for (let index = 0; index < count; index += 1) {
            const writer = (await near.createUnidirectionalStream(PATIENT)).getWriter();
            void writer.write(Buffer.from(`message `));
            void writer.write(Buffer.from(`${index}`));
            void writer.close();
          }
          expect(new Set(await received)).toEqual(
            new Set(Array.from({ length: count }, (_, index) => `message ${index}`)),
          );
        }),
      );
    });

    test('keeps the bytes of a chunk that its writer reuses', async () => {
      const { client, session } = await pair();
      const writer = (await client.createUnidirectionalStream()).getWriter();
      const scratch = new Uint8Array(2);
      for (let value = 0; value < 200; value += 1) {
        scratch.fill(value);
        await writer.write(scratch);
      }
      await writer.close();
      const received = await readAll(await nextStream(session.webTransport));
      expect([...received]).toEqual(Array.from({ length: 400 }, (_, index) => index >> 1));
    });

    test('holds a writer back while nobody reads, and loses nothing', async () => {
      const { client, session } = await pair();
      for (const [near, far] of [
        [client, session.webTransport],
        [session.webTransport, client],
      ] as const) {
        const chunk = randomBytes(50_000);
        const writer = (await near.createUnidirectionalStream()).getWriter();
        let accepted = 0;
        const writing = (async () => {
          for (let index = 0; index < 400; index += 1) {
            await writer.write(chunk);
            accepted += chunk.byteLength;
          }
          await writer.close();
        })();
        const readable = await nextStream(far);
        await stable(() => accepted);
        // 20 MB are on offer; what fits into the windows and buffers of both sides is taken.
        expect(accepted).toBeLessThan(5_000_000);
        expect((await readAll(readable)).byteLength).toBe(400 * chunk.byteLength);
        await writing;
      }
    });

    test('goes on with one stream while another is not read', async () => {
      const { client, session } = await pair();
      const stuck = (await client.createUnidirectionalStream()).getWriter();
      const filling = stuck.write(randomBytes(4_000_000)).catch(() => {});
      await nextStream(session.webTransport);
      await send(await client.createUnidirectionalStream(), Buffer.from('past the stuck one'));
      expect((await readAll(await nextStream(session.webTransport))).toString()).toBe('past the stuck one');
      session.close(0, '');
      await filling;
    });

    test.each([0, 7, 29, 30, 31, 255, 0xffff_ffff])('tells a reader the reset code %i', async (code) => {
      const { client, session } = await pair();
      const writer = (await client.createUnidirectionalStream()).getWriter();
      await writer.write(Buffer.from('begun'));
      const reader = (await nextStream(session.webTransport)).getReader();
      await reader.read();
      await writer.abort(new StreamError(code));
      await expect(reader.read()).rejects.toMatchObject({ source: 'stream', streamErrorCode: code });
    });

    test.each([0, 9, 0xffff_ffff])('tells an idle writer the stop code %i', async (code) => {
      const { client, session } = await pair();
      for (const [near, far] of [
        [client, session.webTransport],
        [session.webTransport, client],
      ] as const) {
        const writer = (await near.createUnidirectionalStream()).getWriter();
        await writer.write(Buffer.from('unwanted'));
        const readable = await nextStream(far);
        await readable.cancel(new StreamError(code));
        await expect(writer.closed).rejects.toMatchObject({ source: 'stream', streamErrorCode: code });
      }
    });

    test('tells a writer that waits for room that its stream is stopped', async () => {
      const { client, session } = await pair();
      const writer = (await client.createUnidirectionalStream()).getWriter();
      writer.write(randomBytes(8_000_000)).catch(() => {});
      const readable = await nextStream(session.webTransport);
      await readable.cancel(new StreamError(3));
      await expect(writer.closed).rejects.toMatchObject({ streamErrorCode: 3 });
      await send(await client.createUnidirectionalStream(), Buffer.from('still here'));
      expect((await readAll(await nextStream(session.webTransport))).toString()).toBe('still here');
    });

    test('survives hundreds of streams reset with unread data', async () => {
      const { client, session } = await pair();
      for (let round = 0; round < 300; round += 1) {
        const writer = (await client.createUnidirectionalStream()).getWriter();
        await writer.write(Buffer.alloc(60_000));
        const reader = (await nextStream(session.webTransport)).getReader();
        await writer.abort(new StreamError(1));
        await expect(untilDone(reader)).rejects.toMatchObject({ streamErrorCode: 1 });
      }
      const data = randomBytes(3_000_000);
      const sent = send(await client.createUnidirectionalStream(), data);
      expect(await hashAll(await nextStream(session.webTransport))).toBe(sha256(data));
      await sent;
    });

    test('carries datagrams both ways', async () => {
      const { client, session } = await pair();
      for (const [near, far] of [
        [client, session.webTransport],
        [session.webTransport, client],
      ] as const) {
        // Some transports learn this from the peer's first words.
        await expect.poll(() => near.datagrams.maxDatagramSize).toBeGreaterThan(1000);
        const reader = far.datagrams.readable.getReader();
        const writer = near.datagrams.writable.getWriter();
        await writer.write(Buffer.from('now or never'));
        const { value } = await reader.read();
        expect(Buffer.from(value as Uint8Array).toString()).toBe('now or never');
        reader.releaseLock();
        writer.releaseLock();
      }
    });

    test("tells the server the client's close code and reason", async () => {
      const { client, session } = await pair();
      client.close({ closeCode: 42, reason: 'enough seen' });
      await expect(session.closed).resolves.toEqual({ by: 'peer', code: 42, reason: 'enough seen' });
    });

    test("tells the client the server's close code and reason", async () => {
      const { client, session } = await pair();
      session.close(4_000_000_000, 'draining');
      await expect(client.closed).resolves.toEqual({ closeCode: 4_000_000_000, reason: 'draining' });
      await expect(session.closed).resolves.toEqual({ by: 'local', code: 4_000_000_000, reason: 'draining' });
    });

    test('counts a close through the W3C interface as ours', async () => {
      const { session } = await pair();
      session.webTransport.close();
      await expect(session.closed).resolves.toEqual({ by: 'local', code: 0, reason: '' });
      session.close(7, 'too late');
      await expect(session.closed).resolves.toMatchObject({ code: 0 });
    });

    test('ends all streams with the session', async () => {
      const { client, session } = await pair();
      const writer = (await client.createUnidirectionalStream()).getWriter();
      await writer.write(Buffer.from('open'));
      const stuck = (await session.webTransport.createUnidirectionalStream()).getWriter();
      const writing = stuck.write(randomBytes(8_000_000)).catch(() => 'rejected');
      const reader = (await nextStream(session.webTransport)).getReader();
      await reader.read();
      const reading = reader.read().catch(() => 'rejected');
      const accepting = session.webTransport.incomingBidirectionalStreams
        .getReader()
        .read()
        .catch(() => 'rejected');
      client.close();
      expect(await reading).toBe('rejected');
      expect(await writing).toBe('rejected');
      const accepted = await accepting;
      expect(accepted === 'rejected' || accepted).toSatisfy(
        (end) => end === true || (end as { done: boolean }).done,
      );
      await expect(session.webTransport.createBidirectionalStream()).rejects.toThrow();
    });

    test('keeps a silent session whose peer is there', async () => {
      const { client, session } = await pair({ idleTimeout: 400 });
      expect(await Promise.race([session.closed, sleep(1500)])).toBeUndefined();
      await send(await client.createUnidirectionalStream(), Buffer.from('still here'));
      expect((await readAll(await nextStream(session.webTransport))).toString()).toBe('still here');
    });

    test('notices a peer that went silent', async () => {
      let forwarder: Awaited<ReturnType<TransportUnderTest['forward']>> | undefined;
      const { session } = await pair({ idleTimeout: 500 }, async (url) => {
        forwarder = await transport.forward(Number(url.port));
        cleanup.push(() => forwarder?.close());
        const detour = new URL(url);
        detour.port = String(forwarder.port);
        return connect(detour);
      });
      const since = performance.now();
      forwarder?.freeze();
      await expect(session.closed).resolves.toEqual({ by: 'idle', code: 0, reason: '' });
      expect(performance.now() - since).toBeLessThan(5000);
    });

    test('notices a client that was killed', async () => {
      const accepted = Promise.withResolvers<SessionTransport>();
      const { url } = await listen({
        idleTimeout: 1000,
        onSession: (incoming) => incoming.accept().then(accepted.resolve, accepted.reject),
      });
      const child = fork(fileURLToPath(new URL('./conformance-client.ts', import.meta.url)), [
        transport.kind,
        url.href,
        ...transport.clientArguments,
      ]);
      cleanup.push(() => void child.kill('SIGKILL'));
      const session = await accepted.promise;
      const [message] = await once(child, 'message');
      expect(message).toBe('connected');
      child.kill('SIGKILL');
      await expect(session.closed).resolves.toMatchObject({ code: 0 });
    });

    test('ends its sessions and frees its port when closed', async () => {
      const { client, session, server, url } = await pair();
      await server.close();
      await expect(session.closed).resolves.toMatchObject({ by: 'local' });
      await client.closed.catch(() => {});
      await expect(transport.connect(url, ['moq-lite-05'])).rejects.toThrow();
    });
  });
}

/** Writes all of `data` in chunks, and ends the stream. */
export async function send(
  stream: WritableStream<Uint8Array>,
  data: Buffer,
  chunkSize = 16_384,
): Promise<void> {
  const writer = stream.getWriter();
  for (let offset = 0; offset < data.byteLength; offset += chunkSize) {
    await writer.write(data.subarray(offset, offset + chunkSize));
  }
  await writer.close();
}

/** All of a stream. */
export async function readAll(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The next unidirectional stream the peer opens. */
export async function nextStream(session: WebTransport): Promise<ReadableStream<Uint8Array>> {
  const reader = session.incomingUnidirectionalStreams.getReader();
  const { value, done } = await reader.read();
  reader.releaseLock();
  if (done) throw new Error('the session ended');
  return value as ReadableStream<Uint8Array>;
}

/** The next bidirectional stream the peer opens. */
async function nextBidirectional(session: WebTransport): Promise<WebTransportBidirectionalStream> {
  const reader = session.incomingBidirectionalStreams.getReader();
  const { value, done } = await reader.read();
  reader.releaseLock();
  if (done) throw new Error('the session ended');
  return value as WebTransportBidirectionalStream;
}

async function echoOne(session: WebTransport): Promise<void> {
  const { readable, writable } = await nextBidirectional(session);
  await readable.pipeTo(writable);
}

async function receiveMany(session: WebTransport, count: number): Promise<string[]> {
  const reader = session.incomingUnidirectionalStreams.getReader();
  const messages: Promise<string>[] = [];
  while (messages.length < count) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the session ended after ${messages.length} streams`);
    messages.push(readAll(value as ReadableStream<Uint8Array>).then(String));
  }
  reader.releaseLock();
  return Promise.all(messages);
}

async function untilDone(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}

async function hashAll(stream: ReadableStream<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Waits until a number has stopped changing. */
async function stable(read: () => number): Promise<void> {
  for (let last = -1; last !== read();) {
    last = read();
    await sleep(300);
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
