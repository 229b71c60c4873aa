import { z } from 'zod';
import { CollectorError } from './errors.ts';

const port = z.int().min(0).max(65_535);
const host = z.string().min(1);
const positive = z.int().min(1);

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

const schema = z.strictObject({
  host: host.default('127.0.0.1'),
  port: port.default(4318),
  opsHost: host.regex(LOOPBACK, { error: 'the ops port opens on loopback only' }).default('127.0.0.1'),
  opsPort: port.default(8889),
  opsAllowedHosts: z.array(host).default([]),
  allowedOrigins: z.array(z.string()).default(['http://localhost:*', 'http://127.0.0.1:*']),
  maxBodyBytes: positive.default(256 * 1024),
  maxDecompressedBytes: positive.default(2 * 1024 * 1024),
  maxHeldBytes: positive.default(64 * 1024 * 1024),
  maxPoints: positive.default(5000),
  maxAttributes: positive.default(64),
  maxSessions: positive.default(200_000),
  sessionExpirySeconds: positive.default(15 * 60),
});

/** Options with everything filled in. */
export type CollectorConfig = {
  readonly [Name in keyof CollectorOptions]-?: NonNullable<CollectorOptions[Name]>;
};

/** Options of a collector; all have defaults. */
export interface CollectorOptions {
  /** Address the OTLP port binds to; 127.0.0.1. */
  readonly host?: string | undefined;
  /** OTLP port; 4318, and 0 for any free one. */
  readonly port?: number | undefined;
  /** Address the ops port binds to: a loopback one; 127.0.0.1. */
  readonly opsHost?: string | undefined;
  /** Ops port (metrics, health); 8889, and 0 for any free one. */
  readonly opsPort?: number | undefined;
  /** Names, beside the loopback ones, by which the ops port may be addressed. */
  readonly opsAllowedHosts?: readonly string[] | undefined;
  /**
   * Origins of pages that may report: `https://tv.example`, `https://*.example`, `http://localhost:*`, or `*` for all.
   * Pages served from this machine by default.
   */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Largest body as sent, in bytes; 256 KiB. */
  readonly maxBodyBytes?: number | undefined;
  /** Largest body after decompression, in bytes; 2 MiB. */
  readonly maxDecompressedBytes?: number | undefined;
  /** Bytes of bodies held at one time, as sent, past which senders are asked to try later; 64 MiB. */
  readonly maxHeldBytes?: number | undefined;
  /** Points in one request; 5,000. */
  readonly maxPoints?: number | undefined;
  /** Attributes of one point or resource; 64. */
  readonly maxAttributes?: number | undefined;
  /** Sessions whose reports are remembered, to add none twice; 200,000. */
  readonly maxSessions?: number | undefined;
  /** Silence after which a session's reports are forgotten, in seconds; 900. */
  readonly sessionExpirySeconds?: number | undefined;
}

/**
 * Fills in the defaults.
 *
 * @throws CollectorError (`config`) naming the first option that is wrong, and its value
 */
export function resolveConfig(options: CollectorOptions): CollectorConfig {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const option = issue.code === 'unrecognized_keys' ? issue.keys[0]! : String(issue.path[0]);
  const given = JSON.stringify(Reflect.get(options, option)) ?? 'undefined';
  throw new CollectorError('config', `${option} ${given}: ${issue.message}`, { option });
}
