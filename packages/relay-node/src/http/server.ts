import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { RelayError } from '../errors.ts';

/** What a server listens with. */
export interface HttpServerOptions {
  /** What it is for, in messages. */
  readonly purpose: string;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The option that moves the port. */
  readonly option: string;
  /** For how long a connection may stay without a request, in milliseconds. */
  readonly keepAlive: number;
  /** PEM; without it, plain HTTP. */
  readonly tls?: { readonly certificate: string; readonly privateKey: string } | undefined;
}

/** An HTTP server that listens. */
export interface HttpServer {
  readonly server: Server | SecureServer;
  readonly port: number;
  /** Where it is reached. */
  readonly url: URL;
  /** Stops listening and cuts what is open. */
  close(): Promise<void>;
}

/** Nobody has business holding a request open; WebSockets are none any more once they are upgraded. */
const TIMEOUTS = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
};

/**
 * Opens an HTTP/1.1 server.
 *
 * @throws {RelayError} `port_taken` or `listen`
 */
export async function listen(options: HttpServerOptions, listener: RequestListener): Promise<HttpServer> {
  const { purpose, host, port, option, keepAlive, tls } = options;
  const limits = { ...TIMEOUTS, keepAliveTimeout: keepAlive };
  const server = tls
    ? createSecureServer({ ...limits, cert: tls.certificate, key: tls.privateKey }, listener)
    : createServer(limits, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(cause, options)));
    server.listen({ host, port }, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    server,
    port: bound,
    url: new URL(`${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${bound}/`),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };

  function listenError(cause: NodeJS.ErrnoException, at: HttpServerOptions): RelayError {
    const taken = cause.code === 'EADDRINUSE';
    const message = taken
      ? `port ${at.port} (${purpose}) is taken`
      : `cannot listen on ${host}:${at.port} (${purpose}): ${cause.code}`;
    return new RelayError(taken ? 'port_taken' : 'listen', message, { cause, option });
  }
}
