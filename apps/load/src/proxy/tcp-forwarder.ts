import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

import type { Endpoint } from '../cli/quantities.ts';
import type { Conditions, Direction } from './conditions.ts';
import { DelayLine } from './delay-line.ts';
import { MAX_QUEUE_DELAY } from './faults.ts';

/** Most connections at a time; more are refused. */
const MAX_CONNECTIONS = 1024;
/** Bytes on their way in one direction of a connection above which its sender has to wait. */
const HIGH_WATER = 2 ** 20;

/** Forwards TCP connections to a target. Nothing gets lost: during a cut everything stands still. */
export class TcpForwarder {
  readonly #server: Server;
  readonly #target: Endpoint;
  readonly #conditions: Conditions;
  readonly #links = new Set<TcpLink>();

  private constructor(server: Server, target: Endpoint, conditions: Conditions) {
    this.#server = server;
    this.#target = target;
    this.#conditions = conditions;
    server.on('connection', (client) => this.#accept(client));
    // Failing to accept one connection is that connection's end.
    server.on('error', () => {});
  }

  /**
   * Listens for clients.
   *
   * @param target an IP address and a port
   */
  static async listen(
    { host, port }: Endpoint,
    target: Endpoint,
    conditions: Conditions,
  ): Promise<TcpForwarder> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.maxConnections = MAX_CONNECTIONS;
    server.listen(port, host);
    await once(server, 'listening');
    return new TcpForwarder(server, target, conditions);
  }

  /** The port that is listened on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections at the moment. */
  get connections(): number {
    return this.#links.size;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const link of this.#links) link.close();
    await closed;
  }

  #accept(client: Socket): void {
    const link = new TcpLink(client, this.#target, this.#conditions, () => this.#links.delete(link));
    this.#links.add(link);
  }
}

/** One connection of a client, and the one to the target that belongs to it. */
class TcpLink {
  readonly #client: Socket;
  readonly #onClose: () => void;
  readonly #start: DelayLine<() => void>;
  readonly #flows: TcpFlow[] = [];
  #server: Socket | undefined;
  #closed = false;

  constructor(client: Socket, target: Endpoint, conditions: Conditions, onClose: () => void) {
    this.#client = client;
    this.#onClose = onClose;
    this.#watch(client);
    // While the path is cut, the target does not hear of a connection either.
    this.#start = new DelayLine(
      (start) => start(),
      () => conditions.cutUntil,
    );
    this.#start.push(() => this.#connect(target, conditions), 0);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#start.close();
    for (const flow of this.#flows) flow.close();
    this.#client.destroy();
    this.#server?.destroy();
    this.#onClose();
  }

  // What went wrong on one side, the other must not take for an end in order.
  #abort(): void {
    this.#client.resetAndDestroy();
    this.#server?.resetAndDestroy();
    this.close();
  }

  // A side that has said and heard everything may be closed while the other still waits for what is on its way.
  #watch(socket: Socket): void {
    socket.on('error', () => this.#abort());
    socket.on('close', () => {
      if (this.#client.closed && this.#server?.closed !== false) this.close();
    });
  }

  #connect(target: Endpoint, conditions: Conditions): void {
    const server = connect({ ...target, allowHalfOpen: true, noDelay: true });
    this.#server = server;
    this.#watch(server);
    this.#flows.push(
      new TcpFlow(this.#client, server, conditions.up, conditions),
      new TcpFlow(server, this.#client, conditions.down, conditions),
    );
  }
}

/** What one side says to the other; `undefined` is that it has nothing more to say. */
class TcpFlow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #direction: Direction;
  readonly #conditions: Conditions;
  readonly #line: DelayLine<Uint8Array | undefined>;
  #inFlight = 0;
  #lastDue = 0;

  constructor(from: Socket, to: Socket, direction: Direction, conditions: Conditions) {
    this.#from = from;
    this.#to = to;
    this.#direction = direction;
    this.#conditions = conditions;
    this.#line = new DelayLine(
      (chunk) => this.#arrive(chunk),
      () => conditions.cutUntil,
    );
    from.on('data', (chunk: Uint8Array) => this.#send(chunk));
    from.on('end', () => this.#send(undefined));
    to.on('drain', () => this.#resume());
  }

  close(): void {
    this.#line.close();
  }

  #send(chunk: Uint8Array | undefined): void {
    const bytes = chunk?.length ?? 0;
    const now = performance.now();
    const due = now + this.#direction.path.stream(bytes, now, this.#conditions.faults);
    // A stream stays in order, also when jitter or a changed delay would have it otherwise.
    this.#lastDue = Math.max(this.#lastDue, due);
    this.#inFlight += bytes;
    if (this.#isFull()) this.#from.pause();
    this.#line.push(chunk, this.#lastDue);
  }

  #arrive(chunk: Uint8Array | undefined): void {
    if (!chunk) {
      this.#to.end();
      return;
    }
    this.#inFlight -= chunk.length;
    this.#direction.stats.bytes += chunk.length;
    if (this.#to.write(chunk)) this.#resume();
    else this.#from.pause();
  }

  #resume(): void {
    if (this.#from.isPaused() && !this.#isFull() && !this.#to.writableNeedDrain) this.#from.resume();
  }

  // A sender faster than the rate has to wait, as it would with a router: otherwise it fills buffers for minutes.
  #isFull(): boolean {
    const { delay, jitter, rate } = this.#conditions.faults;
    const ahead = this.#lastDue - performance.now() - delay - jitter;
    return this.#inFlight > HIGH_WATER || (rate !== undefined && ahead > MAX_QUEUE_DELAY);
  }
}
