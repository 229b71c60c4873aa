import { networkInterfaces } from 'node:os';
import { z } from 'zod';
import { CollectorError } from './errors.ts';
import type { StoreDriver } from './store/store.ts';

const port = z.int().min(0).max(65_535);
const host = z.string().min(1);
const positive = z.int().min(1);
const url = z.url({ protocol: /^https?$/, error: 'it is no http(s) URL' }).optional();
const region = z
  .string()
  .regex(/^[A-Za-z0-9][\w. -]{0,31}$/, { error: 'a region has up to 32 letters, digits, dots, dashes' });

const schema = z.strictObject({
  host: host.default('127.0.0.1'),
  port: port.default(4318),
  opsHosts: z.array(host).min(1).default(['127.0.0.1']),
  opsPort: port.default(8889),
  opsAllowedHosts: z.array(host).default([]),
  opsToken: z.string().min(16, { error: 'it has at least 16 characters' }).optional(),
  dataDir: z.string().min(1).optional(),
  allowedOrigins: z.array(z.string()).default(['http://localhost:*', 'http://127.0.0.1:*']),
  trustedProxies: z.array(z.string()).default([]),
  rateLimit: z.number().min(0).default(0),
  rateBurst: positive.default(100),
  authKey: z.string().min(1).optional(),
  region: region.default('unknown'),
  regions: z.array(region).max(31, { error: 'there are at most 31' }).default([]),
  regionHeader: z
    .string()
    .regex(/^[A-Za-z][\w-]*$/, { error: 'it is no header name' })
    .optional(),
  knownStreamsFrom: url,
  knownStreamsSeconds: z.number().min(0.1).default(2),
  store: z.enum(['chdb', 'clickhouse', 'off']).optional(),
  clickhouseUrl: url,
  clickhouseCluster: z.string().min(1).optional(),
  retentionDays: positive.optional(),
  retentionBytes: positive.optional(),
  forwardTraces: url,
  forwardLogs: url,
  forwardMetrics: url,
  forwardHeaders: z.record(z.string().regex(/^[\w-]+$/), z.string()).default({}),
  prometheusUrl: url,
  alertmanagerUrl: url,
  console: z.string().min(1).optional(),
  processMetrics: z.boolean().default(false),
  maxBodyBytes: positive.default(512 * 1024),
  maxDecompressedBytes: positive.default(1024 * 1024),
  maxHeldBytes: positive.default(64 * 1024 * 1024),
  maxPoints: positive.default(5000),
  maxAttributes: positive.default(128),
  maxTextLength: positive.default(8192),
  maxSessions: positive.default(200_000),
  maxListeners: positive.default(64),
  sessionExpirySeconds: positive.default(15 * 60),
  journalSegmentBytes: positive.default(64 * 1024 * 1024),
});

/** What there may be none of. */
type Absent =
  | 'opsToken'
  | 'dataDir'
  | 'authKey'
  | 'regionHeader'
  | 'knownStreamsFrom'
  | 'store'
  | 'clickhouseUrl'
  | 'clickhouseCluster'
  | 'retentionDays'
  | 'retentionBytes'
  | 'forwardTraces'
  | 'forwardLogs'
  | 'forwardMetrics'
  | 'prometheusUrl'
  | 'alertmanagerUrl'
  | 'console';

/** Options with everything filled in. */
export type CollectorConfig = Pick<CollectorOptions, Absent> & {
  readonly [Name in Exclude<keyof CollectorOptions, Absent>]-?: NonNullable<CollectorOptions[Name]>;
};

