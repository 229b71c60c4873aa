import type { Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { RelayConfig } from './config.ts';
import { RelayError } from './errors.ts';
import type { TransportName, TransportOptions, TransportServer } from './transport/transport.ts';
import { attachWebSocket } from './transport/websocket.ts';

/** What became of one transport. */
export interface TransportStatus {
  readonly name: TransportName;
  /** It listens; it was not asked for; it cannot be had here. */
  readonly state: 'listening' | 'off' | 'unavailable';
  /** Why it cannot be had. */
  readonly reason?: string;
}

/** Transports that listen, and what became of the others. */
export interface Transports {
  readonly status: readonly TransportStatus[];
  /** Stops listening and ends what is open. */
  close(): Promise<void>;
}

/** What transports are started on. */
export interface TransportSite {
  readonly config: RelayConfig;
  /** The HTTP server of the port. */
  readonly http: Server | SecureServer;
  readonly options: TransportOptions;
}

/**
 * Starts the transports that are asked for, or else all that can be had.
 *
 * @throws {RelayError} `no_transport` when one that was asked for cannot be had
 */
export async function startTransports(site: TransportSite): Promise<Transports> {
  const { config, http, options } = site;
  const servers: TransportServer[] = [];
  const status: TransportStatus[] = [];
  if (config.transports && !config.transports.includes('websocket')) {
    status.push({ name: 'websocket', state: 'off' });
  } else {
    servers.push(attachWebSocket(http, { ...options, maxSessions: config.maxSessions }));
    status.push({ name: 'websocket', state: 'listening' });
  }
  if (servers.length === 0) {
    throw new RelayError('no_transport', 'no transport can be had', { option: 'transports' });
  }
  return {
    status,
    close: async () => {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}
