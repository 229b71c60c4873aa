import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** What the private port shows. */
export interface OpsOptions {
  /** Names, beside the loopback ones, by which the port may be addressed. */
  readonly allowedHosts: readonly string[];
  /** The metrics page. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
  /** What is said of the collector's health. */
  readonly health: () => Readonly<Record<string, unknown>>;
  /** Whether it takes reports. */
  readonly ready: () => boolean;
  /** Told of faults. */
  readonly onError: (error: unknown) => void;
}

interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** The operators' port: `/metrics`, `/health`, `/ready`. It answers to its own names only, and to no foreign page. */
export function createOps(options: OpsOptions): RequestListener {
  const hosts = new Set([...LOOPBACK, ...options.allowedHosts.map((host) => host.toLowerCase())]);
  return (request, response) => {
    serve(request, response, hosts, options).catch((error: unknown) => {
      options.onError(error);
      response.destroy();
    });
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  hosts: ReadonlySet<string>,
  options: OpsOptions,
): Promise<void> {
  const { status, contentType, body } = await page(request, hosts, options);
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function page(
  request: IncomingMessage,
  hosts: ReadonlySet<string>,
  options: OpsOptions,
): Promise<Page> {
  const { host, origin } = request.headers;
  // A page that made its own name point here (DNS rebinding) still sends that name.
  if (!hosts.has(hostname(`http://${host}`))) return problem(403, 'this host name is not allowed');
  if (origin !== undefined && !hosts.has(hostname(origin))) return problem(403, 'this origin is not allowed');
  if (request.method !== 'GET' && request.method !== 'HEAD') return problem(405, 'only GET');
  switch (request.url?.split('?', 1)[0]) {
    case '/metrics':
      return { status: 200, ...(await options.metrics()) };
    case '/health':
      return json(200, options.health());
    case '/ready':
      return options.ready() ? json(200, { ready: true }) : json(503, { ready: false });
    default:
      return problem(404, 'there are /metrics, /health and /ready');
  }
}

function hostname(url: string): string {
  return URL.parse(url)?.hostname ?? '';
}

function json(status: number, body: Readonly<Record<string, unknown>>): Page {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}

function problem(status: number, title: string): Page {
  return { status, contentType: 'application/problem+json', body: JSON.stringify({ title, status }) };
}
