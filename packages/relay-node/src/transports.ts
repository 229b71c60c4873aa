import type { Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import { isLoopback, type RelayConfig } from './config.ts';
import { RelayError } from './errors.ts';
import type { Certificate } from './transport/certificate.ts';
import { loadQuiche } from './transport/quiche/native.ts';
import { listenQuiche, type QuicheServer } from './transport/quiche/server.ts';
import type { TransportName, TransportOptions, TransportServer } from './transport/transport.ts';
import { TransportError } from './transport/transport-error.ts';
import { attachWebSocket } from './transport/websocket.ts';

/** What became of one transport. */
export interface TransportStatus {
  readonly name: TransportName;
  /** It listens; it was not asked for; it cannot be had here. */
  readonly state: 'listening' | 'off' | 'unavailable';
  /** Why it cannot be had. */
  readonly reason?: string;
}

/** What transports are started on. */
export interface TransportSite {
  readonly config: RelayConfig;
  /** The HTTP server of the port. */
  readonly http: Server | SecureServer;
  /** The port's number, for UDP too. */
  readonly port: number;
  readonly certificate: Certificate;
  readonly options: TransportOptions;
}

/** Transports that listen, and what became of the others. */
export class Transports {
  readonly status: readonly TransportStatus[];
  readonly #servers: readonly TransportServer[];
  readonly #quiche: QuicheServer | undefined;

  private constructor(
    status: readonly TransportStatus[],
    servers: readonly TransportServer[],
    quiche: QuicheServer | undefined,
  ) {
    this.status = status;
    this.#servers = servers;
    this.#quiche = quiche;
  }

  /**
   * Starts the transports that are asked for, or else all that can be had.
   *
   * @throws {RelayError} `no_transport` when one that was asked for cannot be had, `port_taken`, `listen`, `unsafe`
   */
  static async start(site: TransportSite): Promise<Transports> {
    const { config, http, options } = site;
    const quiche = await startQuiche(site);
    const servers: TransportServer[] = quiche instanceof RelayError || !quiche ? [] : [quiche];
    const status: TransportStatus[] = [
      quiche instanceof RelayError
        ? { name: 'quiche', state: 'unavailable', reason: quiche.message }
        : { name: 'quiche', state: quiche ? 'listening' : 'off' },
    ];
    const webSocket = isWanted(config, 'websocket');
    if (webSocket) servers.push(attachWebSocket(http, { ...options, maxSessions: config.maxSessions }));
    status.push({ name: 'websocket', state: webSocket ? 'listening' : 'off' });
    return new Transports(status, servers, quiche instanceof RelayError ? undefined : quiche);
  }

  /** Whether clients get to see the certificate of the relay over QUIC. */
  get usesCertificate(): boolean {
    return this.#quiche !== undefined;
  }

  /** Presents another certificate to clients that connect from now on. */
  setCertificate(certificate: Certificate): void {
    this.#quiche?.setCertificate(certificate);
  }

  /** Stops listening and ends what is open. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
  }
}

function isWanted({ transports }: RelayConfig, name: 'quiche' | 'websocket'): boolean {
  return transports === undefined || transports.includes(name);
}

/** The server; nothing when it is not wanted; an error when it cannot be had and nobody insists. */
async function startQuiche(site: TransportSite): Promise<QuicheServer | RelayError | undefined> {
  const { config, port, certificate, options } = site;
  if (!isWanted(config, 'quiche')) return undefined;
  try {
    await loadQuiche();
  } catch (cause) {
    const unavailable = new RelayError('no_transport', (cause as Error).message, {
      cause,
      option: 'transports',
    });
    if (config.transports) throw unavailable;
    return unavailable;
  }
  if (!isLoopback(config.host) && !config.allowOutdatedQuic) {
    const advisories = 'quiche 0.18 with known advisories (CVE-2024-1410, CVE-2024-1765)';
    throw new RelayError(
      'unsafe',
      `on ${config.host}, others would reach ${advisories}: allow that, or choose transports without quiche`,
      { option: 'allowOutdatedQuic' },
    );
  }
  try {
    return await listenQuiche({
      ...options,
      host: config.host,
      port,
      certificate,
      maxSessions: config.maxSessions,
    });
  } catch (cause) {
    throw cause instanceof TransportError ? listenError(cause, site) : cause;
  }
}

function listenError(cause: TransportError, { config, port }: TransportSite): RelayError {
  switch (cause.code) {
    case 'address_in_use':
      return new RelayError('port_taken', `port ${port} (QUIC) is taken`, { cause, option: 'port' });
    case 'bad_certificate':
      return new RelayError('bad_option', cause.message, { cause, option: 'certificate' });
    default:
      return new RelayError('listen', `cannot listen on ${config.host}:${port} (QUIC): ${cause.message}`, {
        cause,
        option: 'port',
      });
  }
}
