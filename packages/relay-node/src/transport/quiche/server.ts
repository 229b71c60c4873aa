import { randomBytes } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import type { Certificate } from '../certificate.ts';
import { formatAddress } from '../text.ts';
import { TransportError } from '../transport-error.ts';
import type {
  IncomingSession,
  SessionTransport,
  TransportClosed,
  TransportOptions,
  TransportServer,
} from '../transport.ts';
import { AddressTokens } from './address-token.ts';
import { Http3Code } from './codes.ts';
import { type ConnectionLimits, serverConfig } from './config.ts';
import { type Endpoint, SCRATCH_SIZE } from './connection.ts';
import { Http3, type Http3Events } from './http3.ts';
import type { MessageStream } from './http3-streams.ts';
import { loadQuiche, type NativeConfig, type Quiche } from './native.ts';
import type { Fields } from './qpack.ts';
import type { WebTransportSession } from './session.ts';
import { parseStringList, quoteString } from './structured-field.ts';
import { Turns } from './turns.ts';
import { UdpSocket } from './udp-socket.ts';

/** Clients must pad their first packets to this, so that an answer is never much longer than the question. */
const MIN_INITIAL = 1200;
/** How long clients have to take leave when the server closes, or their request was refused, in milliseconds. */
const CLOSE_GRACE = 500;
/** From this many unfinished handshakes on, clients have to prove their address before anything is kept of them. */
const MAX_UNPROVEN = 64;

/** What the QUIC transport is started with. */
export interface QuicheOptions extends TransportOptions, ConnectionLimits {
  /** The name or address to listen on. */
  readonly host: string;
  /** The UDP port; 0 for any that is free. */
  readonly port: number;
  readonly certificate: Certificate;
  /** Connections open at once; packets of further clients are ignored. Default 10,000. */
  readonly maxSessions?: number;
  /** How long a client has from its first packet to its request, in milliseconds. Default 10,000. */
  readonly setupTimeout?: number;
}

/** A listening QUIC transport. */
export interface QuicheServer extends TransportServer {
  readonly name: 'quiche';
  /** The UDP port it listens on. */
  readonly port: number;
  /** Connections at present, those that are arriving or taking leave included. */
  readonly connections: number;
  /** Presents another certificate to clients that connect from now on. */
  setCertificate(certificate: Certificate): void;
}

/**
 * Listens for WebTransport over HTTP/3 over QUIC.
 *
 * @throws {TransportError} `unavailable`, `address_in_use`, `listen_failed`, `bad_certificate`
 */
export async function listenQuiche(options: QuicheOptions): Promise<QuicheServer> {
  const quiche = await loadQuiche();
  const config = serverConfig(quiche, options.certificate, options.idleTimeout, options);
  return new Server(quiche, config, await UdpSocket.bind(options.host, options.port), options);
}

class Server implements QuicheServer {
  readonly name = 'quiche';
  readonly #quiche: Quiche;
  readonly #endpoint: Endpoint;
  readonly #options: QuicheOptions;
  readonly #tokens = new AddressTokens();
  /** Connections by each of the ids that packets for them may carry. */
  readonly #byId = new Map<string, ServerConnection>();
  readonly #connections = new Set<ServerConnection>();
  /** Connections whose request has not come. */
  readonly #arriving = new Set<ServerConnection>();
  #config: NativeConfig;
  #closing = false;

