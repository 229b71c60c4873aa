import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
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

/** Sends an answer; to HEAD, without the body. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}
