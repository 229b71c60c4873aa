import { hostname, networkInterfaces } from 'node:os';
import { z } from 'zod';
import { RelayError } from './errors.ts';
import type { TransportName } from './transport/transport.ts';

const MIB = 1024 * 1024;

const port = z.int().min(0).max(65_535);
const text = z.string().min(1);
const positive = z.int().min(1);
const seconds = z.number().min(0.1).max(86_400);

const schema = z.strictObject({
  host: text.default('127.0.0.1'),
  port: port.default(4443),
  opsHosts: z.array(text).default(['127.0.0.1']),
  opsPort: port.default(9464),
  opsAllowedHosts: z.array(text).default([]),
  opsToken: z.string().min(16).optional(),
  transports: z
    .array(z.enum(['quiche', 'websocket']))
    .min(1)
    .optional(),
  certificate: text.optional(),
  privateKey: text.optional(),
  authKey: text.optional(),
  publicGet: z.array(text).default([]),
  publicPut: z.array(text).default([]),
  allowOutdatedQuic: z.boolean().default(false),
  id: text.default(hostname),
  idleTimeout: seconds.default(8),
  setupTimeout: seconds.default(10),
  stuckLimit: seconds.default(15),
  silenceLimit: z.number().min(0).max(86_400).default(0),
  drainDelay: z.number().min(0).max(86_400).default(0),
  telemetry: z.boolean().default(true),
  processMetrics: z.boolean().default(true),
  streamInfo: z.boolean().default(true),
  expectedBroadcasts: z.array(text).default([]),
  maxSessions: positive.default(10_000),
  maxBroadcastsPerSession: positive.default(100),
  maxSubscriptionsPerSession: positive.default(256),
  maxTracksPerBroadcast: positive.default(128),
  maxPathBytes: positive.default(1024),
  maxTrackNameBytes: z.int().min(16).default(256),
  maxGroupBytes: positive.default(32 * MIB),
  maxCacheBytes: positive.default(32 * MIB),
  maxBacklogBytes: positive.default(8 * MIB),
  maxBacklogAge: seconds.default(5),
});

/** Options of a relay; all have defaults. */
export interface RelayOptions {
  /** Address that clients reach the relay at; 127.0.0.1. */
  readonly host?: string | undefined;
  /** Port, the same number for UDP (QUIC) and TCP (HTTP and WebSocket); 4443, and 0 for any free one. */
  readonly port?: number | undefined;
  /** Addresses of the ops port: loopback, a bridge of Docker, or with a token any; 127.0.0.1. None turns it off. */
  readonly opsHosts?: readonly string[] | undefined;
  /** Ops port (metrics, health); 9464, and 0 for any free one. */
  readonly opsPort?: number | undefined;
  /** Names, beside the loopback ones and its own addresses, by which the ops port may be addressed. */
  readonly opsAllowedHosts?: readonly string[] | undefined;
  /** What requests to the ops port must bring (`Authorization: Bearer …`), at least 16 characters; none by default. */
  readonly opsToken?: string | undefined;
  /** Transports that must be there; by default all that can be loaded. */
  readonly transports?: readonly Exclude<TransportName, 'quinn'>[] | undefined;
  /** PEM file of the certificate, with its chain; by default a self-signed one, renewed before it ends. */
  readonly certificate?: string | undefined;
  /** PEM file of the certificate's key. */
  readonly privateKey?: string | undefined;
  /**
   * File of the key, or keys, that tokens are signed with: a JWK of moq-token or a set of them. With it, clients need a
   * token (`?jwt=`) for whatever is not public; without it, and without public paths, anyone may do anything.
   */
  readonly authKey?: string | undefined;
  /** Prefixes of the paths that anyone may watch without a token, `/` for all; none by default. */
  readonly publicGet?: readonly string[] | undefined;
  /** Prefixes of the paths that anyone may publish to without a token, `/` for all; none by default. */
  readonly publicPut?: readonly string[] | undefined;
  /** Serve QUIC by quiche 0.18 beyond loopback, in spite of its known advisories; `false`. */
  readonly allowOutdatedQuic?: boolean | undefined;
  /** What the relay is called among others; the name of the machine. */
  readonly id?: string | undefined;
  /** A session that was silent for this long is over, in seconds; 8. */
  readonly idleTimeout?: number | undefined;
  /** How long MoQ setup may take, in seconds; 10. */
  readonly setupTimeout?: number | undefined;
  /** A session whose transport takes nothing of what waits for it for this long is closed, in seconds; 15. */
  readonly stuckLimit?: number | undefined;
  /** A publisher that sends no media for this long while it is watched is closed, in seconds; 0, which is never. */
  readonly silenceLimit?: number | undefined;
  /** How long a relay that is closed goes on serving, not ready, before it closes its sessions, in seconds; 0. */
  readonly drainDelay?: number | undefined;
  /** Whether anything is measured at all; `true`. Without, there are no metrics and no spans. */
  readonly telemetry?: boolean | undefined;
  /** Whether `/metrics` tells of the process too (CPU, memory, event loop); `true`. */
  readonly processMetrics?: boolean | undefined;
  /** Whether `/metrics` tells what catalogs say of codecs and resolutions; `true`. */
  readonly streamInfo?: boolean | undefined;
  /** Paths of broadcasts that must be live; none by default. */
  readonly expectedBroadcasts?: readonly string[] | undefined;
  /** Sessions open at once; 10,000. */
  readonly maxSessions?: number | undefined;
  /** Broadcasts that one session may announce; 100. */
  readonly maxBroadcastsPerSession?: number | undefined;
  /** Tracks that one session may be subscribed to; 256. */
  readonly maxSubscriptionsPerSession?: number | undefined;
  /** Tracks of one broadcast that may be open; 128. */
  readonly maxTracksPerBroadcast?: number | undefined;
  /** The longest path of a broadcast, in bytes; 1,024. */
  readonly maxPathBytes?: number | undefined;
  /** The longest name of a track, in bytes; 256. */
  readonly maxTrackNameBytes?: number | undefined;
  /** What is kept of one group, in bytes; 32 MiB. */
  readonly maxGroupBytes?: number | undefined;
  /** What is kept of one track beside its newest group, in bytes; 32 MiB. */
  readonly maxCacheBytes?: number | undefined;
  /** What may wait for one subscriber of a track before it loses groups, in bytes; 8 MiB. */
  readonly maxBacklogBytes?: number | undefined;
  /** For how long frames may wait for one subscriber of a track before it loses groups, in seconds; 5. */
  readonly maxBacklogAge?: number | undefined;
}

