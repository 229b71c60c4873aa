import { CollectorError } from '../errors.ts';

/** Tells whether pages of an origin may report. */
export type OriginPolicy = (origin: string) => boolean;

const ORIGIN = /^(https?):\/\/(\*\.)?(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::(\*|\d{1,5}))?$/;

/**
 * Builds the policy from a list of origins: `https://tv.example`, `https://*.example` for every host below one,
 * `http://localhost:*` for every port (or none), `*` for all.
 *
 * @throws CollectorError (`config`) naming the pattern that is none of these
 */
export function createOriginPolicy(patterns: readonly string[]): OriginPolicy {
  const allowed = patterns.map((pattern) => (pattern === '*' ? () => true : matcher(pattern)));
  return (origin) => allowed.some((matches) => matches(origin));
}

function matcher(pattern: string): OriginPolicy {
  const parts = ORIGIN.exec(pattern);
  if (!parts) {
    throw new CollectorError(
      'config',
      `"${pattern}" is not an origin: write https://tv.example, https://*.example, http://localhost:* or *`,
      { option: 'allowedOrigins' },
    );
  }
  const [, scheme, below, host, port] = parts;
  return (origin) => {
    const [, itsScheme, wildcard, itsHost, itsPort] = ORIGIN.exec(origin) ?? [];
    if (itsHost === undefined || wildcard !== undefined || itsScheme !== scheme) return false;
    if (below === undefined ? itsHost !== host : !itsHost.endsWith(`.${host}`)) return false;
    return port === '*' || port === itsPort;
  };
}
