/** One attempt to hand an OTLP request over to a backend. */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Reader } from 'protobufjs/minimal.js';
import type { ForwardTarget, OtlpContentType } from './forward.ts';

/** How an attempt ended. */
export type Attempt =
  /** The target has it, all but so many of its things. */
  | { readonly outcome: 'taken'; readonly rejected: number; readonly message: string }
  /** It may have it another time, after so many milliseconds if it said so. */
  | { readonly outcome: 'later'; readonly reason: string; readonly after: number | undefined }
  /** It will never have it. */
  | { readonly outcome: 'refused'; readonly reason: string };

/** Statuses after which a request is sent again; https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** The longest wait a target may ask for, in milliseconds. */
const LONGEST_WAIT = 5 * 60_000;

/** Bytes of an answer that are looked at. */
const ANSWER_BYTES = 64 * 1024;

/** Characters of a message that are passed on. */
const MESSAGE_LENGTH = 300;

const compress = promisify(gzip);

/** Sends requests to a backend. */
export class Target {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeout: number;

  /** @param timeout for a whole attempt, in milliseconds */
  constructor({ url, headers }: ForwardTarget, timeout: number) {
    this.#url = new URL(url);
    this.#headers = { ...basicAuthorization(url), ...headers };
    this.#timeout = timeout;
    // `fetch` takes no addresses with credentials.
    this.#url.username = '';
    this.#url.password = '';
  }

  /** Sends a request. Never rejects. */
  async send(body: Uint8Array, contentType: OtlpContentType, signal: AbortSignal): Promise<Attempt> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: {
          'user-agent': 'moq-collector',
          ...this.#headers,
          'content-type': contentType,
          'content-encoding': 'gzip',
        },
        body: await compress(body),
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeout)]),
      });
      const answer = await readSome(response);
      if (response.ok) return { outcome: 'taken', ...partialSuccess(answer, response.headers) };
      const reason = `HTTP ${response.status}`;
      if (!RETRYABLE.has(response.status)) return { outcome: 'refused', reason };
      return { outcome: 'later', reason, after: retryAfter(response.headers.get('retry-after'), Date.now()) };
    } catch (error) {
      return { outcome: 'later', reason: failure(error), after: undefined };
    }
  }
}

/**
 * Reads a `Retry-After` header: seconds, or a date.
 *
 * @param now Unix milliseconds
 * @returns milliseconds; `undefined` when it says nothing of the kind
 */
export function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const wait = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(wait) ? undefined : Math.min(LONGEST_WAIT, Math.max(0, wait));
}

/** What a target that has taken a request says of the part of it that it has not. */
export function partialSuccess(
  answer: Uint8Array,
  headers: Headers,
): { readonly rejected: number; readonly message: string } {
  try {
    const json = headers.get('content-type')?.startsWith('application/json');
    const { rejected, message } = json ? fromJson(answer) : fromProtobuf(answer);
    return {
      rejected: Number.isFinite(rejected) && rejected > 0 ? rejected : 0,
      message: message.slice(0, MESSAGE_LENGTH),
    };
  } catch {
    // It has the request; what else it says does not matter.
    return { rejected: 0, message: '' };
  }
}

function fromJson(answer: Uint8Array): { readonly rejected: number; readonly message: string } {
  const { partialSuccess: partial = {} } = JSON.parse(Buffer.from(answer).toString() || '{}') as {
    readonly partialSuccess?: Readonly<Record<string, unknown>>;
  };
  const { rejectedSpans, rejectedLogRecords, rejectedDataPoints, errorMessage } = partial;
  return {
    rejected: Number(rejectedSpans ?? rejectedLogRecords ?? rejectedDataPoints ?? 0),
    message: String(errorMessage ?? ''),
  };
}

/** Field 1 of the answer is the partial success; its field 1 is how many, field 2 is why. */
function fromProtobuf(answer: Uint8Array): { readonly rejected: number; readonly message: string } {
  const reader = Reader.create(answer);
  let rejected = 0;
  let message = '';
  let end = reader.len;
  while (reader.pos < end) {
    const tag = reader.uint32();
    // The answer has nothing else, so that its field can be entered and its end taken for the end.
    if (end === reader.len && tag === TAG_PARTIAL && rejected === 0 && message === '') {
      end = reader.uint32() + reader.pos;
      while (reader.pos < end) {
        const inner = reader.uint32();
        if (inner === TAG_REJECTED) rejected = Number(reader.int64());
        else if (inner === TAG_MESSAGE) message = reader.string();
        else reader.skipType(inner & 7);
      }
    } else reader.skipType(tag & 7);
  }
  return { rejected, message };
}

const TAG_PARTIAL = 0x0a;
const TAG_REJECTED = 0x08;
const TAG_MESSAGE = 0x12;

async function readSome(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array);
    bytes += (chunk as Uint8Array).length;
    if (bytes > ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks);
}

function basicAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/** What went wrong on the way, without the address or the headers. */
function failure(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const cause = error.cause;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return error.name === 'AbortError' ? 'given up' : 'the connection failed';
}
