import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { parseReportId, type ReportId } from '../merge/reports.ts';
import type { AddressBook } from './addresses.ts';
import { type AnswerFormat, failureAnswer, partialAnswer } from './answers.ts';
import type { BodyReader } from './body.ts';
import { object, type Tree } from './checked.ts';
import type { Grant, Grants } from './grants.ts';
import type { OriginPolicy } from './origins.ts';
import type { OtlpProtobuf } from './protobuf.ts';
import type { RateLimit } from './rate-limit.ts';
import { Refused } from './refused.ts';
import { Turns } from './turns.ts';
import { type Route, type Signal, SIGNALS } from './signals.ts';

/** Who sends. */
export interface Sender {
  /** Of the client, behind proxies that are trusted. */
  readonly address: string;
  readonly userAgent: string;
  /** What a trusted proxy says of where the client is. */
  readonly region: string | undefined;
  /** What its token allows; `undefined` when tokens are not asked for. */
  readonly grant: Grant | undefined;
}

/** A request that was read. */
export interface Delivery {
  /** The request in the shape of OTLP's JSON. */
  readonly request: Tree;
  readonly body: Buffer;
  readonly format: AnswerFormat;
  readonly sender: Sender;
  /** Which report of which session it is; without it, nothing tells a retry from a new one. */
  readonly report: ReportId | undefined;
}

/** What the sender gets back. */
export interface Receipt {
  /** Points, spans or log records that were not taken. */
  readonly rejected: number;
  /** Why, in words; empty when all were. */
  readonly message: string;
}

/** What is done with what comes in. */
export interface ReceiverOptions {
  readonly origins: OriginPolicy;
  readonly addresses: AddressBook;
  readonly body: BodyReader;
  readonly protobuf: OtlpProtobuf;
  /** Unlimited when it is left out. */
  readonly rateLimit?: RateLimit | undefined;
  /** Everyone may report on everything when it is left out. */
  readonly grants?: Grants | undefined;
  /** The header, in lower case, in which trusted proxies tell the region. */
  readonly regionHeader?: string | undefined;
  /**
   * Takes a request of each signal. Called right after it was read, in the order requests came in.
   *
   * @throws Refused when it is not shaped like OTLP
   */
  readonly take: Readonly<Record<Signal, (delivery: Delivery) => Promise<Receipt>>>;
  /** Told of every request that was refused whole. */
  readonly onRefused: (refused: Refused, route: Route) => void;
  /** Told of every answer to a request, and how many seconds it took. */
  readonly onAnswer: (route: Route, status: number, seconds: number) => void;
  /** Told of faults of the collector itself. */
  readonly onError: (error: unknown) => void;
}

interface Answer {
  readonly status: number;
  readonly body?: string | Uint8Array;
  readonly format?: AnswerFormat;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a page of an allowed origin may send, and for how long (in seconds) its browser may remember that. */
const PREFLIGHT: Answer = {
  status: 204,
  headers: {
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'content-type, content-encoding, moq-report, authorization',
    'access-control-max-age': '7200',
  },
};

/** Characters of a user agent that are looked at. */
const MAX_USER_AGENT = 512;

/**
 * The OTLP/HTTP door: `POST /v1/{metrics,traces,logs}` in JSON and Protobuf, from pages of the allowed origins and from
 * whatever is no page. Answers follow https://opentelemetry.io/docs/specs/otlp/#otlphttp-response; nothing a client
 * sends makes a 500.
 */
export function createReceiver(options: ReceiverOptions): RequestListener {
  const door = new Door(options);
  return (request, response) => {
    // Only a client that goes away in the middle of its request gets here: there is nobody to answer.
    door.serve(request, response).catch(() => response.destroy());
  };
}

/** How long requests that come in close succession wait for one another, in milliseconds. */
const TURN = 5;

class Door {
  readonly #turns = new Turns(TURN);
  readonly #options: ReceiverOptions;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const path = request.url?.split('?', 1)[0] ?? '';
    const signal = SIGNALS.get(path);
    const route = signal ? (path as Route) : 'other';
    const { status, body, format, headers } = await this.#answer(request, signal, route);
    const { origin } = request.headers;
    const all: string[] = [];
    if (origin !== undefined) {
      all.push('vary', 'Origin');
      if (this.#options.origins(origin)) all.push('access-control-allow-origin', origin);
    }
    if (body !== undefined) {
      all.push(
        'content-type',
        format ?? 'application/json',
        'content-length',
        String(Buffer.byteLength(body)),
      );
    }
    for (const name in headers) all.push(name, headers[name]!);
    response.writeHead(status, all).end(body);
    this.#options.onAnswer(route, status, (performance.now() - started) / 1000);
  }

