import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import {
  type OtlpLog,
  type OtlpRequest,
  type OtlpSpan,
  type Point,
  readLogs,
  readPoints,
  readSpans,
} from './otlp.ts';

/** A report as it came. */
export interface Received {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: OtlpRequest;
  /** How many bytes it was on the wire, without headers. */
  readonly size: number;
}

/** What is answered to a report. */
export type Answer = {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

const OK: Answer = { status: 200, body: '{}' };

/** A collector on this machine that keeps what it gets and answers as told, in turn, and then as always. */
export class TestEndpoint {
  readonly received: Received[] = [];
  answers: Answer[] = [];
  /** What is answered when nothing else is told; nothing at all when undefined. */
  always: Answer | undefined = OK;
  /** Whether pages of other origins may report. */
  allowsOrigins = true;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      if (this.allowsOrigins) response.setHeader('Access-Control-Allow-Origin', '*');
      if (request.method === 'OPTIONS') {
        response
          .writeHead(204, { 'Access-Control-Allow-Headers': 'Content-Type, Content-Encoding, Moq-Report' })
          .end();
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const raw = Buffer.concat(chunks);
        const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
        const body = JSON.parse(text.toString().trim() || '{}') as OtlpRequest;
        this.received.push({ url: request.url, headers: request.headers, body, size: raw.length });
        const answer = this.answers.shift() ?? this.always;
        if (answer) response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get reports(): readonly unknown[] {
    return this.received.map(({ headers }) => headers['moq-report']);
  }

  /** The points of a metric, in all reports that came. */
  points(name: string): readonly Point[] {
    return this.received.flatMap(({ body }) => readPoints(body)).filter((point) => point.metric === name);
  }

  /** What a metric adds up to, over all series whose labels include the given ones. */
  total(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.points(name)
      .filter((point) => Object.entries(labels).every(([key, value]) => point.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }

  get spans(): readonly OtlpSpan[] {
    return this.received.flatMap(({ body }) => readSpans(body));
  }

  get logs(): readonly OtlpLog[] {
    return this.received.flatMap(({ body }) => readLogs(body));
  }

  open(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
