import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { StoreError } from '../store/errors.ts';
import { Problem, type Reply } from './reply.ts';

/** A question that came in. */
export interface Question {
  readonly request: IncomingMessage;
  readonly url: URL;
  /** What the path's placeholders stand for, decoded. */
  readonly params: readonly string[];
  /** Fires when nobody waits for the answer any more. */
  readonly left: AbortSignal;
}

/** Answers a question.  @throws Problem, StoreError */
export type Handler = (question: Question) => Reply | Promise<Reply>;

/** A path, as a label and as a pattern of its segments. */
export interface RouteDefinition {
  /** Placeholders begin with a colon: `/api/sessions/:id`; a last segment `*` stands for all that follows. */
  readonly path: string;
  readonly methods?: readonly string[];
  readonly handle: Handler;
}

/** How the routes are served. */
export interface RouterOptions {
  readonly routes: readonly RouteDefinition[];
  /** Throws Problem when the request may not ask. */
  readonly guard: (headers: IncomingMessage['headers']) => void;
  /** Told of every answer, and how many seconds it took. */
  readonly onAnswer: (route: string, status: number, seconds: number) => void;
  readonly onError: (error: unknown) => void;
}

/** What no answer says about itself otherwise. */
const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;

/** The status, and after how many seconds to try again, for what the store says. */
const STORE_PROBLEMS: Readonly<Record<StoreError['code'], { status: number; retryAfter?: string }>> = {
  off: { status: 503 },
  unavailable: { status: 503, retryAfter: '2' },
  limit: { status: 422 },
  bad_query: { status: 400 },
  failed: { status: 502 },
};

/** Serves the operators' port. */
export function createRouter(options: RouterOptions): RequestListener {
  const routes = options.routes.map((route) => ({ ...route, segments: route.path.split('/').slice(1) }));
  return (request, response) => {
    const started = performance.now();
    const url = URL.parse(request.url ?? '', 'http://ops.invalid');
    const found = url ? find(routes, url.pathname) : undefined;
    const answered = (status: number): void =>
      options.onAnswer(found?.route.path ?? 'other', status, (performance.now() - started) / 1000);
    const left = new AbortController();
    response.once('close', () => left.abort());
    answer(request, url, found, left.signal, options)
      .catch((error: unknown) => failure(error, options).page)
      .then((reply) => send(reply, request, response))
      .then(() => answered(response.statusCode))
      .catch((error: unknown) => {
        // An answer that broke off in the middle cannot be told otherwise.
        if (!isOfLeaving(error)) options.onError(error);
        response.destroy();
      });
  };
}

interface Found {
  readonly route: RouteDefinition;
  readonly params: readonly string[];
}

async function answer(
  request: IncomingMessage,
  url: URL | null,
  found: Found | undefined,
  left: AbortSignal,
  options: RouterOptions,
): Promise<Reply> {
  options.guard(request.headers);
  if (!url || !found) throw new Problem(404, 'there is nothing here');
  const methods = found.route.methods ?? ['GET', 'HEAD'];
  if (!methods.includes(request.method ?? '')) {
    throw new Problem(405, `only ${methods.join(', ')}`, { allow: methods.join(', ') });
  }
  return found.route.handle({ request, url, params: found.params, left });
}

async function send(reply: Reply, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if ('stream' in reply) {
    await reply.stream(response);
    return;
  }
  const { status, contentType, headers, body } = reply;
  response.writeHead(status, { 'content-type': contentType, ...headers });
  if (request.method === 'HEAD') {
    response.end();
  } else if (typeof body === 'string') {
    response.end(body);
  } else {
    await pipeline(body, response);
  }
}

/** Whether an answer was not finished because whoever asked has gone, as streams and requests of ours tell that. */
function isOfLeaving(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'AbortError' || ('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE');
}

function failure(error: unknown, options: RouterOptions): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreError) {
    const { status, retryAfter } = STORE_PROBLEMS[error.code];
    return new Problem(status, error.message, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
  }
  options.onError(error);
  return new Problem(500, 'internal error');
}

function find(
  routes: readonly (RouteDefinition & { readonly segments: readonly string[] })[],
  pathname: string,
): Found | undefined {
  const given = pathname.split('/').slice(1);
  for (const route of routes) {
    const params = match(route.segments, given);
    if (params) return { route, params };
  }
  return undefined;
}

function match(segments: readonly string[], given: readonly string[]): string[] | undefined {
  const open = segments.at(-1) === '*';
  if (open ? given.length < segments.length : given.length !== segments.length) return undefined;
  const params: string[] = [];
  for (const [i, segment] of segments.entries()) {
    if (segment === '*') {
      params.push(given.slice(i).join('/'));
    } else if (segment.startsWith(':')) {
      const value = decoded(given[i]!);
      if (value === undefined || value === '') return undefined;
      params.push(value);
    } else if (segment !== given[i]) {
      return undefined;
    }
  }
  return params;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined; // A path that cannot be decoded leads nowhere.
  }
}
