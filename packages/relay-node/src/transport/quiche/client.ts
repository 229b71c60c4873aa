import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { TransportClosed } from '../transport.ts';
import { TransportError } from '../transport-error.ts';
import { Http3Code, Setting } from './codes.ts';
import { clientConfig, type ConnectionLimits } from './config.ts';
import { SCRATCH_SIZE } from './connection.ts';
import { Http3, type Http3Events } from './http3.ts';
import type { MessageStream } from './http3-streams.ts';
import { loadQuiche, type NativeConfig, type Quiche } from './native.ts';
import type { Fields } from './qpack.ts';
import type { WebTransportSession } from './session.ts';
import { parseStringList, quoteString } from './structured-field.ts';
import { Turns } from './turns.ts';
import { type Address, UdpSocket } from './udp-socket.ts';

/** How long a server has from our first packet to its answer, in milliseconds. */
const SETUP_TIMEOUT = 10_000;

/** How a session is asked for. */
export interface DialOptions extends ConnectionLimits {
  /**
   * SHA-256 of the certificates one of which the server must present, in hex. Without any, the certificate must be
   * valid for the host and come from an authority that Node trusts.
   */
  readonly certificateHashes?: readonly string[];
  /** Protocols offered, the preferred first. */
  readonly protocols?: readonly string[];
  /** A server not heard of for this long is gone, in milliseconds. Default 30,000. */
  readonly idleTimeout?: number;
  /** Gives up. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a WebTransport session to an `https:` URL.
 *
 * @throws {TransportError} `unavailable`, `connect_failed`, `rejected`; or the reason of `signal`
 */
export async function dialQuiche(url: URL, options: DialOptions = {}): Promise<WebTransportSession> {
  options.signal?.throwIfAborted();
  if (url.protocol !== 'https:') {
    throw new TransportError('connect_failed', `WebTransport needs an https: URL, not ${url.href}`);
  }
  const quiche = await loadQuiche();
  const { idleTimeout = 30_000, certificateHashes } = options;
  const config = clientConfig(quiche, idleTimeout, options, certificateHashes !== undefined);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 443 : Number(url.port);

  let failure: unknown;
  for (const { address, family } of await resolve(host)) {
    options.signal?.throwIfAborted();
    const remote = { host: address, port };
    try {
      const socket = await UdpSocket.connect(remote, family);
      return await new Dialer(quiche, config, socket, remote, url, options).session;
    } catch (error) {
      failure = error;
      // An answer is an answer; the next address is for when there is none.
      if (!(error instanceof TransportError) || error.code !== 'connect_failed') break;
    }
  }
  throw failure;
}

async function resolve(host: string): Promise<readonly { address: string; family: number }[]> {
  try {
    return await lookup(host, { all: true });
  } catch (cause) {
    throw new TransportError('connect_failed', `${host} is not known: ${String(cause)}`, { cause });
  }
}

/** A connection on its way to a session, and what it lives on after. */
class Dialer implements Http3Events {
  readonly session: Promise<WebTransportSession>;
  readonly #http3: Http3;
  readonly #socket: UdpSocket;
  readonly #url: URL;
  readonly #options: DialOptions;
  readonly #outcome = Promise.withResolvers<WebTransportSession>();
  readonly #onAbort = (): void => this.#fail(this.#options.signal?.reason);

  constructor(
    quiche: Quiche,
    config: NativeConfig,
    socket: UdpSocket,
    remote: Address,
    url: URL,
    options: DialOptions,
  ) {
    this.#socket = socket;
    this.#url = url;
    this.#options = options;
    this.session = this.#outcome.promise;

    const host = url.hostname.replace(/^\[|\]$/g, '');
    const native = quiche.Connection.connect(
      isIP(host) === 0 ? host : null,
      randomBytes(quiche.MAX_CONN_ID_LEN),
      socket.local,
      remote,
      config,
    );
    const endpoint = { quiche, socket, turns: new Turns(), scratch: Buffer.allocUnsafeSlow(SCRATCH_SIZE) };
    const { idleTimeout = 30_000, signal } = options;
    this.#http3 = new Http3(
      native,
      endpoint,
      { isServer: false, idleTimeout, setupTimeout: SETUP_TIMEOUT },
      this,
    );
    const { connection } = this.#http3;
    socket.onPacket = (packet, from) => connection.receive(packet, from);
    socket.onRoom = () => connection.schedule();
    socket.onError = (error) => {
      // Once a session is open, packets that find nobody count as lost: the server may come back in time.
      if (!this.#http3.session) this.#fail(this.#unreachable(error.message, error));
    };
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    connection.schedule();
  }

