import { SessionError } from '@moq/qmux';
import { truncateReason } from '../text.ts';
import type { TransportClosed, TransportStats } from '../transport.ts';
import { FrameType, Http3Code, StreamType } from './codes.ts';
import type { Connection } from './connection.ts';
import type { MessageStream, SessionEvents } from './http3-streams.ts';
import { IncomingQueue } from './incoming-queue.ts';
import { ReceiveStream, type StreamStart } from './receive-stream.ts';
import { SendStream } from './send-stream.ts';
import { varints, varintSize } from './varint.ts';
import { bytesOf, WebTransportSendStream } from './writable.ts';

/** How long the peer has to take its leave after a close, in milliseconds. */
const CLOSE_GRACE = 1000;
/** Datagrams that may wait for a reader; then the oldest are dropped. */
const MAX_DATAGRAMS = 256;

/** What a session is made of. */
export interface SessionParts {
  readonly connection: Connection;
  readonly scratch: Buffer;
  /** The stream of the accepted request. */
  readonly message: MessageStream;
  /** The protocol agreed on; empty when there is none. */
  readonly protocol: string;
  /** Whether the peer is the one that asked for the session. */
  readonly isServer: boolean;
  /** Whether the peer takes datagrams, as far as is known by now. */
  readonly takesDatagrams: () => boolean;
}

/** How a stream is opened, as the W3C interface has it. */
export interface OpenOptions {
  /** Among the streams of a session those with a higher order are served first; 0 by default. */
  readonly sendOrder?: number;
  /** Wait when the peer allows no more streams at present, instead of failing, which is the default. */
  readonly waitUntilAvailable?: boolean;
}

/** A stream with a half in each direction. */
export interface BidirectionalStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WebTransportSendStream;
}

