import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Socket,
} from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { describeTransport } from './conformance.ts';
import type { SessionTransport, TransportOptions } from './transport.ts';
import { attachWebSocket } from './websocket.ts';
import { dialWebSocket } from './websocket-client.ts';

describeTransport('the WebSocket transport', {
  kind: 'websocket',
  listen: async (options) => {
    const http = createServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    const transport = attachWebSocket(http, options);
    return {
      url: new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`),
      server: {
        name: transport.name,
        close: async () => {
          await transport.close();
          http.close();
        },
      },
    };
  },
  connect: dialWebSocket,
  clientArguments: [],
  forward: async (port) => {
    const sockets = new Set<Socket>();
    const server = createTcpServer((near) => {
      const far = connectTcp(port, '127.0.0.1');
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => socket.destroy());
      }
      near.pipe(far).pipe(near);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      port: (server.address() as AddressInfo).port,
      freeze: () => {
        for (const socket of sockets) socket.unpipe().pause();
      },
      close: async () => {
        for (const socket of sockets) socket.destroy();
        server.close();
        await once(server, 'close');
      },
    };
  },
});

describe('a WebSocket peer that breaks the rules', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const undo of cleanup.splice(0).toReversed()) await undo();
  });

  async function listen(
    options: Partial<TransportOptions & { maxSessions: number }> = {},
  ): Promise<{ url: string; port: number; errors: Error[]; sessions: Promise<SessionTransport>[] }> {
    const errors: Error[] = [];
    const sessions: Promise<SessionTransport>[] = [];
    const http = createServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    const transport = attachWebSocket(http, {
      protocols: ['moq-lite-05'],
      idleTimeout: 8000,
      onSession: (incoming) => {
        const session = incoming.accept();
        session.catch(() => {});
        sessions.push(session);
      },
      onError: (error) => errors.push(error),
      ...options,
    });
    cleanup.push(async () => {
      await transport.close();
      http.close();
    });
    const { port } = http.address() as AddressInfo;
    return { url: `ws://127.0.0.1:${port}/`, port, errors, sessions };
  }

  async function dial(url: string, protocols: string[]): Promise<WebSocket> {
    const socket = new WebSocket(url, protocols);
    cleanup.push(() => socket.terminate());
    await once(socket, 'open');
    return socket;
  }

  test.each([
    ['sends text', 'hello'],
    ['sends a message that is too long', Buffer.alloc(20_000)],
    ['sends bytes that are no frame', Buffer.from('7f7f7f7f7f7f7f7f', 'hex')],
  ])('ends its own session when it %s', async (_, message) => {
    const { url, sessions } = await listen();
    const other = await dialWebSocket(new URL(url), ['moq-lite-05']);
    const socket = await dial(url, ['qmux-02.moq-lite-05']);
    socket.on('error', () => {});
    const session = await sessions[1]!;
    socket.send(message);
    await expect(session.closed).resolves.toMatchObject({ by: 'protocol_error' });
    const writer = (await other.createUnidirectionalStream()).getWriter();
    await writer.write(Buffer.from('unaffected'));
    const reader = (await sessions[0]!).webTransport.incomingUnidirectionalStreams.getReader();
    expect((await reader.read()).done).toBe(false);
    other.close();
  });

  test('is turned away at the door, and named', async () => {
    const { url, errors, sessions } = await listen();
    await expect(dial(url, ['qmux-02.other', 'webtransport'])).rejects.toThrow('400');
    await expect(dial(url, [])).rejects.toThrow('400');
    expect(errors.map((error) => error.message)).toEqual([
      expect.stringMatching(/127\.0\.0\.1:\d+ offers none of our protocols: "qmux-02\.other,webtransport"/),
      expect.stringContaining('offers none of our protocols: ""'),
    ]);
    expect(sessions).toEqual([]);
  });

  test('with a broken handshake gets 400', async () => {
    const { port, errors } = await listen();
    const socket = connectTcp(port, '127.0.0.1');
    socket.end(
      'GET / HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: short\r\nSec-WebSocket-Protocol: qmux-02.moq-lite-05\r\n\r\n',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(errors).toEqual([expect.objectContaining({ code: 'protocol' })]);
  });

  test('finds the door closed when all places are taken', async () => {
    const { url, sessions } = await listen({ maxSessions: 1 });
    const first = await dialWebSocket(new URL(url), ['moq-lite-05']);
    await expect(dial(url, ['qmux-02.moq-lite-05'])).rejects.toThrow('503');
    first.close();
    await (
      await sessions[0]!
    ).closed;
    await expect
      .poll(() => dial(url, ['qmux-02.moq-lite-05']).catch(() => undefined), { timeout: 5000 })
      .toBeInstanceOf(WebSocket);
  });
});
