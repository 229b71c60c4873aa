/**
 * MoQ clients on Node: WebTransport over QUIC, and WebSocket, to a relay.
 *
 * @module
 */
import { Connection } from '@moq/net';
import { dialQuiche } from './transport/quiche/client.ts';
import type { WebTransportSession } from './transport/quiche/session.ts';
import { TransportError } from './transport/transport-error.ts';

export { replacePromiseRace } from './promise-race.ts';
export { TransportError, type TransportErrorCode } from './transport/transport-error.ts';
export type { WebTransportSession } from './transport/quiche/session.ts';

/** A MoQ connection as `@moq/net` has it. */
export type MoqConnection = Awaited<ReturnType<typeof Connection.connect>>;

/** The MoQ protocols offered when nothing else is asked for, the preferred first. */
export const DEFAULT_PROTOCOLS: readonly string[] = ['moq-lite-05', 'moq-lite-04', 'moq-lite-03'];

/** How a WebTransport session is opened. */
export interface WebTransportClientOptions {
  /**
   * SHA-256 of the certificates one of which the server must present, in hex. Without any, the certificate must be
   * valid for the host and come from an authority that Node trusts.
   */
  readonly certificateHashes?: readonly string[];
  /** Protocols offered, the preferred first. Default `DEFAULT_PROTOCOLS`. */
  readonly protocols?: readonly string[];
  /** A server not heard of for this long is gone, in milliseconds. Default 30,000. */
  readonly idleTimeout?: number;
  /** Gives up with its reason. */
  readonly signal?: AbortSignal;
}

/** How a MoQ connection is opened. */
export interface ConnectOptions extends WebTransportClientOptions {
  /** What carries it; the other options but `signal` are for `webtransport`, the default. */
  readonly transport?: 'webtransport' | 'websocket';
}

/**
 * Opens a WebTransport session to an `https:` URL, in the shape of the W3C interface: ready for
 * `Connection.connect(url, { transport })` of `@moq/net`.
 *
 * @throws {TransportError} `unavailable` when the native library is not there for this platform, `connect_failed`,
 *   `rejected` when the server answers with a refusal; or the reason of `signal`
 */
export function connectWebTransport(
  url: URL,
  options: WebTransportClientOptions = {},
): Promise<WebTransportSession> {
  return dialQuiche(url, { ...options, protocols: options.protocols ?? DEFAULT_PROTOCOLS });
}

/**
 * Opens a MoQ connection to a relay. For WebTransport, an `http:` URL stands for a relay whose certificate nobody
 * vouches for: its hash is asked for at `/certificate.sha256` of the same origin first, and trusted.
 *
 * @throws as `connectWebTransport()` does
 */
export async function connect(url: URL, options: ConnectOptions = {}): Promise<MoqConnection> {
  const { signal, transport = 'webtransport' } = options;
  if (transport === 'websocket') {
    return Connection.connect(url, { ...(signal && { signal }), websocket: { delay: 0 } });
  }

  let secure = url;
  let { certificateHashes } = options;
  if (url.protocol === 'http:') {
    secure = new URL(url);
    secure.protocol = 'https:';
    certificateHashes = [...(certificateHashes ?? []), await fetchCertificateHash(url, signal)];
  }
  const session = await connectWebTransport(secure, {
    ...options,
    ...(certificateHashes && { certificateHashes }),
  });
  try {
    return await Connection.connect(url, { transport: session, ...(signal && { signal }) });
  } catch (error) {
    session.close();
    throw error;
  }
}

/** The hash of the certificate that a relay says it has, as hex. */
async function fetchCertificateHash(url: URL, signal: AbortSignal | undefined): Promise<string> {
  const at = new URL('/certificate.sha256', url);
  let answer: string;
  try {
    const response = await fetch(at, signal ? { signal } : {});
    if (!response.ok) throw new Error(`it answers with status ${response.status}`);
    answer = (await response.text()).trim();
  } catch (cause) {
    signal?.throwIfAborted();
    const why = cause instanceof Error ? (cause.cause ?? cause) : cause;
    throw new TransportError('connect_failed', `cannot read ${at.href}: ${String(why)}`, { cause });
  }
  if (!/^[0-9a-f]{64}$/i.test(answer)) {
    throw new TransportError('connect_failed', `${at.href} does not hold the hash of a certificate`);
  }
  return answer;
}