  constructor(quiche: Quiche, config: NativeConfig, socket: UdpSocket, options: QuicheOptions) {
    this.#quiche = quiche;
    this.#config = config;
    this.#options = options;
    this.#endpoint = { quiche, socket, turns: new Turns(), scratch: Buffer.allocUnsafeSlow(SCRATCH_SIZE) };
    socket.onPacket = (packet, from) => this.#onPacket(packet, from);
    socket.onRoom = () => {
      for (const { http3 } of this.#connections) http3.connection.schedule();
    };
    socket.onError = options.onError;
  }

  get port(): number {
    return this.#endpoint.socket.local.port;
  }

  get connections(): number {
    return this.#connections.size;
  }

  setCertificate(certificate: Certificate): void {
    this.#config = serverConfig(this.#quiche, certificate, this.#options.idleTimeout, this.#options);
  }

  async close(): Promise<void> {
    this.#closing = true;
    const connections = [...this.#connections];
    for (const connection of connections) connection.close();
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, CLOSE_GRACE);
    await Promise.race([Promise.all(connections.map(({ over }) => over)), grace.promise]);
    clearTimeout(timer);
    for (const { http3 } of connections) {
      http3.connection.close(Http3Code.NoError, '');
      http3.connection.release();
    }
    await this.#endpoint.socket.close();
  }

  #onPacket(packet: Buffer, from: RemoteInfo): void {
    const { MAX_CONN_ID_LEN } = this.#quiche;
    // Packets with a short header, nearly all of them, begin with the id we gave the connection.
    const isShort = (packet[0]! & 0x80) === 0;
    if (isShort) {
      this.#byId
        .get(packet.toString('latin1', 1, 1 + MAX_CONN_ID_LEN))
        ?.http3.connection.receive(packet, from);
      return;
    }
    let header: ReturnType<Quiche['Header']['fromSlice']>;
    try {
      header = this.#quiche.Header.fromSlice(packet, MAX_CONN_ID_LEN);
    } catch {
      // Whatever that was, it was not QUIC.
      return;
    }
    const id = latin1(header.dcid);
    const connection = this.#byId.get(id) ?? this.#arrive(id, header, packet, from);
    connection?.http3.connection.receive(packet, from);
  }