  ready(settings: ReadonlyMap<number, number>): void {
    const fault = this.#certificateFault();
    if (fault) {
      this.#fail(this.#unreachable(fault));
      return;
    }
    const speaksWebTransport =
      settings.get(Setting.EnableConnectProtocol) === 1 &&
      (settings.get(Setting.EnableWebTransport) === 1 ||
        (settings.get(Setting.WebTransportMaxSessions) ?? 0) > 0);
    if (!speaksWebTransport) {
      this.#fail(this.#unreachable('the server does not speak WebTransport'));
      return;
    }
    void this.#ask();
  }

  headers(message: MessageStream, fields: Fields): void {
    const values = new Map(fields);
    const status = Number(values.get(':status'));
    if (!(status >= 200 && status < 300)) {
      this.#fail(
        new TransportError('rejected', `${this.#url.host} refused the session with status ${status}`),
      );
      return;
    }
    const [protocol = ''] = parseStringList(values.get('wt-protocol'));
    if (protocol !== '' && !this.#options.protocols?.includes(protocol)) {
      this.#fail(this.#unreachable(`the server chose ${JSON.stringify(protocol)}, which was not offered`));
      return;
    }
    this.#http3.connection.expireIn(Infinity);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#outcome.resolve(this.#http3.openSession(message, protocol));
  }

  ended(end: TransportClosed): void {
    this.#fail(this.#unreachable(end.reason === '' ? `no connection (${end.by})` : end.reason));
    // Nothing is left to say but that it is over; nobody waits for late packets.
    setImmediate(() => this.#http3.connection.release());
  }

  released(): void {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    void this.#socket.close();
  }

  async #ask(): Promise<void> {
    const { protocols = [] } = this.#options;
    try {
      const message = await this.#http3.request([
        [':method', 'CONNECT'],
        [':protocol', 'webtransport'],
        [':scheme', 'https'],
        [':authority', this.#url.host],
        [':path', `${this.#url.pathname}${this.#url.search}`],
        ['sec-webtransport-http3-draft02', '1'],
        ...(protocols.length === 0
          ? []
          : [['wt-available-protocols', protocols.map(quoteString).join(', ')] as const]),
      ]);
      message.onAbandoned = () => this.#fail(this.#unreachable('the server gave no answer'));
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #fail = (error: unknown): void => {
    this.#outcome.reject(error);
    if (!this.#http3.session) this.#http3.connection.close(Http3Code.NoError, '');
  };

  #unreachable(why: string, cause?: unknown): TransportError {
    return new TransportError('connect_failed', `cannot reach ${this.#url.host} by QUIC: ${why}`, { cause });
  }

  /** What is wrong with the certificate, besides what TLS has checked. */
  #certificateFault(): string | undefined {
    const [der] = this.#http3.connection.peerCertificates();
    if (!der) return 'the server has no certificate';
    const certificate = new X509Certificate(der);
    const { certificateHashes } = this.#options;
    if (certificateHashes) {
      const hash = createHash('sha256').update(certificate.raw).digest('hex');
      if (!certificateHashes.some((known) => known.replaceAll(':', '').toLowerCase() === hash)) {
        return `the server's certificate has the hash ${hash}, which is not one of those expected`;
      }
      const now = Date.now();
      const isValid = certificate.validFromDate.getTime() <= now && now <= certificate.validToDate.getTime();
      return isValid ? undefined : `the server's certificate is valid until ${certificate.validTo}`;
    }
    const host = this.#url.hostname.replace(/^\[|\]$/g, '');
    const isFor = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
    return isFor ? undefined : `the server's certificate is not for ${host}`;
  }
}
