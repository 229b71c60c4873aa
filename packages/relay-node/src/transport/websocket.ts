import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import Session, { selectSubprotocol } from '@moq/qmux';
import { type WebSocket, WebSocketServer } from 'ws';
import { formatAddress, truncateReason } from './text.ts';
import type {
  IncomingSession,
  SessionTransport,
  TransportClosed,
  TransportOptions,
  TransportServer,
} from './transport.ts';
import { TransportError } from './transport-error.ts';
import { WebSocketStream } from './websocket-stream.ts';

/** The largest message a peer may send: a QMux record and a legacy frame both stay below. */
const MAX_MESSAGE = 16 * 1024;
/** How long a peer has to take part in closing before its socket is cut, in milliseconds. */
const CLOSE_GRACE = 1000;
/** What a session may hold of data nobody has read, in bytes: of all streams together, and of one. */
const SESSION_WINDOW = 4n * 1024n * 1024n;
const STREAM_WINDOW = 1024n * 1024n;
/** Streams a peer may have open at once, of either kind. */
const MAX_STREAMS = 128n;

const SESSION_CONFIG = {
  maxStreamsBidi: MAX_STREAMS,
  maxStreamsUni: MAX_STREAMS,
  maxData: SESSION_WINDOW,
  maxStreamDataBidiLocal: STREAM_WINDOW,
  maxStreamDataBidiRemote: STREAM_WINDOW,
  maxStreamDataUni: STREAM_WINDOW,
  // Silence is noticed below QMux, the same way for all of its versions.
  maxIdleTimeout: 0n,
};

/** What the WebSocket transport is started with. */
export interface WebSocketTransportOptions extends TransportOptions {
  /** Sessions open at once, those at the door included; more are refused with status 503. Default 10,000. */
  readonly maxSessions?: number;
}

/**
 * Serves WebSocket upgrades of an HTTP or HTTPS server: MoQ in QMux (streams over one WebSocket).
 * Closing the transport leaves the HTTP server open.
 */
export function attachWebSocket(
  server: Server | SecureServer,
  options: WebSocketTransportOptions,
): TransportServer {
  const transport = new WebSocketTransport(server, options);
  return transport;
}

class WebSocketTransport implements TransportServer {
  readonly name = 'websocket';
  readonly #server: Server | SecureServer;
  readonly #options: WebSocketTransportOptions;
  readonly #handshakes: WebSocketServer;
  readonly #sessions = new Set<WebSocketSession>();
  /** Sockets of clients that have not been answered. */
  readonly #waiting = new Set<Duplex>();

