import type { ServerResponse } from 'node:http';

/** An answer that is there to be sent. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  /** All of it, or some of it at a time. */
  readonly body: string | AsyncIterable<string>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that writes itself. */
export interface Streamed {
  /** Resolves when all is written, or the client is gone. */
  readonly stream: (response: ServerResponse) => Promise<void>;
}

/** What a request gets. */
export type Reply = Page | Streamed;

/** A question that cannot be answered, and what is said about that: RFC 9457. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, title: string, headers: Readonly<Record<string, string>> = {}) {
    super(title);
    this.status = status;
    this.headers = headers;
  }

  /** As it is sent. */
  get page(): Page {
    const { status, message: title, headers } = this;
    return {
      status,
      headers,
      contentType: 'application/problem+json',
      body: JSON.stringify({ type: 'about:blank', title, status }),
    };
  }
}

/** An answer in JSON. */
export function json(body: unknown, status = 200): Page {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}
