/** What the protocol layer takes by itself: forwards everything to everybody over the same transports, and counts nothing. */
import { Broadcast, Connection, type Track } from '@moq/net';
import { collectGarbageSeldom } from '../src/heap.ts';
import { createSelfSigned } from '../src/transport/certificate.ts';
import { listen } from '../src/http/server.ts';
import { PROTOCOLS } from '../src/relay.ts';
import type { IncomingSession } from '../src/transport/transport.ts';
import { listenQuiche } from '../src/transport/quiche/server.ts';
import { attachWebSocket } from '../src/transport/websocket.ts';

type Source = Pick<Broadcast.Consumer, 'subscribe' | 'resolveTrackInfo'>;

class Forwarded extends Broadcast.Producer {
  readonly #source: Source;

  constructor(source: Source) {
    super();
    this.#source = source;
  }

  override subscribe(name: string, options?: Track.Subscription): Track.Subscriber {
    return this.#source.subscribe(name, options);
  }

  override resolveTrackInfo(name: string): Promise<Track.Info> {
    return this.#source.resolveTrackInfo(name);
  }
}

// The same V8 as the relay's, so that what differs is the relay.
collectGarbageSeldom();
const certificate = createSelfSigned({ now: Date.now() });
const connections = new Set<Connection.Established>();
const broadcasts = new Map<string, { readonly source: Source; readonly publisher: Connection.Established }>();

for (const method of ['debug', 'info', 'warn', 'error'] as const) console[method] = () => {};
process.on('unhandledRejection', () => {});

async function serve(incoming: IncomingSession): Promise<void> {
  const transport = await incoming.accept();
  const connection = await Connection.accept(transport.webTransport, incoming.url);
  connections.add(connection);
  void transport.closed.then(() => connections.delete(connection));
  for (const [path, { source }] of broadcasts) connection.publish(path as never, new Forwarded(source));
  const announced = connection.announced();
  for (let event = await announced.next(); event; event = await announced.next()) {
    if (!event.active) continue;
    const source = connection.consume(event.path);
    broadcasts.set(event.path, { source, publisher: connection });
    for (const other of connections) {
      if (other !== connection) other.publish(event.path, new Forwarded(source));
    }
  }
}

const http = await listen(
  { purpose: 'clients', host: '127.0.0.1', port: 0, option: 'port', keepAlive: 5_000 },
  (_request, response) => void response.end(certificate.sha256),
);
const options = {
  protocols: PROTOCOLS,
  idleTimeout: 8000,
  onSession: (incoming: IncomingSession) => void serve(incoming).catch(() => {}),
  onError: () => {},
};
attachWebSocket(http.server, options);
await listenQuiche({ ...options, host: '127.0.0.1', port: http.port, certificate });
process.stdout.write(`${JSON.stringify({ url: http.url.href })}\n`);
