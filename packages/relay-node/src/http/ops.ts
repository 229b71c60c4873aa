import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Rendered } from '@moq-observability/moq-metrics/prometheus';
import { type Answer, json, problem, readiness, requestPath, send } from './answer.ts';

/** What operators may ask the relay. */
export interface OpsOptions {
  /** Names, beside the loopback ones, by which the port may be addressed. */
  readonly allowedHosts: readonly string[];
  /** If set, requests must carry it: `Authorization: Bearer …`. */
  readonly token: string | undefined;
  /** The metrics page, by what the `Accept` header asks for. */
  readonly metrics: (accept: string | undefined) => Promise<Rendered>;
  /** What is said of the relay's health. */
  readonly health: () => Readonly<Record<string, unknown>>;
  /** Whether it takes sessions. */
  readonly ready: () => boolean;
  /** What there is to say of each session. */
  readonly sessions: () => { readonly total: number; readonly sessions: readonly unknown[] };
  /** Told of faults. */
  readonly onError: (error: unknown) => void;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** The operators' port: `/metrics`, `/sessions`, `/health`, `/ready`. It answers to its own names only, and to no foreign page. */
export function createOps(options: OpsOptions): RequestListener {
  const hosts = new Set([...LOOPBACK, ...options.allowedHosts.map((host) => host.toLowerCase())]);
  return (request, response) => {
    answer(request, hosts, options)
      .then((found) => send(request, response, found))
      .catch((error: unknown) => {
        options.onError(error);
        if (response.headersSent) response.destroy();
        else void send(request, response, problem(500, 'the relay could not answer'));
      });
  };
}

async function answer(
  request: IncomingMessage,
  hosts: ReadonlySet<string>,
  options: OpsOptions,
): Promise<Answer> {
  const { host, origin, authorization, accept } = request.headers;
  // A page that made its own name point here (DNS rebinding) still sends that name.
  if (!hosts.has(hostname(`http://${host}`))) return problem(403, 'this host name is not allowed');
  if (origin !== undefined && !hosts.has(hostname(origin))) return problem(403, 'this origin is not allowed');
  if (options.token !== undefined && !sameText(authorization ?? '', `Bearer ${options.token}`)) {
    return problem(401, 'the token is missing or wrong');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return problem(405, 'only GET');
  switch (requestPath(request)) {
    case '/metrics':
      return { status: 200, ...(await options.metrics(accept)) };
    case '/health':
      return json(options.health());
    case '/ready':
      return readiness(options.ready());
    case '/sessions':
      return json(options.sessions());
    default:
      return problem(404, 'there are /metrics, /sessions, /health and /ready');
  }
}

function hostname(url: string): string {
  return URL.parse(url)?.hostname ?? '';
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}
