import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port something will listen on. */
export interface PortUse {
  readonly port: number;
  /** What for. */
  readonly purpose: string;
  /** The environment variable that moves it. */
  readonly variable: string;
  /** Whether UDP is used beside TCP. */
  readonly udp?: boolean;
}

/** What is wrong with the first port that cannot be had, in one line; `undefined` when all can. */
export async function findPortConflict(uses: readonly PortUse[]): Promise<string | undefined> {
  for (const [i, { port, purpose, variable, udp }] of uses.entries()) {
    const other = uses.slice(0, i).find((earlier) => earlier.port === port);
    if (other) {
      return `port ${port} is meant for both ${other.purpose} and ${purpose}: move one with ${other.variable} or ${variable}`;
    }
    if (!(await isTcpFree(port)) || (udp && !(await isUdpFree(port)))) {
      return `port ${port} (${purpose}) is taken: choose another with ${variable}`;
    }
  }
  return undefined;
}

async function isTcpFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    const listening = once(server, 'listening');
    server.listen({ port, host: '127.0.0.1' });
    await listening;
    await new Promise((resolve) => server.close(resolve));
    return true;
  } catch {
    return false; // EADDRINUSE, or EACCES for a port this user may not open: either way another is needed.
  }
}

async function isUdpFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    const listening = once(socket, 'listening');
    socket.bind({ port, address: '127.0.0.1' });
    await listening;
    return true;
  } catch {
    return false; // As above.
  } finally {
    socket.close();
  }
}
