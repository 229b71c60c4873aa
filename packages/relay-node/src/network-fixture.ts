/** A way to a relay that can break, for TCP and UDP alike. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Forwards to a relay, from one port number. */
export interface Proxy extends Disposable {
  readonly url: URL;
  /** Lets nothing through any more: in either direction, or none to the clients. */
  freeze(which: 'all' | 'to-client'): void;
  /** Breaks off what is TCP, towards the relay by a reset; UDP just ends. */
  reset(): void;
}

/** How many port numbers are tried to find one that is free for both. */
const ATTEMPTS = 10;

/** Starts a forwarder. */
export async function startProxy(target: URL): Promise<Proxy> {
  for (let attempt = 1; ; attempt++) {
    const tcp = new TcpForwarder(target);
    const port = await tcp.listen();
    try {
      const udp = await UdpForwarder.listen(port, Number(target.port));
      return {
        url: new URL(`http://127.0.0.1:${port}/`),
        freeze: (which) => {
          tcp.freeze(which);
          udp.freeze(which);
        },
        reset: () => {
          tcp.reset();
          udp.freeze('all');
        },
        [Symbol.dispose]: () => {
          tcp.close();
          udp.close();
        },
      };
    } catch (error) {
      tcp.close();
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

class TcpForwarder {
  readonly #pairs: { readonly client: Socket; readonly server: Socket }[] = [];
  readonly #listener: Server;

  constructor(target: URL) {
    this.#listener = createServer((client) => {
      const server = connect(Number(target.port), target.hostname);
      this.#pairs.push({ client, server });
      client.on('error', () => server.destroy()).on('close', () => server.destroy());
      server.on('error', () => client.destroy()).on('close', () => client.destroy());
      client.pipe(server);
      server.pipe(client);
    });
  }

  async listen(): Promise<number> {
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
    return (this.#listener.address() as { port: number }).port;
  }

  freeze(which: 'all' | 'to-client'): void {
    for (const { client, server } of this.#pairs) {
      server.unpipe(client);
      server.pause();
      if (which === 'to-client') continue;
      client.unpipe(server);
      client.pause();
    }
  }

  reset(): void {
    for (const { server } of this.#pairs) server.resetAndDestroy();
  }

  close(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    this.#listener.close();
  }
}

class UdpForwarder {
  readonly #near: UdpSocket;
  /** A socket towards the relay for each client, by its port. */
  readonly #far = new Map<number, UdpSocket>();
  #frozen: 'all' | 'to-client' | 'nothing' = 'nothing';

  private constructor(near: UdpSocket, target: number) {
    this.#near = near;
    near.on('message', (packet, from) => {
      if (this.#frozen !== 'all') this.#socketOf(from.port).send(packet, target, '127.0.0.1');
    });
  }

  static async listen(port: number, target: number): Promise<UdpForwarder> {
    const near = createSocket('udp4');
    near.bind(port, '127.0.0.1');
    await once(near, 'listening');
    return new UdpForwarder(near, target);
  }

  freeze(which: 'all' | 'to-client'): void {
    this.#frozen = which;
  }

  close(): void {
    this.#near.close();
    for (const socket of this.#far.values()) socket.close();
  }

  #socketOf(client: number): UdpSocket {
    let socket = this.#far.get(client);
    if (!socket) {
      socket = createSocket('udp4');
      socket.on('message', (packet) => {
        if (this.#frozen === 'nothing') this.#near.send(packet, client, '127.0.0.1');
      });
      this.#far.set(client, socket);
    }
    return socket;
  }
}
