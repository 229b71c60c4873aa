import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CollectorError } from '../errors.ts';

/** An HTTP server that listens. */
export interface Listening {
  /** Where it is reached. */
  readonly url: URL;
  /** Stops listening, lets requests under way finish for `grace` milliseconds, then cuts them. */
  close(grace: number): Promise<void>;
}

/** Who listens where. */
export interface ListenOptions {
  /** What the listener is for, in messages. */
  readonly purpose: string;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The option that moves the port. */
  readonly option: string;
}

/**
 * Opens an HTTP/1.1 server.
 *
 * @throws CollectorError `port_taken` or `listen`
 */
export async function listen(options: ListenOptions, listener: RequestListener): Promise<Listening> {
  const { purpose, host, port, option } = options;
  const server = createServer(
    // Players report every few seconds: their connections stay open in between. Whoever dawdles is cut off.
    {
      keepAliveTimeout: 65_000,
      headersTimeout: 5_000,
      requestTimeout: 15_000,
      connectionsCheckingInterval: 2_000,
    },
    listener,
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      reject(
        new CollectorError(
          taken ? 'port_taken' : 'listen',
          taken
            ? `port ${port} (${purpose}) is taken`
            : `cannot listen on ${host}:${port} (${purpose}): ${cause.code}`,
          { cause, option },
        ),
      );
    });
    server.listen({ host, port }, resolve);
  });
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: new URL(`http://${family === 'IPv6' ? `[${address}]` : address}:${bound}/`),
    close: async (grace) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), grace);
      await closed;
      clearTimeout(cut);
    },
  };
}
