import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Broadcast, Connection, Path } from '@moq/net';
import Session, { selectSubprotocol } from '@moq/qmux';
import { WebSocketServer } from 'ws';

const PROTOCOLS = ['moq-lite-05'];

/**
 * A relay with broadcasts of its own, over WebSocket: just enough for one page to play from. A connection that closes
 * takes the broadcasts along.
 */
export class TestRelay {
  readonly #http: Server = createServer((_, response) => response.writeHead(404).end());
  readonly #sockets: WebSocketServer;
  readonly #broadcasts = new Map<string, Broadcast.Producer>();
  readonly #connections = new Set<Connection.Established>();
  /** The paths and queries that were connected to, in turn. */
  readonly urls: string[] = [];

  constructor() {
    this.#sockets = new WebSocketServer({
      server: this.#http,
      handleProtocols: (offered) =>
        selectSubprotocol([...offered].join(', '), {
          protocols: PROTOCOLS,
          versions: Object.fromEntries(PROTOCOLS.map((protocol) => [protocol, null])),
        }) ?? false,
    });
    this.#sockets.on('connection', (socket, request) => {
      const url = new URL(request.url ?? '/', this.url);
      this.urls.push(url.pathname + url.search);
      void this.#serve(Session.accept(socket as never), url);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`;
  }

  open(): Promise<void> {
    return new Promise((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
  }

  /** Announces a broadcast to everyone connected, and to those who come. */
  announce(name: string, broadcast: Broadcast.Producer): void {
    this.#broadcasts.set(name, broadcast);
    for (const connection of this.#connections) connection.publish(Path.from(name), broadcast);
  }

  /** Takes a broadcast back. */
  withdraw(name: string): void {
    this.#broadcasts.get(name)?.close();
    this.#broadcasts.delete(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#broadcasts.keys()) this.withdraw(name);
    for (const client of this.#sockets.clients) client.terminate();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #serve(session: Session, url: URL): Promise<void> {
    try {
      await session.ready;
      const connection = await Connection.accept(session, url);
      this.#connections.add(connection);
      for (const [name, broadcast] of this.#broadcasts) connection.publish(Path.from(name), broadcast);
      await connection.closed;
      this.#connections.delete(connection);
    } catch {
      // A page that goes away in the middle of it is no failure of the test.
    }
  }
}
