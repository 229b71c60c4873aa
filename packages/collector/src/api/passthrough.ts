import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { IncomingMessage } from 'node:http';
import { Problem, type Reply } from './reply.ts';
import type { Question, RouteDefinition } from './router.ts';

/** A server some of whose pages are shown here. */
export interface PassthroughOptions {
  /** In messages. */
  readonly name: string;
  /** Where it is; `undefined` when there is none. */
  readonly target: URL | undefined;
  /** Below which path its pages are shown: `/prometheus`. */
  readonly below: string;
  /** The pages that are shown, by their paths on that server. */
  readonly allowed: readonly RegExp[];
  /** Those that may also be asked by `POST`, as forms are. */
  readonly postable: readonly RegExp[];
  /** How long that server may take, in milliseconds. */
  readonly timeout?: number;
}

/** How long a server may take, in milliseconds, unless it is told. */
const TIMEOUT = 30_000;

/** Bytes of a question sent as a form. */
const MAX_FORM = 64 * 1024;

/** What is read of Prometheus. */
export const PROMETHEUS_PAGES: Pick<PassthroughOptions, 'allowed' | 'postable'> = {
  allowed: [
    /^\/api\/v1\/(query|query_range|query_exemplars|series|labels|metadata|rules|alerts|targets)$/,
    /^\/api\/v1\/label\/[a-zA-Z_][a-zA-Z0-9_]*\/values$/,
  ],
  postable: [/^\/api\/v1\/(query|query_range|query_exemplars|series|labels)$/],
};

/** What is read of Alertmanager. */
export const ALERTMANAGER_PAGES: Pick<PassthroughOptions, 'allowed' | 'postable'> = {
  allowed: [/^\/api\/v2\/(alerts|alerts\/groups|silences|silence\/[0-9a-f-]{36})$/],
  postable: [],
};

/** Shows pages of another server, read-only. Nothing of the request goes there but its path and query. */
export function passthroughRoute(options: PassthroughOptions): RouteDefinition {
  return {
    path: `${options.below}/*`,
    methods: options.postable.length > 0 ? ['GET', 'HEAD', 'POST'] : ['GET', 'HEAD'],
    handle: (question) => pass(question, options),
  };
}

async function pass({ request, url, left }: Question, options: PassthroughOptions): Promise<Reply> {
  const { name, target, below, allowed, postable, timeout = TIMEOUT } = options;
  // The URL was parsed, so that no `..` in whatever writing is left in its path.
  const path = url.pathname.slice(below.length);
  const pages = request.method === 'POST' ? postable : allowed;
  if (!pages.some((page) => page.test(path))) throw new Problem(404, `this page of ${name} is not shown`);
  if (!target) throw new Problem(503, `no ${name} is configured`);
  const there = new URL(target.pathname.replace(/\/$/, '') + path + url.search, target);
  const form = request.method === 'POST' ? await readForm(request) : undefined;
  const response = await fetch(there, {
    method: request.method ?? 'GET',
    ...(form !== undefined && {
      body: form,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
    redirect: 'manual',
    signal: AbortSignal.any([left, AbortSignal.timeout(timeout)]),
  }).catch((error: unknown) => {
    // As nginx counts it: nothing is wrong with the server.
    if (left.aborted) throw new Problem(499, 'nobody waits for the answer');
    throw new Problem(502, `${name} does not answer: ${causeOf(error)}`);
  });
  return {
    stream: async (answer) => {
      const contentType = response.headers.get('content-type') ?? 'application/octet-stream';
      answer.writeHead(response.status, { 'content-type': contentType });
      // A stream that is handed to a reader who has left already errs once more when nobody listens to it.
      if (left.aborted) await response.body?.cancel(left.reason);
      else if (response.body) await pipeline(Readable.fromWeb(response.body), answer);
      else answer.end();
    },
  };
}

async function readForm(request: IncomingMessage): Promise<string> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Problem(415, 'the content type is not application/x-www-form-urlencoded');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_FORM) throw new Problem(413, `a question has at most ${MAX_FORM} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
