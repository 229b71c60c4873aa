import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import { afterEach, describe, expect, it } from 'vitest';

import { createFaultProxy, type FaultProxy, type FaultProxyOptions } from './fault-proxy.ts';

const LOOPBACK = '127.0.0.1';
let cleanUp = new AsyncDisposableStack();

afterEach(async () => {
  await cleanUp.disposeAsync();
  cleanUp = new AsyncDisposableStack();
});

async function startProxy(port: number, options: Partial<FaultProxyOptions> = {}): Promise<FaultProxy> {
  const [listen, target] = [
    { host: LOOPBACK, port: 0 },
    { host: LOOPBACK, port },
  ];
  return cleanUp.use(await createFaultProxy({ listen, target, ...options }));
}

/** Sends back every packet. */
async function startUdpEcho(): Promise<number> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 2 ** 20 });
  socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address));
  socket.bind(0, LOOPBACK);
  await once(socket, 'listening');
  cleanUp.defer(() => void socket.close());
  return socket.address().port;
}

interface UdpClient {
  /** Numbers that came back, and after how many milliseconds. */
  readonly received: Map<number, number>;
  send(...numbers: number[]): void;
}

async function startUdpClient(port: number): Promise<UdpClient> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 2 ** 20 });
  socket.bind(0, LOOPBACK);
  await once(socket, 'listening');
  cleanUp.defer(() => void socket.close());
  const sent = new Map<number, number>();
  const received = new Map<number, number>();
  socket.on('message', (bytes) => {
    const number = bytes.readUInt32BE();
    received.set(number, performance.now() - (sent.get(number) ?? 0));
  });
  return {
    received,
    send(...numbers) {
      for (const number of numbers) {
        const bytes = Buffer.alloc(100);
        bytes.writeUInt32BE(number);
        sent.set(number, performance.now());
        socket.send(bytes, port, LOOPBACK);
      }
    },
  };
}

/** How many packets came back, once `sent` have been through; before, more than any. */
function countArrived(proxy: FaultProxy, sent: number): number {
  const { up, down } = proxy.stats();
  const through = up.packets + up.lost === sent && down.packets + down.lost === up.packets;
  return through ? down.packets : Infinity;
}

