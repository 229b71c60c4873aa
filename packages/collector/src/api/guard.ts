import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from './reply.ts';

/** Who may ask. */
export interface GuardOptions {
  /** Names, beside the loopback ones, by which the port may be addressed. */
  readonly hosts: readonly string[];
  /** Asked for, when it is set: as a bearer token, or as the password of basic authentication. */
  readonly token?: string | undefined;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Keeps strangers out of the operators' port. A page that made its own name point here (DNS rebinding) still sends that
 * name, and a page of another origin says which one.
 *
 * @returns a check that throws Problem 401 or 403
 */
export function createGuard({ hosts, token }: GuardOptions): (headers: IncomingHttpHeaders) => void {
  const allowed = new Set([...LOOPBACK, ...hosts.map(hostLabel)]);
  const secret = token === undefined ? undefined : digest(token);
  return ({ host, origin, authorization, 'sec-fetch-site': site, 'sec-fetch-mode': mode }) => {
    if (!allowed.has(hostname(`http://${host}`))) throw new Problem(403, 'this host name is not allowed');
    const foreign = origin !== undefined && !allowed.has(hostname(origin));
    // A link on a foreign page may lead here; what such a page loads on its own may not.
    const embedded = site === 'cross-site' && mode !== 'navigate';
    if (foreign || embedded) throw new Problem(403, 'this origin is not allowed');
    if (secret && !timingSafeEqual(secret, digest(tokenOf(authorization)))) {
      throw new Problem(401, 'the token is missing or wrong', {
        'www-authenticate': 'Basic realm="moq-collector"',
      });
    }
  };
}

function tokenOf(authorization = ''): string {
  const [scheme = '', credentials = ''] = authorization.trim().split(/ +/, 2);
  if (/^bearer$/i.test(scheme)) return credentials;
  if (!/^basic$/i.test(scheme)) return '';
  const text = Buffer.from(credentials, 'base64').toString('utf8');
  return text.slice(text.indexOf(':') + 1);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function hostname(url: string): string {
  return URL.parse(url)?.hostname ?? '';
}

/** A name as it stands in a URL: IPv6 addresses in brackets, everything in lower case. */
function hostLabel(host: string): string {
  return hostname(`http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}`);
}
