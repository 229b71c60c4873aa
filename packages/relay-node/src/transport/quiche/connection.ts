import { randomBytes } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import { SessionError } from '@moq/qmux';
import { truncateReason } from '../text.ts';
import type { TransportClosed, TransportStats } from '../transport.ts';
import { Http3Code, streamError } from './codes.ts';
import { Liveness } from './liveness.ts';
import type { NativeConnection, Quiche } from './native.ts';
import type { SendStream } from './send-stream.ts';
import type { Turns } from './turns.ts';
import type { UdpSocket } from './udp-socket.ts';

/** Packets of one connection per turn, so that a large backlog of one does not delay the others. */
const PACKETS_PER_TURN = 64;
/**
 * Streams of a connection that are stopped by telling the peer. quiche keeps what it has of such a stream, so later
 * ones are read to their end and thrown away instead, which costs bandwidth but no memory.
 */
export const MAX_STOPS = 128;
/** The size of the buffer that stream data passes through: the longest chunk that is read at once. */
export const SCRATCH_SIZE: number = 64 * 1024;

/** What one end of a connection shares with the other connections of its socket. */
export interface Endpoint {
  readonly quiche: Quiche;
  readonly socket: UdpSocket;
  readonly turns: Turns;
  /** `SCRATCH_SIZE` bytes that stream data passes through on its way in and out. */
  readonly scratch: Buffer;
}

/** Who reads a stream. */
export interface Receiver {
  /** Whether the stream ends with its session. */
  readonly ofSession?: boolean;
  /** There is data, or the end of the stream. */
  ready(): void;
  /** The connection is over. */
  fail(error: Error): void;
}

/** What happens on a connection. */
export interface ConnectionEvents {
  /** The handshake is done. */
  established(): void;
  /** A stream without a receiver has something to read: the peer opened it. */
  incoming(id: number): void;
  datagram(payload: Buffer): void;
  /** The connection is over; called once, after all streams have failed. */
  ended(end: TransportClosed): void;
  /** Nothing more is sent and nothing need be received; called once, last. */
  released(): void;
}

/** How a connection is set up. */
export interface ConnectionOptions {
  readonly isServer: boolean;
  /** A peer not heard of for this long is gone, in milliseconds. */
  readonly idleTimeout: number;
  /** It is over after this, in milliseconds, unless `expireIn()` says something else. */
  readonly setupTimeout: number;
}

interface SlotWaiter {
  resolve(id: number): void;
  reject(error: Error): void;
}

/**
 * A QUIC connection: feeds packets to the native library and sends those it makes, keeps its timers, and moves data
 * between its streams and ours. Everything happens in turns of the event loop: first what arrived is taken, then what
 * is to be sent is handed over, then packets are sent.
 */
export class Connection {
  readonly #native: NativeConnection;
  readonly #endpoint: Endpoint;
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #receivers = new Map<number, Receiver>();
  readonly #senders = new Map<number, SendStream>();
  /** Streams with something to send. */
  readonly #sendable = new Set<SendStream>();
  readonly #waiting: Record<'uni' | 'bidi', SlotWaiter[]> = { uni: [], bidi: [] };
  readonly #nextId: Record<'uni' | 'bidi', number>;
  readonly #liveness: Liveness;
  #established = false;
  /** Where the last packet came from: clients behind a translator of addresses move without knowing. */
  #peerAddress = '';
  #peerPort = 0;
  #moved = false;
  #heard = false;
  #timedOut = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #stops = 0;
  #end: TransportClosed | undefined;
  #lastStats: TransportStats | undefined;
  #released = false;
  /** A stream of ours that is always open; it tells when the whole connection has no room. */
  #gauge: number | undefined;

  constructor(
    native: NativeConnection,
    endpoint: Endpoint,
    options: ConnectionOptions,
    events: ConnectionEvents,
  ) {
    this.#native = native;
    this.#endpoint = endpoint;
    this.#options = options;
    this.#events = events;
    this.#nextId = options.isServer ? { bidi: 1, uni: 3 } : { bidi: 0, uni: 2 };
    this.#liveness = new Liveness(performance.now(), options.idleTimeout, options.setupTimeout);
  }

  /** How the connection ended, once it has. */
  get end(): TransportClosed | undefined {
    return this.#end;
  }

  /** The certificates of the peer in DER, the leaf first. */
  peerCertificates(): readonly Uint8Array[] {
    return this.#native.peerCertChain() ?? [];
  }