async function startTcpServer(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, onConnection);
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  cleanUp.defer(async () => {
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

async function startTcpEcho(): Promise<number> {
  return startTcpServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
}

function connectTcp(port: number): Socket {
  const socket = connect({ host: LOOPBACK, port, allowHalfOpen: true });
  cleanUp.defer(() => void socket.destroy());
  return socket;
}

async function readToEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('UDP', () => {
  it('loses its share of packets each way, the same ones for the same seed', async () => {
    const echo = await startUdpEcho();
    const runs: number[][] = [];
    for (let run = 0; run < 2; run++) {
      const proxy = await startProxy(echo, { faults: { loss: 0.2 }, seed: 42 });
      const client = await startUdpClient(proxy.address.port);
      // So few at a time that the system loses none, however busy it is.
      for (let number = 0; number < 1000; number += 50) {
        client.send(...Array.from({ length: 50 }, (_, index) => number + index));
        const through = (): boolean => client.received.size === countArrived(proxy, number + 50);
        await expect.poll(through, { interval: 2, timeout: 10_000 }).toBe(true);
      }
      const { up, down } = proxy.stats();
      expect(up.lost).toBeGreaterThan(150);
      expect(up.lost).toBeLessThan(250);
      expect(down.lost / up.packets).toBeCloseTo(0.2, 1);
      runs.push([...client.received.keys()]);
    }
    expect(runs[0]?.length).toBeGreaterThan(500);
    expect(runs[0]).toEqual(runs[1]);
  });

  it('delays both ways', async () => {
    const proxy = await startProxy(await startUdpEcho(), { faults: { delay: 40 } });
    const client = await startUdpClient(proxy.address.port);
    client.send(1, 2, 3);
    await expect.poll(() => client.received.size).toBe(3);
    for (const time of client.received.values()) {
      expect(time).toBeGreaterThanOrEqual(79);
      expect(time).toBeLessThan(1000);
    }
    expect([...client.received.keys()]).toEqual([1, 2, 3]);
  });

  it('keeps clients apart, and forgets those that were silent', async () => {
    const proxy = await startProxy(await startUdpEcho(), { idleTimeout: 100 });
    const [a, b] = [await startUdpClient(proxy.address.port), await startUdpClient(proxy.address.port)];
    a.send(1);
    b.send(2);
    await expect.poll(() => [...a.received.keys(), ...b.received.keys()]).toEqual([1, 2]);
    expect(proxy.stats().udpPeers).toBe(2);
    await expect.poll(() => proxy.stats().udpPeers).toBe(0);
    a.send(3);
    await expect.poll(() => [...a.received.keys()]).toEqual([1, 3]);
  });

  it('is cut for a while, and changes while it runs', async () => {
    const proxy = await startProxy(await startUdpEcho());
    const client = await startUdpClient(proxy.address.port);
    proxy.cut(300);
    expect(proxy.stats().cut).toBe(true);
    client.send(1, 2);
    await expect.poll(() => proxy.stats().up.cut).toBe(2);
    await expect.poll(() => proxy.stats().cut).toBe(false);
    client.send(3);
    await expect.poll(() => [...client.received.keys()]).toEqual([3]);
    proxy.set({ loss: 1 });
    client.send(4);
    await expect.poll(() => proxy.stats().up.lost).toBe(1);
  });
});

describe('TCP', () => {
  it('carries every byte in order, whatever is done to it', async () => {
    const proxy = await startProxy(await startTcpEcho(), { faults: { delay: 5, jitter: 10, loss: 0.5 } });
    const socket = connectTcp(proxy.address.port);
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 31) % 251));
    socket.end(bytes);
    expect((await readToEnd(socket)).equals(bytes)).toBe(true);
    expect(proxy.stats().up.bytes).toBe(bytes.length);
    await expect.poll(() => proxy.stats().tcpConnections).toBe(0);
  });

  it('is as slow as the rate says', async () => {
    const proxy = await startProxy(await startTcpEcho(), { faults: { rate: 8_000_000 } });
    const start = performance.now();
    const socket = connectTcp(proxy.address.port);
    socket.end(Buffer.alloc(500_000));
    expect((await readToEnd(socket)).length).toBe(500_000);
    expect(performance.now() - start).toBeGreaterThan(490);
  });

  it('lets one side go on when the other has said everything', async () => {
    const port = await startTcpServer((socket) => {
      socket.end('good day');
      void readToEnd(socket).then((heard) => (late = heard.toString()));
    });
    let late = '';
    const proxy = await startProxy(port, { faults: { delay: 10 } });
    const socket = connectTcp(proxy.address.port);
    expect((await readToEnd(socket)).toString()).toBe('good day');
    socket.end('and good night');
    await expect.poll(() => late).toBe('and good night');
    await expect.poll(() => proxy.stats().tcpConnections).toBe(0);
  });

  it('stands still during a cut, and goes on after', async () => {
    let connections = 0;
    const port = await startTcpServer((socket) => {
      connections += 1;
      socket.pipe(socket);
    });
    const proxy = await startProxy(port);
    const before = connectTcp(proxy.address.port);
    before.write('a');
    await once(before, 'data');
    proxy.cut(400);
    const start = performance.now();
    const during = connectTcp(proxy.address.port);
    before.write('b');
    during.write('c');
    await wait(100);
    expect(connections).toBe(1);
    const heard = await Promise.all([once(before, 'data'), once(during, 'data')]);
    expect(heard.map(String)).toEqual(['b', 'c']);
    expect(performance.now() - start).toBeGreaterThanOrEqual(395);
    proxy.cut(0);
    expect(proxy.stats().cut).toBe(false);
  });

  it('ends a connection when the target is not there', async () => {
    const gone = await startTcpServer(() => {});
    await cleanUp.disposeAsync();
    cleanUp = new AsyncDisposableStack();
    const proxy = await startProxy(gone);
    const socket = connectTcp(proxy.address.port).resume();
    const [error] = await once(socket, 'error', { signal: AbortSignal.timeout(5_000) });
    expect(error).toMatchObject({ code: 'ECONNRESET' });
    await expect.poll(() => proxy.stats().tcpConnections).toBe(0);
  });
});

describe('its port', () => {
  it('is one for UDP and TCP, and free again after it is closed', async () => {
    const [udp, tcp] = [await startUdpEcho(), await startTcpEcho()];
    const first = await createFaultProxy({
      listen: { host: LOOPBACK, port: 0 },
      target: { host: LOOPBACK, port: tcp },
    });
    const { port } = first.address;
    const socket = connectTcp(port);
    socket.on('error', () => {});
    socket.write('held open');
    await once(socket, 'data');
    await Promise.all([first.close(), first.close()]);
    const second = await startProxy(udp, { listen: { host: LOOPBACK, port } });
    expect(second.address.port).toBe(port);
  });

  it('is named when it is taken, with either protocol', async () => {
    const [udp, tcp] = [await startUdpEcho(), await startTcpEcho()];
    await expect(startProxy(1, { listen: { host: LOOPBACK, port: tcp } })).rejects.toThrow(
      `port ${tcp}/tcp on ${LOOPBACK} is taken`,
    );
    await expect(startProxy(1, { listen: { host: LOOPBACK, port: udp } })).rejects.toThrow(
      `port ${udp}/udp on ${LOOPBACK} is taken`,
    );
  });

  it('is not opened when the target makes no sense', async () => {
    const target = { host: 'no-such-host.invalid', port: 1 };
    await expect(createFaultProxy({ listen: { host: LOOPBACK, port: 0 }, target })).rejects.toThrow(
      target.host,
    );
  });
});