/** A WebTransport session in the shape of the W3C interface. */
export class WebTransportSession implements WebTransport, SessionEvents {
  /** The id of the session: that of the stream of its request. */
  readonly id: number;
  readonly protocol: string;
  readonly reliability = 'supports-unreliable';
  readonly congestionControl = 'default';
  readonly ready: Promise<void> = Promise.resolve();
  /** Fulfils when either side closed the session, rejects when it failed. */
  readonly closed: Promise<WebTransportCloseInfo>;
  /** Fulfils when the peer asks to end the session soon. */
  readonly draining: Promise<void>;
  /** How the session ended; fulfils once, whatever happened. */
  readonly ended: Promise<TransportClosed>;
  readonly datagrams: DatagramStreams;
  readonly #connection: Connection;
  readonly #scratch: Buffer;
  readonly #message: MessageStream;
  readonly #isServer: boolean;
  readonly #closing = Promise.withResolvers<WebTransportCloseInfo>();
  readonly #drained = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<TransportClosed>();
  readonly #uni = new IncomingQueue<ReadableStream<Uint8Array>>(cancel);
  readonly #bidi = new IncomingQueue<BidirectionalStream>((stream) => {
    cancel(stream.readable);
    stream.writable.abort().catch(ignore);
  });
  #isOver = false;

  constructor(parts: SessionParts) {
    this.id = parts.message.id;
    this.protocol = parts.protocol;
    this.closed = this.#closing.promise;
    this.draining = this.#drained.promise;
    this.ended = this.#over.promise;
    this.#connection = parts.connection;
    this.#scratch = parts.scratch;
    this.#message = parts.message;
    this.#isServer = parts.isServer;
    this.datagrams = new DatagramStreams(parts.connection, this.id / 4, parts.takesDatagrams);
    parts.message.session = this;
    // Those who do not ask need not be told.
    this.closed.catch(ignore);
  }

  get incomingUnidirectionalStreams(): ReadableStream<ReadableStream<Uint8Array>> {
    return this.#uni.readable;
  }

  get incomingBidirectionalStreams(): ReadableStream<BidirectionalStream> {
    return this.#bidi.readable;
  }

  /** Whether the session has ended. */
  get over(): boolean {
    return this.#isOver;
  }

  /**
   * Opens a stream to the peer.
   *
   * @throws {DOMException} `QuotaExceededError` when the peer allows no more streams and nobody wants to wait.
   */
  async createUnidirectionalStream(options?: OpenOptions): Promise<WebTransportSendStream> {
    const stream = await this.#open('uni', StreamType.WebTransport, options);
    return new WebTransportSendStream(stream);
  }

  /** Opens a stream in both directions; throws like `createUnidirectionalStream()`. */
  async createBidirectionalStream(options?: OpenOptions): Promise<BidirectionalStream> {
    const stream = await this.#open('bidi', FrameType.WebTransportStream, options);
    const receive = new ReceiveStream(this.#connection, this.#scratch, {
      id: stream.id,
      bytes: Buffer.alloc(0),
      end: false,
    });
    return { readable: receive.readable, writable: new WebTransportSendStream(stream) };
  }

  /** What is known of the path; milliseconds, bits per second, bytes. */
  getStats(): Promise<TransportStats> {
    return Promise.resolve(this.stats());
  }

  /** The same, at once. */
  stats(): TransportStats {
    return this.#connection.stats();
  }

  /** Closes the session; the peer is told the code and the reason, of which 1,024 bytes count. */
  close(info?: WebTransportCloseInfo): void {
    if (this.#isOver) return;
    const code = (info?.closeCode ?? 0) >>> 0;
    const reason = truncateReason(info?.reason ?? '');
    this.#message.sendClose(code, reason);
    this.#finish({ by: 'local', code, reason }, undefined);
    // The peer ends the connection when it has read that; if it does not, we do.
    this.#connection.expireIn(CLOSE_GRACE);
  }

  // What the connection tells.

  incoming(start: StreamStart): void {
    // A head is a view of a buffer that is used again.
    const receive = new ReceiveStream(this.#connection, this.#scratch, {
      ...start,
      bytes: Buffer.from(start.bytes),
    });
    if ((start.id & 2) !== 0) {
      this.#uni.push(receive.readable);
    } else {
      const writable = new WebTransportSendStream(new SendStream(this.#connection, start.id));
      this.#bidi.push({ readable: receive.readable, writable });
    }
  }

  datagram(payload: Buffer): void {
    this.datagrams.push(payload);
  }

  connectionEnded(end: TransportClosed): void {
    this.#finish(end, new SessionError(`the connection ended: ${end.by} ${end.reason}`.trimEnd()));
  }

  // What the stream of the request tells.

  closedByPeer(code: number, reason: string): void {
    // An answer to our close, or a close that crossed ours. A page may still be hearing of ours, so a server leaves it
    // to its client to end the connection.
    if (this.#isOver && this.#isServer) return;
    this.#finish({ by: 'peer', code, reason: truncateReason(reason) }, undefined);
    this.#connection.close(Http3Code.NoError, '');
  }

  drainingByPeer(): void {
    this.#drained.resolve();
  }

  async #open(kind: 'uni' | 'bidi', type: number, options: OpenOptions = {}): Promise<SendStream> {
    if (this.#isOver) throw new SessionError('the session is over');
    const id = options.waitUntilAvailable
      ? await this.#connection.open(kind)
      : this.#connection.tryOpen(kind);
    if (id === undefined) {
      throw new DOMException('the peer allows no more streams at present', 'QuotaExceededError');
    }
    // It may have ended while the stream waited for its place.
    if (this.#isOver) throw new SessionError('the session is over');
    const stream = new SendStream(this.#connection, id, options.sendOrder);
    void stream.write(varints(type, this.id));
    return stream;
  }

  #finish(end: TransportClosed, error: SessionError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { code, reason } = end;
    if (error && end.by !== 'local') this.#closing.reject(error);
    else this.#closing.resolve({ closeCode: code, reason });
    this.#connection.endStreams(
      this.id,
      Http3Code.SessionGone,
      error ?? new SessionError(`the session was closed: ${code} ${reason}`.trimEnd()),
    );
    this.#uni.end(error);
    this.#bidi.end(error);
    this.datagrams.end(error);
    this.#over.resolve(end);
  }
}

/** The datagrams of a session. */
export class DatagramStreams implements WebTransportDatagramDuplexStream {
  incomingHighWaterMark: number = MAX_DATAGRAMS;
  incomingMaxAge: number | null = null;
  outgoingHighWaterMark: number = MAX_DATAGRAMS;
  outgoingMaxAge: number | null = null;
  readonly writable: WritableStream<Uint8Array>;
  readonly #connection: Connection;
  readonly #quarter: number;
  readonly #takesDatagrams: () => boolean;
  readonly #incoming = new IncomingQueue<Uint8Array>(ignore);

  constructor(connection: Connection, quarter: number, takesDatagrams: () => boolean) {
    this.#connection = connection;
    this.#quarter = quarter;
    this.#takesDatagrams = takesDatagrams;
    this.writable = new WritableStream<Uint8Array>({
      write: (chunk) => {
        const bytes = bytesOf(chunk);
        // A datagram that is too long is dropped, as the interface has it.
        if (bytes.byteLength > this.maxDatagramSize) return;
        connection.sendDatagram(Buffer.concat([varints(quarter), bytes]));
      },
    });
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#incoming.readable;
  }

  /** The longest datagram that can be sent, in bytes; 0 when none can. */
  get maxDatagramSize(): number {
    if (!this.#takesDatagrams()) return 0;
    return Math.max(0, this.#connection.maxDatagramSize() - varintSize(this.#quarter));
  }

  push(payload: Uint8Array): void {
    if (this.#incoming.length >= MAX_DATAGRAMS) this.#incoming.dropOldest();
    this.#incoming.push(payload);
  }

  end(error: Error | undefined): void {
    this.#incoming.end(error);
  }
}

function cancel(stream: ReadableStream): void {
  stream.cancel().catch(ignore);
}

function ignore(): void {}