/** Options of a collector; all have defaults. */
export interface CollectorOptions {
  /** Address the OTLP port binds to; 127.0.0.1. */
  readonly host?: string | undefined;
  /** OTLP port; 4318, and 0 for any free one. */
  readonly port?: number | undefined;
  /** Addresses the ops port binds to: loopback ones and the Docker bridge's, or any with `opsToken`; 127.0.0.1. */
  readonly opsHosts?: readonly string[] | undefined;
  /** Ops port (metrics, health, API); 8889, and 0 for any free one. */
  readonly opsPort?: number | undefined;
  /** Names, beside the loopback ones and `opsHosts`, by which the ops port may be addressed. */
  readonly opsAllowedHosts?: readonly string[] | undefined;
  /** What requests to the ops port must bring, as a bearer token or as the password of basic authentication. */
  readonly opsToken?: string | undefined;
  /** Folder of the journal, by which counters go on after a restart, and of the store. Without it nothing outlives the process. */
  readonly dataDir?: string | undefined;
  /**
   * Origins of pages that may report: `https://tv.example`, `https://*.example`, `http://localhost:*`, or `*` for all.
   * Pages served from this machine by default.
   */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Addresses and networks of proxies whose `X-Forwarded-For` and `regionHeader` are believed; none. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Requests per second that one address may send in the long run; 0, the default, is no limit. */
  readonly rateLimit?: number | undefined;
  /** Requests that one address may send at once where there is a limit; 100. */
  readonly rateBurst?: number | undefined;
  /** File of the key or keys (JWK) that tokens are signed with. With it, reports need a token that covers them. */
  readonly authKey?: string | undefined;
  /** The region of viewers of whom nothing else is known; `unknown`. */
  readonly region?: string | undefined;
  /** Regions that `regionHeader` may name. */
  readonly regions?: readonly string[] | undefined;
  /** Header in which trusted proxies name the viewer's region. */
  readonly regionHeader?: string | undefined;
  /** Address of a relay: only broadcasts it announces, or a token covers, get series of their own. */
  readonly knownStreamsFrom?: string | undefined;
  /** How often that relay is asked, in seconds; 2. */
  readonly knownStreamsSeconds?: number | undefined;
  /**
   * What keeps sessions, logs and traces. By default `clickhouse` where there is a `clickhouseUrl`, else `chdb` where
   * there is a `dataDir`, else `off`.
   */
  readonly store?: 'chdb' | 'clickhouse' | 'off' | undefined;
  /** A ClickHouse server: `http[s]://[user:password@]host:port[/database]`. */
  readonly clickhouseUrl?: string | undefined;
  /** The cluster on all nodes of which tables are made. */
  readonly clickhouseCluster?: string | undefined;
  /** Days after which rows go; 7 with `chdb`, and what its tables say with a server. */
  readonly retentionDays?: number | undefined;
  /** Bytes that the tables of `chdb` may take; 10 GiB. */
  readonly retentionBytes?: number | undefined;
  /** Where traces are passed on to: the whole address, such as `http://127.0.0.1:14318/v1/traces`. */
  readonly forwardTraces?: string | undefined;
  /** Where logs are passed on to, such as Loki's `http://127.0.0.1:3100/otlp/v1/logs`. */
  readonly forwardLogs?: string | undefined;
  /** Where metrics of players are passed on to, report by report. */
  readonly forwardMetrics?: string | undefined;
  /** Sent with everything that is passed on, such as an API key. */
  readonly forwardHeaders?: Readonly<Record<string, string>> | undefined;
  /** The Prometheus shown below `/prometheus`. */
  readonly prometheusUrl?: string | undefined;
  /** The Alertmanager shown below `/alertmanager`. */
  readonly alertmanagerUrl?: string | undefined;
  /** Folder of the built console, which the ops port then shows at `/`. */
  readonly console?: string | undefined;
  /** Whether metrics of the process and of Node are exposed too; false. */
  readonly processMetrics?: boolean | undefined;
  /** Largest body as sent, in bytes; 512 KiB. */
  readonly maxBodyBytes?: number | undefined;
  /** Largest body after decompression, in bytes; 1 MiB. */
  readonly maxDecompressedBytes?: number | undefined;
  /** Bytes of bodies held at one time, as sent, past which senders are asked to try later; 64 MiB. */
  readonly maxHeldBytes?: number | undefined;
  /** Points, spans or log records in one request; 5,000. */
  readonly maxPoints?: number | undefined;
  /** Attributes of one point, span, log record or resource; 128. */
  readonly maxAttributes?: number | undefined;
  /** Characters of a text; what is longer is cut; 8,192. */
  readonly maxTextLength?: number | undefined;
  /** Sessions held in memory, whose reports are added once; 200,000. */
  readonly maxSessions?: number | undefined;
  /** Readers of server-sent events at one time; 64. */
  readonly maxListeners?: number | undefined;
  /** Silence after which a session is forgotten, in seconds; 900. */
  readonly sessionExpirySeconds?: number | undefined;
  /** Bytes of the journal past which it is written anew; 64 MiB. */
  readonly journalSegmentBytes?: number | undefined;
}

