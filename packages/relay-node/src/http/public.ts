import type { IncomingMessage, RequestListener } from 'node:http';
import { AuthError } from '../auth/token.ts';
import { unixNow } from '../clock.ts';
import { type Answer, json, problem, readiness, requestPath, send } from './answer.ts';

/** What anybody may ask the relay. */
export interface PublicOptions {
  /** SHA-256 of the certificate in use, as hex, where clients have to know it; else `undefined`. */
  readonly certificateHash: () => string | undefined;
  /**
   * The paths of the broadcasts at or below a prefix that may be watched with this token, or without one, sorted.
   * Rejects with {@link AuthError}.
   */
  readonly announced: (token: string | undefined, prefix: string) => Promise<readonly string[]>;
  /** What is said of the relay's health. */
  readonly health: () => Readonly<Record<string, unknown>>;
  /** Whether it takes sessions. */
  readonly ready: () => boolean;
}

/** Pages from anywhere may ask: there is nothing here that is not for everybody. */
const CORS = { 'access-control-allow-origin': '*' };

/**
 * The public HTTP side of the relay's port.
 *
 * - `/certificate.sha256`: the hash for `serverCertificateHashes`, as plain hex
 * - `/time`: `{"now": <Unix time in milliseconds, with a fraction>}`, by which players and publishers set their clocks
 * - `/announced`, `/announced/<prefix>`: the paths of the broadcasts there are, as a JSON list; those that may be watched
 *   with the token in `?jwt=` or `Authorization: Bearer`
 * - `/health`: 200 for as long as the process lives
 * - `/ready`: 200 while sessions are taken, else 503
 */
export function createPublic(options: PublicOptions): RequestListener {
  return (request, response) => {
    const reply = (found: Answer): void => void send(request, response, { ...found, headers: CORS });
    answer(request, options).then(reply, (error: unknown) => {
      reply(
        error instanceof AuthError
          ? problem(error.status, error.message)
          : problem(500, 'the relay could not answer'),
      );
    });
  };
}

async function answer(request: IncomingMessage, options: PublicOptions): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return problem(405, 'only GET');
  const path = requestPath(request);
  switch (path) {
    case undefined:
      return problem(400, 'the path is malformed');
    case '/certificate.sha256': {
      const hash = options.certificateHash();
      if (hash === undefined) return problem(404, 'the certificate needs no hash');
      return { status: 200, contentType: 'text/plain', body: hash };
    }
    case '/time':
      return json({ now: unixNow() });
    case '/health':
      return json(options.health());
    case '/ready':
      return readiness(options.ready());
  }
  const [, page, ...rest] = path.split('/');
  if (page !== 'announced') return problem(404, 'there is nothing here');
  return json(await options.announced(tokenOf(request), rest.filter(Boolean).join('/')));
}

function tokenOf({ url = '', headers }: IncomingMessage): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer ?? (new URLSearchParams(url.split('?', 2)[1]).get('jwt') || undefined);
}
