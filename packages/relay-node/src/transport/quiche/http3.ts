import type { TransportClosed } from '../transport.ts';
import { FrameType, Http3Code, Setting, StreamType } from './codes.ts';
import {
  Connection,
  type ConnectionEvents,
  type ConnectionOptions,
  type Endpoint,
  type Receiver,
} from './connection.ts';
import { Http3Error } from './http3-error.ts';
import {
  ControlStream,
  MAX_HEADERS,
  MessageStream,
  QpackStream,
  StreamHead,
  type StreamOwner,
} from './http3-streams.ts';
import type { NativeConnection } from './native.ts';
import type { Fields } from './qpack.ts';
import type { StreamStart } from './receive-stream.ts';
import { record, RecordTooLong } from './records.ts';
import { SendStream } from './send-stream.ts';
import { WebTransportSession } from './session.ts';
import { readVarint, varintLength, varints } from './varint.ts';

/** Streams that may come before their session. */
const MAX_EARLY_STREAMS = 64;

/** What we are: WebTransport of drafts 2 and 7, one session to a connection, and no dynamic table. */
const SETTINGS: readonly (readonly [number, number])[] = [
  [Setting.QpackMaxTableCapacity, 0],
  [Setting.QpackBlockedStreams, 0],
  [Setting.MaxFieldSectionSize, MAX_HEADERS],
  [Setting.EnableConnectProtocol, 1],
  [Setting.Datagrams, 1],
  [Setting.EnableWebTransport, 1],
  [Setting.WebTransportMaxSessions, 1],
];

/** What happens on an HTTP/3 connection. */
export interface Http3Events {
  /** The peer's settings are known: a client may ask for a session. */
  ready(settings: ReadonlyMap<number, number>): void;
  /** The headers of a request, for a server, or of the answer, for a client. */
  headers(message: MessageStream, fields: Fields): void;
  ended(end: TransportClosed): void;
  released(): void;
}

/**
 * HTTP/3 on a QUIC connection, as much of it as WebTransport needs: settings, extended CONNECT, one session.
 * Client and server differ in who asks.
 */
export class Http3 implements ConnectionEvents, StreamOwner {
  readonly connection: Connection;
  readonly scratch: Buffer;
  readonly #isServer: boolean;
  readonly #events: Http3Events;
  /** Types of the peer's streams of which there must be one. */
  readonly #critical = new Set<number>();
  #settings: ReadonlyMap<number, number> | undefined;
  #session: WebTransportSession | undefined;
  /** Streams of a session that is not there yet. */
  readonly #early: { readonly start: StreamStart; readonly sessionId: number }[] = [];

  constructor(native: NativeConnection, endpoint: Endpoint, options: ConnectionOptions, events: Http3Events) {
    this.#isServer = options.isServer;
    this.#events = events;
    this.scratch = endpoint.scratch;
    this.connection = new Connection(native, endpoint, options, this);
  }

  /** The session, once one was opened, whether or not it is over. */
  get session(): WebTransportSession | undefined {
    return this.#session;
  }

  /** Sends a request; its answer comes as `headers`. */
  async request(fields: Fields): Promise<MessageStream> {
    const message = new MessageStream(this, await this.connection.open('bidi'));
    message.sendHeaders(fields);
    message.start({ id: message.id, bytes: Buffer.alloc(0), end: false });
    return message;
  }