  /** A packet for a connection that is not there: maybe the first of a new one. */
  #arrive(
    id: string,
    header: ReturnType<Quiche['Header']['fromSlice']>,
    packet: Buffer,
    from: RemoteInfo,
  ): ServerConnection | undefined {
    const { quiche, socket } = this.#endpoint;
    if (this.#closing || packet.byteLength < MIN_INITIAL) return undefined;
    const to = { host: from.address, port: from.port };
    if (!quiche.versionIsSupported(header.version)) {
      // Negotiations of versions are not answered with one.
      if (header.ty === quiche.Type.VersionNegotiation) return undefined;
      socket.send(quiche.negotiateVersion(header.scid, header.dcid, socket.packet), to);
      return undefined;
    }
    if (header.ty !== quiche.Type.Initial) return undefined;
    if (this.#connections.size >= (this.#options.maxSessions ?? 10_000)) return undefined;

    const address = formatAddress(from.address, from.port);
    const now = performance.now();
    const originalId = header.token && this.#tokens.check(header.token, address, now);
    if (!originalId && this.#arriving.size >= MAX_UNPROVEN) {
      const retryId = randomBytes(quiche.MAX_CONN_ID_LEN);
      const token = this.#tokens.issue(address, header.dcid, now);
      const { scid, dcid, version } = header;
      socket.send(quiche.retry(scid, dcid, retryId, token, version, socket.packet), to);
      return undefined;
    }

    // A client that comes back uses the id it was sent with the token, which must stay ours.
    const ourId = originalId ? Buffer.from(header.dcid) : randomBytes(quiche.MAX_CONN_ID_LEN);
    const native = quiche.Connection.accept(ourId, originalId ?? null, socket.local, to, this.#config);
    const ids = [id, latin1(ourId)];
    const connection = new ServerConnection(
      (events) =>
        new Http3(
          native,
          this.#endpoint,
          {
            isServer: true,
            idleTimeout: this.#options.idleTimeout,
            setupTimeout: this.#options.setupTimeout ?? 10_000,
          },
          events,
        ),
      remoteAddress(from),
      this.#options,
      {
        arrived: () => this.#arriving.delete(connection),
        released: () => {
          this.#arriving.delete(connection);
          this.#connections.delete(connection);
          for (const known of ids) this.#byId.delete(known);
        },
      },
    );
    for (const known of ids) this.#byId.set(known, connection);
    this.#connections.add(connection);
    this.#arriving.add(connection);
    return connection;
  }
}

/** A client's connection: its request, and the session that comes of it. */
class ServerConnection implements Http3Events {
  readonly http3: Http3;
  /** Settles when the connection is over. */
  readonly over: Promise<void>;
  readonly #remoteAddress: string;
  readonly #options: TransportOptions;
  readonly #owner: { arrived(): void; released(): void };
  readonly #over = Promise.withResolvers<void>();
  #requested = false;

  constructor(
    open: (events: Http3Events) => Http3,
    address: string,
    options: TransportOptions,
    owner: { arrived(): void; released(): void },
  ) {
    this.#remoteAddress = address;
    this.#options = options;
    this.#owner = owner;
    this.over = this.#over.promise;
    this.http3 = open(this);
  }

  /** Takes leave of the client. */
  close(): void {
    if (this.http3.session) this.http3.session.close();
    else this.http3.connection.close(Http3Code.NoError, '');
  }

  ready(): void {}

  headers(message: MessageStream, fields: Fields): void {
    const request = readRequest(fields);
    if (typeof request === 'number') {
      answer(message, request);
      return;
    }
    if (this.#requested) {
      // One session to a connection is what our settings say.
      answer(message, 429);
      return;
    }
    this.#requested = true;
    this.http3.connection.expireIn(Infinity);
    this.#owner.arrived();
    this.#options.onSession(this.#incoming(message, request));
  }

  ended(end: TransportClosed): void {
    if (!this.#requested && end.by === 'protocol_error') {
      this.#options.onError(new TransportError('protocol', `${this.#remoteAddress}: ${end.reason}`));
    }
    this.#over.resolve();
  }

  released(): void {
    this.#owner.released();
  }

  #incoming(message: MessageStream, request: SessionRequest): IncomingSession {
    const { connection } = this.http3;
    let answered = false;
    return {
      kind: 'webtransport',
      url: request.url,
      remoteAddress: this.#remoteAddress,
      userAgent: request.userAgent,
      accept: async () => {
        if (answered || message.over || connection.end) {
          throw new TransportError('connect_failed', 'the client has gone or has been answered');
        }
        answered = true;
        const protocol = this.#options.protocols.find((ours) => request.protocols.includes(ours)) ?? '';
        message.sendHeaders([
          [':status', '200'],
          ['sec-webtransport-http3-draft', 'draft02'],
          ...(protocol === '' ? [] : [['wt-protocol', quoteString(protocol)] as const]),
        ]);
        return sessionTransport(this.http3.openSession(message, protocol));
      },
      reject: (status) => {
        if (answered) return;
        answered = true;
        answer(message, status);
        connection.expireIn(CLOSE_GRACE);
      },
    };
  }
}

/** A request for a session. */
interface SessionRequest {
  readonly url: URL;
  readonly userAgent: string | undefined;
  /** The protocols offered. */
  readonly protocols: readonly string[];
}

/** What a request asks for, or the status to refuse it with. */
function readRequest(fields: Fields): SessionRequest | number {
  const values = new Map(fields);
  if (values.get(':method') !== 'CONNECT') return 405;
  const protocol = values.get(':protocol');
  if (protocol !== 'webtransport' && protocol !== 'webtransport-h3') return 501;
  const authority = values.get(':authority');
  const path = values.get(':path');
  if (!authority || !path?.startsWith('/') || values.get(':scheme') !== 'https') return 400;
  const url = URL.parse(`https://${authority}${path}`);
  if (!url) return 400;
  return {
    url,
    userAgent: values.get('user-agent'),
    protocols: parseStringList(values.get('wt-available-protocols')),
  };
}

function answer(message: MessageStream, status: number): void {
  message.sendHeaders([[':status', String(status)]], true);
  message.refuse();
}

function sessionTransport(session: WebTransportSession): SessionTransport {
  return {
    kind: 'webtransport',
    webTransport: session,
    closed: session.ended,
    stats: () => session.stats(),
    close: (closeCode, reason) => session.close({ closeCode, reason }),
  };
}

/** The client's address; an IPv4 address that came through an IPv6 socket is still one. */
function remoteAddress(from: RemoteInfo): string {
  return formatAddress(from.address.replace(/^::ffff:(?=\d+\.)/, ''), from.port);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
