import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Receipt } from '../merge/merge.ts';
import { parseReportId, type ReportId } from '../merge/reports.ts';
import type { BodyReader } from './body.ts';
import type { OriginPolicy } from './origins.ts';
import { Refused } from './refused.ts';

/** What is done with what comes in. */
export interface ReceiverOptions {
  readonly origins: OriginPolicy;
  readonly body: BodyReader;
  /**
   * Takes the text of a metrics request.
   *
   * @throws Refused when it is not shaped like OTLP
   */
  readonly onMetrics: (text: string, report: ReportId | undefined) => Receipt;
  /** Told of every report that was refused whole. */
  readonly onRefused: (refused: Refused) => void;
  /** Told of every answer to a request, and how many seconds it took. */
  readonly onAnswer: (route: Route, status: number, seconds: number) => void;
  /** Told of faults of the collector itself. */
  readonly onError: (error: unknown) => void;
}

/** The path of a request, as a label. */
export type Route = '/v1/metrics' | 'other';

interface Answer {
  readonly status: number;
  readonly body?: Readonly<Record<string, unknown>>;
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

/** Seconds after which a sender that was turned away for now may try again. */
const RETRY_AFTER = '1';

/**
 * The OTLP/HTTP door: `POST /v1/metrics` in JSON, from pages of the allowed origins and from whatever is no page.
 * Answers follow https://opentelemetry.io/docs/specs/otlp/#otlphttp-response; nothing a client sends makes a 500.
 */
export function createReceiver(options: ReceiverOptions): RequestListener {
  return (request, response) => {
    // Only a client that goes away in the middle of its request gets here: there is nobody to answer.
    serve(request, response, options).catch(() => response.destroy());
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: ReceiverOptions,
): Promise<void> {
  const started = performance.now();
  const route = request.url?.split('?', 1)[0] === '/v1/metrics' ? '/v1/metrics' : 'other';
  const { status, body, headers } = await answer(request, route, options);
  const { origin } = request.headers;
  response.setHeader('vary', 'Origin');
  if (origin !== undefined && options.origins(origin)) {
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'retry-after');
  }
  // What is left of a body nobody read must not keep the connection.
  if (status === 413) response.setHeader('connection', 'close');
  if (body) response.setHeader('content-type', 'application/json');
  response.writeHead(status, headers).end(body && JSON.stringify(body));
  options.onAnswer(route, status, (performance.now() - started) / 1000);
}

async function answer(request: IncomingMessage, route: Route, options: ReceiverOptions): Promise<Answer> {
  const { origin } = request.headers;
  if (route === 'other') return refusal(404, 'there is only /v1/metrics');
  if (request.method === 'OPTIONS') {
    return isAllowed(origin, options.origins)
      ? PREFLIGHT
      : refusal(403, 'the origin of the page is not allowed');
  }
  if (request.method !== 'POST') return refusal(405, 'only POST', { allow: 'POST, OPTIONS' });
  try {
    const { rejectedPoints, message } = await receive(request, options);
    // A 64-bit integer is a string in Protobuf's JSON.
    const partialSuccess = { rejectedDataPoints: String(rejectedPoints), errorMessage: message };
    return { status: 200, body: rejectedPoints > 0 ? { partialSuccess } : {} };
  } catch (error) {
    if (error instanceof Refused) {
      options.onRefused(error);
      return refusal(error.status, error.message, error.status === 429 ? { 'retry-after': RETRY_AFTER } : {});
    }
    if (request.errored) throw error;
    options.onError(error);
    return refusal(500, 'internal error');
  }
}

async function receive(request: IncomingMessage, options: ReceiverOptions): Promise<Receipt> {
  const { origin, 'content-type': contentType, 'moq-report': header } = request.headers;
  if (!isAllowed(origin, options.origins)) throw new Refused(403, 'the origin of the page is not allowed');
  if (contentType?.split(';', 1)[0]?.trim().toLowerCase() !== 'application/json') {
    throw new Refused(415, 'the content type is not application/json');
  }
  const report = header === undefined ? undefined : parseReportId(String(header));
  if (header !== undefined && !report) {
    throw new Refused(400, 'Moq-Report is not <session id>/<sequence number>');
  }
  return options.onMetrics(await options.body.read(request), report);
}

/** Whatever is not a page sends no origin. */
function isAllowed(origin: string | undefined, origins: OriginPolicy): boolean {
  return origin === undefined || origins(origin);
}

function refusal(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body: { message }, headers };
}
