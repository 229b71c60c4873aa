import { lookup } from 'node:dns/promises';

import type { Endpoint } from '../cli/quantities.ts';
import { LoadError, messageOf } from '../error.ts';
import { Conditions, type DirectionStats } from './conditions.ts';
import { changeFaults, type Faults, NO_FAULTS } from './faults.ts';
import { TcpForwarder } from './tcp-forwarder.ts';
import { UdpForwarder } from './udp-forwarder.ts';

/** What {@link createFaultProxy} is told. */
export interface FaultProxyOptions {
  /** Where to listen, with UDP and TCP on the same port; port 0 takes any that is free with both. */
  readonly listen: Endpoint;
  /** Where to forward to. */
  readonly target: Endpoint;
  /** What is done to the traffic from the start; nothing unless told. */
  readonly faults?: Partial<Faults>;
  /** Chance is the same for the same seed. Default 1. */
  readonly seed?: number;
  /** Milliseconds of silence after which a UDP client is forgotten. Default one minute. */
  readonly idleTimeout?: number;
}

/** What the proxy knows of itself. */
export interface FaultProxyStats {
  /** Towards the target. */
  readonly up: DirectionStats;
  /** Back from the target. */
  readonly down: DirectionStats;
  /** UDP clients at the moment. */
  readonly udpPeers: number;
  /** TCP connections at the moment. */
  readonly tcpConnections: number;
  /** Whether nothing gets through at the moment. */
  readonly cut: boolean;
}

/** A path with faults, under control. */
export interface FaultProxy extends AsyncDisposable {
  /** Where it listens. */
  readonly address: Endpoint;
  /** What is done to the traffic now. */
  readonly faults: Faults;
  /**
   * Changes some of it from now on.
   *
   * @throws LoadError `option` when a value is out of its range; then nothing changes.
   */
  set(faults: Partial<Faults>): void;
  /** Lets nothing through for this many milliseconds: UDP packets get lost, TCP stands still and goes on after. */
  cut(duration: number): void;
  stats(): FaultProxyStats;
  /** Ends every connection and frees the port. */
  close(): Promise<void>;
}

/** How many ports are tried when any will do. */
const ATTEMPTS = 10;

/**
 * Starts a proxy for UDP and TCP on one port that loses, delays and holds back what goes through it.
 *
 * @throws LoadError `port` when the port is taken, and `option` when the target cannot be found.
 */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { listen, idleTimeout = 60_000 } = options;
  const conditions = new Conditions(changeFaults(NO_FAULTS, options.faults ?? {}), options.seed ?? 1);
  const target = await resolve(options.target);
  const { tcp, udp } = await bind(listen, target, conditions, idleTimeout);
  const close = async (): Promise<void> => {
    await Promise.all([tcp.close(), udp.close()]);
  };
  let closing: Promise<void> | undefined;
  return {
    address: { host: listen.host, port: tcp.port },
    get faults() {
      return conditions.faults;
    },
    set: (faults) => {
      conditions.faults = changeFaults(conditions.faults, faults);
    },
    cut: (duration) => conditions.cut(duration),
    stats: () => ({
      up: { ...conditions.up.stats },
      down: { ...conditions.down.stats },
      udpPeers: udp.peers,
      tcpConnections: tcp.connections,
      cut: conditions.isCut,
    }),
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}

async function resolve({ host, port }: Endpoint): Promise<Endpoint> {
  try {
    return { host: (await lookup(host)).address, port };
  } catch (error) {
    throw new LoadError('option', `there is no host ${host}: ${messageOf(error)}`, { cause: error });
  }
}

async function bind(
  listen: Endpoint,
  target: Endpoint,
  conditions: Conditions,
  idleTimeout: number,
): Promise<{ tcp: TcpForwarder; udp: UdpForwarder }> {
  for (let attempt = 1; ; attempt++) {
    const tcp = await TcpForwarder.listen(listen, target, conditions).catch((error: unknown) => {
      throw bindError(listen, 'tcp', error);
    });
    try {
      const udp = await UdpForwarder.listen({ ...listen, port: tcp.port }, target, conditions, idleTimeout);
      return { tcp, udp };
    } catch (error) {
      await tcp.close();
      // The port that was free with TCP is taken with UDP: when any will do, the next may have more luck.
      if (listen.port !== 0 || attempt >= ATTEMPTS) throw bindError(listen, 'udp', error);
    }
  }
}

function bindError({ host, port }: Endpoint, protocol: string, error: unknown): LoadError {
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  const what = taken
    ? `port ${port}/${protocol} on ${host} is taken`
    : `cannot listen on ${host}: ${messageOf(error)}`;
  return new LoadError('port', what, { cause: error });
}