type WithoutDefault = 'opsToken' | 'transports' | 'certificate' | 'privateKey' | 'authKey';

/** Options with everything filled in that has a default. */
export type RelayConfig = Pick<RelayOptions, WithoutDefault> & {
  readonly [Name in Exclude<keyof RelayOptions, WithoutDefault>]-?: NonNullable<RelayOptions[Name]>;
};

/**
 * Fills in the defaults.
 *
 * @throws {RelayError} `bad_option` naming the first option that is wrong, and its value; `unsafe`
 */
export function resolveConfig(options: RelayOptions): RelayConfig {
  const parsed = schema.safeParse(options);
  if (!parsed.success) throw badOption(options, parsed.error.issues[0]!);
  const config: RelayConfig = parsed.data;
  if ((config.certificate === undefined) !== (config.privateKey === undefined)) {
    const option = config.certificate === undefined ? 'certificate' : 'privateKey';
    throw new RelayError('bad_option', 'a certificate and its key come together', { option });
  }
  const open = config.opsHosts.find((host) => !isLoopback(host) && !isContainerBridge(host));
  if (open !== undefined && config.opsToken === undefined) {
    throw new RelayError('unsafe', `the ops port on ${open} would be open to others: it needs a token`, {
      option: 'opsToken',
    });
  }
  return config;
}

/** Whether an address is this machine's own. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whether an address is this machine's on a network of its own containers. */
function isContainerBridge(host: string): boolean {
  return Object.entries(networkInterfaces()).some(
    ([name, addresses]) =>
      /^(docker\d+|br-[\da-f]+)$/.test(name) && addresses?.some(({ address }) => address === host),
  );
}

function badOption(options: RelayOptions, issue: z.core.$ZodIssue): RelayError {
  const option = issue.code === 'unrecognized_keys' ? issue.keys[0]! : String(issue.path[0]);
  // A token is not for logs.
  const given =
    option === 'opsToken' ? '' : ` ${JSON.stringify(Reflect.get(options, option)) ?? 'undefined'}`;
  return new RelayError('bad_option', `${option}${given}: ${issue.message}`, { option });
}