  /** Takes a packet that was addressed to this connection. */
  receive(packet: Buffer, from: RemoteInfo): void {
    if (this.#released) return;
    this.#heard = true;
    this.#liveness.heard(performance.now());
    if (from.port !== this.#peerPort || from.address !== this.#peerAddress) {
      this.#peerPort = from.port;
      this.#peerAddress = from.address;
      this.#moved = true;
    }
    try {
      this.#native.recv(packet, {
        from: { host: from.address, port: from.port },
        to: this.#endpoint.socket.local,
      });
    } catch {
      // What is wrong with a packet ends the connection, if anything; the next turn finds out.
    }
    this.schedule();
  }

  /** Has packets sent, timers set and streams served at the end of this turn of the event loop. */
  schedule(): void {
    if (!this.#released) this.#endpoint.turns.request(this);
  }

  /** Ends the connection with a code of HTTP/3; `by` is who is to blame. */
  close(code: number, reason: string, by: TransportClosed['by'] = 'local'): void {
    if (this.#end) return;
    try {
      // What went wrong here is none of the peer's business.
      const told = by === 'internal' ? '' : truncateReason(reason);
      this.#native.close(true, code, Buffer.from(told));
    } catch {
      // It is closed already, which is what was asked for.
    }
    this.#finish({ by, code: 0, reason: by === 'idle' ? '' : reason });
    this.schedule();
  }

  /** Sets how long the connection lasts from now, in milliseconds; `Infinity` is as long as it likes. */
  expireIn(milliseconds: number): void {
    this.#liveness.expireIn(performance.now(), milliseconds);
    this.schedule();
  }

  /** Sends what there is to send, and is done with the connection; packets that come for it are for nobody. */
  release(): void {
    if (this.#released) return;
    this.turn();
    this.#release();
  }

  /** What the path knows; after the end, what it knew last. */
  stats(): TransportStats {
    if (this.#lastStats) return this.#lastStats;
    const { sent, recv, lost, sentBytes, recvBytes, lostBytes } = this.#native.stats();
    const paths = this.#native.pathStats();
    const path = paths.find(({ active }) => active) ?? paths[0];
    const rtt = path?.rtt ?? 0;
    return {
      smoothedRtt: rtt,
      // A window per round trip; the clock of the library counts whole milliseconds.
      estimatedSendRate: path ? Math.round((path.cwnd * 8000) / Math.max(1, rtt)) : 0,
      packetsSent: sent,
      packetsReceived: recv,
      packetsLost: lost,
      bytesSent: sentBytes,
      bytesReceived: recvBytes,
      bytesLost: lostBytes,
    };
  }

  // Streams, for sending.

  /** Opens a stream, or returns `undefined` when the peer allows no more at present. */
  tryOpen(kind: 'uni' | 'bidi'): number | undefined {
    if (this.#end || this.#waiting[kind].length > 0 || this.#slots(kind) <= 0) return undefined;
    return this.#open(kind);
  }

  /** Opens a stream as soon as the peer allows one more. */
  open(kind: 'uni' | 'bidi'): Promise<number> {
    const id = this.tryOpen(kind);
    if (id !== undefined) return Promise.resolve(id);
    if (this.#end) return Promise.reject(sessionOver(this.#end));
    return new Promise((resolve, reject) => {
      this.#waiting[kind].push({ resolve, reject });
    });
  }

  /** Has a stream served until it ends. */
  addSender(stream: SendStream): void {
    this.#senders.set(stream.id, stream);
    this.#gauge ??= stream.id;
  }

  removeSender(stream: SendStream): void {
    this.#senders.delete(stream.id);
    this.#sendable.delete(stream);
  }

  /** Has a stream's queue handed over this turn or as soon as there is room. */
  markSendable(stream: SendStream): void {
    this.#sendable.add(stream);
    this.schedule();
  }

  /**
   * Hands bytes, and the end if asked to, over for sending. Returns how many were taken; when that is all, so is the end.
   *
   * @throws {StreamError} when the peer wants no more.
   */
  send(id: number, bytes: Uint8Array, end: boolean): number | undefined {
    try {
      return this.#native.streamSend(id, bytes, end) ?? undefined;
    } catch (error) {
      throw streamError(error) ?? error;
    }
  }

  /** Sets how soon a stream is served among those that wait for the network: 0 first, 255 last. */
  setUrgency(id: number, urgency: number): void {
    if (this.#end) return;
    try {
      this.#native.streamPriority(id, urgency, true);
    } catch {
      // A stream that has ended has no urgency.
    }
  }

  /** Drops what has not been sent of a stream and tells the peer. */
  reset(id: number, code: number): void {
    this.#shutdown(id, this.#endpoint.quiche.Shutdown.Write, code);
  }

  // Streams, for receiving.

  addReceiver(id: number, receiver: Receiver): void {
    this.#receivers.set(id, receiver);
  }

  removeReceiver(id: number): void {
    this.#receivers.delete(id);
  }

  /**
   * Reads from a stream: how much, and whether that is the end; `undefined` when nothing has arrived. A read into
   * no room finds an end or a reset without taking data.
   *
   * @throws {StreamError} when the peer has reset the stream.
   */
  read(id: number, into: Buffer): readonly [length: number, end: boolean] | undefined {
    try {
      const read = this.#native.streamRecv(id, into) ?? undefined;
      // The peer learns that there is room again.
      if (read && (read[0] > 0 || read[1])) this.schedule();
      return read;
    } catch (error) {
      throw streamError(error) ?? new SessionError('the stream is gone', { cause: error });
    }
  }

  /** Wants no more of a stream. The receiver it has is replaced. */
  stop(id: number, code: number): void {
    this.#receivers.delete(id);
    if (this.#end || this.#discard(id)) return;
    if (this.#stops < MAX_STOPS) {
      this.#stops += 1;
      this.#shutdown(id, this.#endpoint.quiche.Shutdown.Read, code);
    } else {
      const ready = (): void => {
        if (this.#discard(id)) this.#receivers.delete(id);
      };
      this.#receivers.set(id, { ready, fail: () => {} });
    }
  }

  /** Throws away what has arrived of a stream; whether that was all there will be. */
  #discard(id: number): boolean {
    try {
      for (;;) {
        const read = this.read(id, this.#endpoint.scratch);
        if (!read) return false;
        if (read[1]) return true;
      }
    } catch {
      // Reset by the peer: there will be nothing more.
      return true;
    }
  }

  /** Ends all streams of a session but the one it is controlled by. */
  endStreams(session: number, code: number, error: Error): void {
    if (this.#end) return;
    for (const stream of this.#senders.values()) {
      if (stream.id === session || stream.id === this.#gauge) continue;
      this.reset(stream.id, code);
      stream.fail(error);
    }
    for (const [id, receiver] of this.#receivers) {
      // Besides the session's own streams there are those of the peer that must stay as long as the connection does.
      if (id === session || !receiver.ofSession) continue;
      this.stop(id, code);
      receiver.fail(error);
    }
  }

  // Datagrams.

  /** Sends a datagram, or drops it when there is no room. */
  sendDatagram(payload: Buffer): void {
    if (this.#end) return;
    try {
      this.#native.dgramSend(payload);
    } catch {
      // Datagrams are lost at will; one that is too long or that the peer does not take is lost for sure.
    }
    this.schedule();
  }

  /** The longest datagram that can be sent, in bytes; 0 when the peer takes none. */
  maxDatagramSize(): number {
    return this.#end ? 0 : (this.#native.dgramMaxWritableLen() ?? 0);
  }

  // Turns.

  turn(): void {
    if (this.#released) return;
    try {
      if (this.#timedOut) this.#onTimeout();
      if (this.#heard) this.#take();
      if (!this.#end) this.#give();
      this.#flush();
      this.#notice();
    } catch (error) {
      // A fault of ours ends this connection alone.
      this.close(Http3Code.InternalError, String(error), 'internal');
    }
    this.#arm();
  }

  /** Takes what arrived. */
  #take(): void {
    this.#heard = false;
    const native = this.#native;
    if (this.#moved) {
      this.#moved = false;
      // The library follows by itself; what it tells of that would pile up.
      while (native.pathEventNext() !== null);
    }
    if (!this.#established) {
      if (!native.isEstablished()) return;
      this.#established = true;
      this.#liveness.established(native.stats().peerMaxIdleTimeout);
      this.#events.established();
    }
    if (this.#end) return;
    if (!this.#options.isServer) this.#offerIds();
    if (native.isReadable()) {
      for (const id of native.readable()) {
        if (this.#end) return;
        const receiver = this.#receivers.get(id);
        if (receiver) receiver.ready();
        else this.#events.incoming(id);
      }
      for (;;) {
        const payload = native.dgramRecvVec();
        if (!payload || this.#end) break;
        this.#events.datagram(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
      }
    }
    for (const stream of this.#senders.values()) {
      // That a stream is to stop is told by asking for its room, whether or not it has something to send.
      try {
        native.streamCapacity(stream.id);
      } catch (error) {
        stream.stopped(streamError(error) ?? new SessionError('the stream is gone', { cause: error }));
      }
    }
  }

  /** Gives the server ids to address us by when it sees us come from another address. */
  #offerIds(): void {
    while (this.#native.sourceCidsLeft() > 0) {
      const token = BigInt(`0x${randomBytes(16).toString('hex')}`);
      this.#native.newSourceCid(randomBytes(this.#endpoint.quiche.MAX_CONN_ID_LEN), token, false);
    }
    while (this.#native.retiredScidNext() !== null);
  }

  /** Hands over what is to be sent: streams that wait for a place first, then data, the most urgent first. */
  #give(): void {
    for (const kind of ['uni', 'bidi'] as const) {
      const waiting = this.#waiting[kind];
      while (waiting.length > 0 && this.#slots(kind) > 0) waiting.shift()!.resolve(this.#open(kind));
    }
    if (this.#sendable.size === 0) return;
    const streams = [...this.#sendable];
    if (streams.length > 1) streams.sort((a, b) => b.sendOrder - a.sendOrder);
    for (const stream of streams) {
      if (stream.pump(this.#endpoint.scratch)) {
        this.#sendable.delete(stream);
      } else {
        // Behind those of the same order, so that they take turns.
        this.#sendable.delete(stream);
        this.#sendable.add(stream);
        if (this.#isFull()) break;
      }
    }
  }

  /** Whether the connection has no room, whatever its streams have. */
  #isFull(): boolean {
    if (this.#gauge === undefined) return false;
    try {
      return this.#native.streamCapacity(this.#gauge) === 0;
    } catch {
      return false;
    }
  }

  #flush(): void {
    const { socket } = this.#endpoint;
    for (let packets = 0; packets < PACKETS_PER_TURN; packets += 1) {
      // What the kernel has no room for stays where it is until there is: `onRoom` schedules.
      if (socket.full) return;
      let sent: ReturnType<NativeConnection['send']>;
      try {
        sent = this.#native.send(socket.packet);
      } catch {
        // What keeps a packet from being made ends the connection, which is noticed next.
        return;
      }
      if (!sent) return;
      socket.send(sent[0], sent[1].to);
    }
    this.schedule();
  }

  #onTimeout(): void {
    this.#timedOut = false;
    this.#native.onTimeout();
    if (this.#end) return;
    // Packets that were waiting have been read by now: this turn comes after reading.
    const verdict = this.#liveness.check(performance.now());
    if (verdict === 'idle') this.close(Http3Code.NoError, 'idle', 'idle');
    else if (verdict === 'expired') this.close(Http3Code.NoError, 'it took too long', 'protocol_error');
    else if (verdict === 'ask') this.#native.sendAckEliciting();
  }

  /** Finds out whether the connection has ended. */
  #notice(): void {
    const native = this.#native;
    const closed = native.isClosed();
    if (!this.#end && (closed || native.isDraining())) {
      this.#finish(endOf(native));
    }
    if (closed) this.#release();
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    clearTimeout(this.#timer);
    this.#events.released();
  }

  #finish(end: TransportClosed): void {
    this.#lastStats = this.stats();
    this.#end = end;
    const error = sessionOver(end);
    for (const stream of this.#senders.values()) stream.fail(error);
    for (const receiver of this.#receivers.values()) receiver.fail(error);
    for (const { reject } of [...this.#waiting.uni, ...this.#waiting.bidi]) reject(error);
    this.#senders.clear();
    this.#receivers.clear();
    this.#sendable.clear();
    this.#waiting.uni = [];
    this.#waiting.bidi = [];
    this.#events.ended(end);
  }

  /** Sets the timer for what is next: the library's own, asking the peer, or giving it up. */
  #arm(): void {
    if (this.#released) return;
    const now = performance.now();
    let at = now + Math.max(1, this.#native.timeout() ?? Infinity);
    if (!this.#end) at = Math.min(at, this.#liveness.nextCheck());
    // A timer that comes too early does no harm and sets itself anew; most of the time that is cheaper.
    if (this.#timerAt <= at) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(this.#onTimer, Math.max(1, at - now));
  }

  readonly #onTimer = (): void => {
    this.#timerAt = Infinity;
    this.#timedOut = true;
    this.schedule();
  };

  #slots(kind: 'uni' | 'bidi'): number {
    return kind === 'uni' ? this.#native.peerStreamsLeftUni() : this.#native.peerStreamsLeftBidi();
  }

  #open(kind: 'uni' | 'bidi'): number {
    const id = this.#nextId[kind];
    this.#nextId[kind] += 4;
    // Takes the place at once.
    this.setUrgency(id, 127);
    return id;
  }

  #shutdown(id: number, direction: number, code: number): void {
    if (this.#end) return;
    try {
      this.#native.streamShutdown(id, direction, code);
    } catch {
      // A stream that is gone needs no shutting down.
    }
    this.schedule();
  }
}

/** Why the library says that a connection is over. */
function endOf(native: NativeConnection): TransportClosed {
  if (native.isTimedOut()) return { by: 'idle', code: 0, reason: '' };
  const peers = native.peerError();
  if (peers) return { by: 'peer', code: 0, reason: truncateReason(Buffer.from(peers.reason).toString()) };
  const ours = native.localError();
  if (ours) return { by: 'protocol_error', code: 0, reason: `QUIC error 0x${ours.errorCode.toString(16)}` };
  return { by: 'peer', code: 0, reason: '' };
}

function sessionOver(end: TransportClosed): SessionError {
  return new SessionError(end.reason === '' ? `the connection is over (${end.by})` : end.reason);
}