  /** Makes the session of an accepted request, and gives it the streams that came before. */
  openSession(message: MessageStream, protocol: string): WebTransportSession {
    const session = new WebTransportSession({
      connection: this.connection,
      scratch: this.scratch,
      message,
      protocol,
      isServer: this.#isServer,
      takesDatagrams: () => this.#settings?.get(Setting.Datagrams) === 1,
    });
    this.#session = session;
    for (const { start, sessionId } of this.#early.splice(0)) this.#deliver(start, sessionId);
    return session;
  }

  // What the connection tells.

  established(): void {
    const id = this.connection.tryOpen('uni');
    if (id === undefined) {
      this.#fail(Http3Code.StreamCreationError, 'the peer allows no control stream');
      return;
    }
    const control = new SendStream(this.connection, id, Number.MAX_SAFE_INTEGER);
    const settings = record(FrameType.Settings, varints(...SETTINGS.flat()));
    void control.write(Buffer.concat([varints(StreamType.Control), settings]));
  }

  incoming(id: number): void {
    new StreamHead(this, id).ready();
  }

  datagram(payload: Buffer): void {
    const quarter = readVarint(payload, 0);
    if (quarter === undefined) this.#fail(Http3Code.FrameError, 'a datagram has no session');
    else if (this.#session?.id === quarter * 4) {
      this.#session.datagram(payload.subarray(varintLength(payload[0]!)));
    }
  }

  ended(end: TransportClosed): void {
    this.#session?.connectionEnded(end);
    this.#events.ended(end);
  }

  released(): void {
    this.#events.released();
  }

  // What the streams tell.

  readonly guard = (parse: () => void): boolean => {
    try {
      parse();
      return true;
    } catch (error) {
      if (error instanceof Http3Error) this.#fail(error.code, error.message);
      else if (error instanceof RecordTooLong) this.#fail(Http3Code.ExcessiveLoad, error.message);
      else throw error;
      return false;
    }
  };

  route(start: StreamStart, type: number, sessionId: number | undefined): void {
    const { id } = start;
    if (sessionId !== undefined) {
      this.#deliver(start, sessionId);
    } else if ((id & 2) === 0) {
      if (!this.#isServer) {
        throw new Http3Error(
          Http3Code.StreamCreationError,
          'a server opened a stream that is not WebTransport',
        );
      }
      new MessageStream(this, id).start(start);
    } else if (type === StreamType.Control) {
      this.#claim(type);
      new ControlStream(this, id).start(start);
    } else if (type === StreamType.QpackEncoder || type === StreamType.QpackDecoder) {
      this.#claim(type);
      new QpackStream(this, start).ready();
    } else if (type === StreamType.Push) {
      throw new Http3Error(Http3Code.IdError, 'nobody allowed a push');
    } else {
      // Types without a meaning are sent to see whether anybody minds.
      this.connection.stop(id, Http3Code.StreamCreationError);
    }
  }

  settings(settings: ReadonlyMap<number, number>): void {
    this.#settings = settings;
    this.#events.ready(settings);
  }

  headers(message: MessageStream, fields: Fields): void {
    this.#events.headers(message, fields);
  }

  #fail(code: number, reason: string): void {
    this.connection.close(code, reason, 'protocol_error');
  }

  #claim(type: number): void {
    if (this.#critical.has(type)) {
      throw new Http3Error(Http3Code.StreamCreationError, `there are two streams of type ${type}`);
    }
    this.#critical.add(type);
  }

  #deliver(start: StreamStart, sessionId: number): void {
    const { id } = start;
    if (sessionId % 4 !== 0) throw new Http3Error(Http3Code.IdError, `${sessionId} is no session`);
    if (this.#session?.id === sessionId && !this.#session.over) {
      this.#session.incoming(start);
    } else if (!this.#session && this.#early.length < MAX_EARLY_STREAMS) {
      if (!start.end) this.connection.addReceiver(id, WAITING);
      // What was read is a view of a buffer that is used again.
      this.#early.push({ start: { ...start, bytes: Buffer.from(start.bytes) }, sessionId });
    } else {
      const code = this.#session ? Http3Code.SessionGone : Http3Code.BufferedStreamRejected;
      if (!start.end) this.connection.stop(id, code);
      if ((id & 2) === 0) this.connection.reset(id, code);
    }
  }
}

/** The receiver of streams that wait for their session. */
const WAITING: Receiver = { ofSession: true, ready: () => {}, fail: () => {} };
