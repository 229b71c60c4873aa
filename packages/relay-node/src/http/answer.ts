import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  /** All of it, or some of it at a time. */
  readonly body: string | AsyncIterable<string>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** JSON. */
export function json(body: unknown, status = 200): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}

/** An error, as RFC 9457 has it. */
export function problem(status: number, title: string): Answer {
  return { status, contentType: 'application/problem+json', body: JSON.stringify({ title, status }) };
}

/** Whether the relay takes sessions. */
export function readiness(ready: boolean): Answer {
  return json({ ready }, ready ? 200 : 503);
}

/** The path that was asked for, percent-decoded and without its query; `undefined` when it is malformed. */
export function requestPath(request: IncomingMessage): string | undefined {
  try {
    return decodeURIComponent((request.url ?? '/').split('?', 1)[0]!);
  } catch {
    return undefined;
  }
}

/**
 * Sends an answer; to HEAD, without the body. Settles when all of it is written, or whoever asked has gone.
 *
 * @throws whatever the body throws
 */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, body, headers }: Answer,
): Promise<void> {
  response.writeHead(status, {
    'content-type': contentType,
    ...(typeof body === 'string' && { 'content-length': Buffer.byteLength(body) }),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  if (request.method === 'HEAD') {
    response.end();
  } else if (typeof body === 'string') {
    response.end(body);
  } else {
    await pipeline(body, response).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    });
  }
}
