import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

import type { Endpoint } from '../cli/quantities.ts';
import type { Conditions, Direction } from './conditions.ts';
import { DelayLine } from './delay-line.ts';

/** A packet on its way. */
interface Packet {
  readonly bytes: Uint8Array;
  readonly send: (bytes: Uint8Array) => void;
}

/** A client, with the socket that stands for it towards the target. */
interface Peer {
  readonly socket: Socket;
  lastSeen: number;
}

/** Most clients at a time; the one that was silent the longest makes room. */
const MAX_PEERS = 1024;
/** Most packets on their way in one direction. */
const MAX_IN_FLIGHT = 65_536;
/** Asked of the system for each socket, in bytes: bursts of a whole keyframe must not be lost here. */
const BUFFER_SIZE = 2 ** 20;

/** Forwards UDP packets between clients and a target, one socket per client. */
export class UdpForwarder {
  readonly #socket: Socket;
  readonly #target: Endpoint;
  readonly #conditions: Conditions;
  readonly #idleTimeout: number;
  readonly #peers = new Map<string, Peer>();
  readonly #lines = new Map<Direction, DelayLine<Packet>>();
  readonly #sweep: NodeJS.Timeout;

  private constructor(socket: Socket, target: Endpoint, conditions: Conditions, idleTimeout: number) {
    this.#socket = socket;
    this.#target = target;
    this.#conditions = conditions;
    this.#idleTimeout = idleTimeout;
    for (const direction of [conditions.up, conditions.down]) {
      this.#lines.set(direction, new DelayLine((packet) => this.#arrive(direction, packet)));
    }
    socket.on('message', (bytes, from) => this.#fromClient(bytes, from));
    // A packet that cannot be sent is a packet lost.
    socket.on('error', () => {});
    this.#sweep = setInterval(() => this.#expire(), idleTimeout / 2);
  }

  /**
   * Listens for clients.
   *
   * @param target an IP address and a port
   * @param idleTimeout milliseconds of silence after which a client is forgotten
   */
  static async listen(
    { host, port }: Endpoint,
    target: Endpoint,
    conditions: Conditions,
    idleTimeout: number,
  ): Promise<UdpForwarder> {
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: BUFFER_SIZE });
    socket.bind(port, host);
    try {
      await once(socket, 'listening');
    } catch (error) {
      socket.close();
      throw error;
    }
    return new UdpForwarder(socket, target, conditions, idleTimeout);
  }

  /** Clients at the moment. */
  get peers(): number {
    return this.#peers.size;
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    for (const line of this.#lines.values()) line.close();
    for (const [key, { socket }] of this.#peers) {
      this.#peers.delete(key);
      socket.close();
    }
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  #fromClient(bytes: Uint8Array, from: RemoteInfo): void {
    const key = `${from.address} ${from.port}`;
    let peer = this.#peers.get(key);
    if (!peer) {
      peer = this.#open(key, from);
      this.#peers.set(key, peer);
      if (this.#peers.size > MAX_PEERS) this.#evictOldest();
    }
    const { socket } = peer;
    peer.lastSeen = performance.now();
    this.#forward(this.#conditions.up, {
      bytes,
      send: (packet) => {
        if (this.#peers.get(key)?.socket === socket)
          socket.send(packet, this.#target.port, this.#target.host);
      },
    });
  }

  #open(key: string, client: RemoteInfo): Peer {
    const socket = createSocket({
      type: isIPv6(this.#target.host) ? 'udp6' : 'udp4',
      recvBufferSize: BUFFER_SIZE,
    });
    const peer = { socket, lastSeen: performance.now() };
    socket.on('message', (bytes, from) => {
      if (from.port !== this.#target.port || from.address !== this.#target.host) return;
      peer.lastSeen = performance.now();
      this.#forward(this.#conditions.down, {
        bytes,
        send: (packet) => this.#socket.send(packet, client.port, client.address),
      });
    });
    socket.on('error', () => this.#drop(key, peer));
    return peer;
  }

  #forward(direction: Direction, packet: Packet): void {
    const { path, stats } = direction;
    const line = this.#lines.get(direction);
    if (this.#conditions.isCut) {
      stats.cut += 1;
      return;
    }
    const now = performance.now();
    const fate = path.packet(packet.bytes.length, now, this.#conditions.faults);
    if ('lost' in fate) {
      stats[fate.lost === 'loss' ? 'lost' : 'overflowed'] += 1;
    } else if (!line || line.size >= MAX_IN_FLIGHT) {
      stats.overflowed += 1;
    } else {
      line.push(packet, now + fate.after);
    }
  }

  #arrive({ stats }: Direction, { bytes, send }: Packet): void {
    if (this.#conditions.isCut) {
      stats.cut += 1;
      return;
    }
    stats.packets += 1;
    stats.bytes += bytes.length;
    send(bytes);
  }

  #expire(): void {
    const oldest = performance.now() - this.#idleTimeout;
    for (const [key, peer] of this.#peers) {
      if (peer.lastSeen < oldest) this.#drop(key, peer);
    }
  }

  #evictOldest(): void {
    let oldest: [key: string, peer: Peer] | undefined;
    for (const entry of this.#peers) {
      if (!oldest || entry[1].lastSeen < oldest[1].lastSeen) oldest = entry;
    }
    if (oldest) this.#drop(...oldest);
  }

  #drop(key: string, peer: Peer): void {
    if (this.#peers.get(key) !== peer) return;
    this.#peers.delete(key);
    peer.socket.close();
  }
}
