import { nameBelow } from '../routing/paths.ts';

/** What a client may do, and until when. */
export interface Access {
  /** Whether it is another relay: what it watches has no viewers of its own, what it publishes comes from elsewhere. */
  readonly isRelay: boolean;
  /** When it ends, as Unix time in milliseconds; infinity when never. */
  readonly expiresAt: number;
  /** Whether a broadcast, by its whole path, may be seen and watched. */
  mayWatch(path: string): boolean;
  /** Whether a broadcast, by its whole path, may be published. */
  mayPublish(path: string): boolean;
}

/** What {@link Access} is made of: prefixes of paths, by whole segments; the empty one covers everything. */
export interface Prefixes {
  readonly get: readonly string[];
  readonly put: readonly string[];
}

/** Everything, for ever. */
export const FULL_ACCESS: Access = accessTo({ get: [''], put: [''] });

/** Access to what is below these prefixes. */
export function accessTo(
  { get, put }: Prefixes,
  { isRelay = false, expiresAt = Number.POSITIVE_INFINITY }: Partial<Access> = {},
): Access {
  return {
    isRelay,
    expiresAt,
    mayWatch: (path) => isCovered(path, get),
    mayPublish: (path) => isCovered(path, put),
  };
}

/** Whether a path is below any of these prefixes. */
export function isCovered(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => nameBelow(prefix, path) !== undefined);
}

/** Whether any of these prefixes has anything to do with what is below a root. */
export function reaches(prefixes: readonly string[], root: string): boolean {
  return isCovered(root, prefixes) || prefixes.some((prefix) => nameBelow(root, prefix) !== undefined);
}