  constructor(server: Server | SecureServer, options: WebSocketTransportOptions) {
    this.#server = server;
    this.#options = options;
    this.#handshakes = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE,
      handleProtocols: (offered) => selectProtocol([...offered], options.protocols) ?? false,
    });
    this.#handshakes.on('wsClientError', (error, socket) => {
      refuse(socket, 400);
      options.onError(new TransportError('protocol', `bad WebSocket handshake: ${error.message}`));
    });
    server.on('upgrade', this.#onUpgrade);
  }

  async close(): Promise<void> {
    this.#server.off('upgrade', this.#onUpgrade);
    for (const socket of this.#waiting) refuse(socket, 503);
    for (const session of this.#sessions) session.close(0, '');
    await Promise.all([...this.#sessions].map((session) => session.gone));
    this.#handshakes.close();
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Until `ws` takes the socket over, a client that goes away must not take the process with it.
    socket.on('error', () => socket.destroy());
    const url = requestUrl(request);
    const offered = request.headers['sec-websocket-protocol'];
    if (!url || !selectProtocol(offered, this.#options.protocols)) {
      refuse(socket, 400);
      const fault = url ? `offers none of our protocols: ${quote(offered)}` : `has a bad URL`;
      this.#options.onError(
        new TransportError('protocol', `the WebSocket client at ${remoteAddress(request)} ${fault}`),
      );
      return;
    }
    if (this.#sessions.size + this.#waiting.size >= (this.#options.maxSessions ?? 10_000)) {
      refuse(socket, 503);
      return;
    }
    this.#waiting.add(socket);
    socket.once('close', () => this.#waiting.delete(socket));
    this.#options.onSession(this.#incoming(url, request, socket, head));
  };

  #incoming(url: URL, request: IncomingMessage, socket: Duplex, head: Buffer): IncomingSession {
    return {
      kind: 'websocket',
      url,
      remoteAddress: remoteAddress(request),
      userAgent: request.headers['user-agent'],
      accept: async () => {
        if (!this.#waiting.delete(socket)) {
          throw new TransportError('connect_failed', 'the client has gone or has been answered');
        }
        const session = new WebSocketSession(
          await this.#upgrade(request, socket, head),
          this.#options.idleTimeout,
        );
        this.#sessions.add(session);
        void session.gone.then(() => this.#sessions.delete(session));
        await session.webTransport.ready;
        return session;
      },
      reject: (status) => {
        if (this.#waiting.delete(socket)) refuse(socket, status);
      },
    };
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<WebSocket> {
    return new Promise((resolve, reject) => {
      this.#handshakes.handleUpgrade(request, socket, head, resolve);
      // The handshake is done, or has failed, by the time handleUpgrade returns; after resolve() this does nothing.
      reject(new TransportError('connect_failed', 'the WebSocket handshake failed'));
    });
  }
}

class WebSocketSession implements SessionTransport {
  readonly kind = 'websocket';
  readonly webTransport: Session;
  readonly closed: Promise<TransportClosed>;
  /** Settles when the socket is closed. */
  readonly gone: Promise<void>;
  readonly #socket: WebSocket;
  readonly #idleTimeout: number;
  readonly #watch: NodeJS.Timeout;
  /** Why the session is over, from the first sign of it. */
  #by: TransportClosed['by'] | undefined;
  #heardAt = performance.now();
  #pinged = false;

  constructor(socket: WebSocket, idleTimeout: number) {
    this.#socket = socket;
    this.#idleTimeout = idleTimeout;
    const heard = (): void => {
      this.#heardAt = performance.now();
      this.#pinged = false;
    };
    socket.on('message', heard);
    socket.on('ping', heard);
    socket.on('pong', heard);
    socket.on('message', (_, isBinary) => {
      if (!isBinary) this.#by ??= 'protocol_error';
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#by ??= error.code?.startsWith('WS_ERR_') ? 'protocol_error' : 'peer';
    });
    this.gone = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });

    this.webTransport = Session.accept(new WebSocketStream(socket), { config: SESSION_CONFIG });
    this.#noticeLocalClose();
    this.closed = this.#outcome();
    this.#watch = setInterval(() => this.#tick(), Math.max(10, idleTimeout / 8));
    void this.closed.then(() => this.#release());
  }

  /** WebSocket runs over TCP, and Node does not tell what TCP knows. */
  stats(): undefined {
    return undefined;
  }

  close(code: number, reason: string): void {
    this.webTransport.close({ closeCode: code, reason });
  }

  /** MoQ closes the session through its W3C interface, where a close of ours looks like one of the peer's. */
  #noticeLocalClose(): void {
    const close = this.webTransport.close.bind(this.webTransport);
    this.webTransport.close = (info) => {
      this.#by ??= 'local';
      close(info);
    };
  }

  async #outcome(): Promise<TransportClosed> {
    try {
      const { closeCode, reason } = await this.webTransport.closed;
      return { by: this.#by ?? 'peer', code: closeCode ?? 0, reason: truncateReason(reason ?? '') };
    } catch {
      // Without a close from either side the session failed: its socket broke, or, while that is open, its rules were.
      const broken = this.#socket.readyState === this.#socket.OPEN;
      return { by: this.#by ?? (broken ? 'protocol_error' : 'peer'), code: 0, reason: '' };
    }
  }

  #tick(): void {
    const silence = performance.now() - this.#heardAt;
    if (silence >= this.#idleTimeout) {
      // After a pause of this process a word from the peer may be waiting to be read: read first, then judge.
      setImmediate(() => {
        if (performance.now() - this.#heardAt < this.#idleTimeout) return;
        this.#by ??= 'idle';
        this.#socket.terminate();
      });
    } else if (silence >= this.#idleTimeout / 4 && !this.#pinged) {
      this.#pinged = true;
      this.#socket.ping();
    }
  }

  #release(): void {
    clearInterval(this.#watch);
    const cut = setTimeout(() => this.#socket.terminate(), CLOSE_GRACE);
    void this.gone.then(() => clearTimeout(cut));
  }
}

/**
 * The subprotocol to answer with: one that carries a MoQ protocol, else a bare wire format, over which MoQ versions are
 * negotiated in band (older clients offer nothing else). Never the bare `webtransport`: it has no flow control.
 */
function selectProtocol(
  offered: string | readonly string[] | undefined,
  protocols: readonly string[],
): string | undefined {
  const selected = selectSubprotocol(offered, {
    protocols: [...protocols],
    versions: Object.fromEntries(protocols.map((protocol) => [protocol, null])),
  });
  return selected === 'webtransport' ? undefined : selected;
}

function requestUrl(request: IncomingMessage): URL | undefined {
  const scheme = 'encrypted' in request.socket ? 'https' : 'http';
  const path = request.url ?? '/';
  if (!path.startsWith('/')) return undefined;
  return URL.parse(`${scheme}://${request.headers.host ?? ''}${path}`) ?? undefined;
}

function remoteAddress(request: IncomingMessage): string {
  return formatAddress(request.socket.remoteAddress ?? 'unknown', request.socket.remotePort ?? 0);
}

function refuse(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    () => socket.destroy(),
  );
}

function quote(value: string | undefined): string {
  return JSON.stringify((value ?? '').slice(0, 200));
}