  async #answer(request: IncomingMessage, signal: Signal | undefined, route: Route): Promise<Answer> {
    const format = formatOf(request);
    try {
      if (!signal) throw new Refused(404, 'there are /v1/metrics, /v1/traces and /v1/logs');
      this.#checkOrigin(request);
      if (request.method === 'OPTIONS') return PREFLIGHT;
      if (request.method !== 'POST') throw new Refused(405, 'only POST');
      if (!format)
        throw new Refused(415, 'the content type is neither application/json nor application/x-protobuf');
      const { rejected, message } = await this.#receive(request, signal, format);
      return {
        status: 200,
        format,
        body: partialAnswer(signal, format, rejected, message, this.#options.protobuf),
      };
    } catch (error) {
      if (error instanceof Refused) {
        if (request.method === 'POST') this.#options.onRefused(error, route);
        return this.#refusal(error, format ?? 'application/json');
      }
      if (request.errored || request.destroyed) throw error;
      this.#options.onError(error);
      const body = failureAnswer(500, 'internal error', 'application/json', this.#options.protobuf);
      return { status: 500, body };
    }
  }

  async #receive(request: IncomingMessage, signal: Signal, format: AnswerFormat): Promise<Receipt> {
    const { addresses, rateLimit, grants, body, regionHeader } = this.#options;
    const { headers } = request;
    const { address, proxied } = addresses(request.socket.remoteAddress, single(headers['x-forwarded-for']));
    const wait = rateLimit?.take(address, performance.now()) ?? 0;
    if (wait > 0) {
      throw new Refused(429, 'this address sends too often', { retryAfter: Math.ceil(wait) });
    }
    const report = reportOf(single(headers['moq-report']));
    const grant = await grants?.grant(headers.authorization);
    const sender: Sender = {
      address,
      userAgent: headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? '',
      region: proxied && regionHeader !== undefined ? single(headers[regionHeader]) : undefined,
      grant,
    };
    return body.read(request, async (bytes) => {
      await this.#turns.next();
      return this.#options.take[signal]({
        request: this.#decode(bytes, signal, format),
        body: bytes,
        format,
        sender,
        report,
      });
    });
  }

  #decode(bytes: Buffer, signal: Signal, format: AnswerFormat): Tree {
    return format === 'application/json' ? parseJson(bytes) : this.#options.protobuf.decode(signal, bytes);
  }

  /** Whatever is not a page sends no origin. */
  #checkOrigin({ headers: { origin } }: IncomingMessage): void {
    if (origin !== undefined && !this.#options.origins(origin)) {
      throw new Refused(403, 'the origin of the page is not allowed');
    }
  }

  #refusal({ status, message, retryAfter }: Refused, format: AnswerFormat): Answer {
    const headers: Record<string, string> = {};
    if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
    if (status === 401) headers['www-authenticate'] = 'Bearer';
    if (status === 405) headers['allow'] = 'POST, OPTIONS';
    return { status, format, headers, body: failureAnswer(status, message, format, this.#options.protobuf) };
  }
}

function formatOf({ headers }: IncomingMessage): AnswerFormat | undefined {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json' || type === 'application/x-protobuf') return type;
  return type === 'application/protobuf' ? 'application/x-protobuf' : undefined;
}

function reportOf(header: string | undefined): ReportId | undefined {
  if (header === undefined) return undefined;
  const report = parseReportId(header);
  if (!report) throw new Refused(400, 'Moq-Report is not <session id>/<sequence number>');
  return report;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(bytes: Buffer): Tree {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new Refused(400, 'the body is not UTF-8', { cause });
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // The parser's own message repeats what the client sent.
    throw new Refused(400, 'the body is not JSON');
  }
  return object(body, 'the body');
}

function single(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' || header === undefined ? header : header.join(',');
}