/**
 * Fills in the defaults.
 *
 * @throws CollectorError (`config`) naming the first option that is wrong, and its value
 */
export function resolveConfig(options: CollectorOptions): CollectorConfig {
  const parsed = schema.safeParse(options);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const option = issue.code === 'unrecognized_keys' ? issue.keys[0]! : String(issue.path[0]);
    throw wrong(option, JSON.stringify(Reflect.get(options, option)) ?? 'undefined', issue.message);
  }
  const config = parsed.data;
  const exposed = config.opsHosts.find((address) => !isPrivate(address));
  if (exposed !== undefined && config.opsToken === undefined) {
    throw wrong('opsHosts', JSON.stringify(exposed), 'beyond this machine the ops port needs opsToken');
  }
  if (config.regionHeader !== undefined && config.trustedProxies.length === 0) {
    throw wrong('regionHeader', JSON.stringify(config.regionHeader), 'it needs trustedProxies');
  }
  if (config.store === 'clickhouse' && config.clickhouseUrl === undefined) {
    throw wrong('store', '"clickhouse"', 'it needs clickhouseUrl');
  }
  if (storeDriver(config) !== 'off' && config.dataDir === undefined) {
    throw wrong('dataDir', 'undefined', 'the store needs a folder, where rows wait');
  }
  for (const option of ['forwardTraces', 'forwardLogs', 'forwardMetrics'] as const) {
    const target = config[option];
    if (target === undefined) continue;
    if (config.dataDir === undefined) {
      throw wrong('dataDir', 'undefined', `${option} needs a folder, where requests wait`);
    }
    if (isOwn(new URL(target), config)) {
      throw wrong(option, JSON.stringify(target), 'the collector would send to itself');
    }
  }
  return config;
}

function isOwn(target: URL, { host, port }: CollectorConfig): boolean {
  const there = target.hostname.replace(/^\[|\]$/g, '');
  return Number(target.port) === port && (there === host || LOOPBACK.test(there));
}

/** What keeps sessions, logs and traces. */
export function storeDriver({ store, clickhouseUrl, dataDir }: CollectorConfig): StoreDriver {
  if (store !== undefined) return store;
  if (clickhouseUrl !== undefined) return 'clickhouse';
  return dataDir === undefined ? 'off' : 'chdb';
}

function wrong(option: string, value: string, message: string): CollectorError {
  // A secret is not repeated, however wrong it is.
  const shown = SECRET.has(option) ? '' : ` ${value}`;
  return new CollectorError('config', `${option}${shown}: ${message}`, { option });
}

const SECRET: ReadonlySet<string> = new Set(['opsToken', 'clickhouseUrl', 'forwardHeaders']);

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** Whether an address is of this machine alone, or of Docker's bridge, which only its containers see. */
function isPrivate(address: string): boolean {
  if (LOOPBACK.test(address)) return true;
  return Object.entries(networkInterfaces()).some(
    ([name, addresses]) =>
      /^(docker\d+|br-[0-9a-f]{12})$/.test(name) && addresses?.some((each) => each.address === address),
  );
}
