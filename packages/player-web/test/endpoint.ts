import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OtlpMetricsRequest } from '../src/otel/otlp.ts';

/** A report as it came. */
export interface Received {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: OtlpMetricsRequest;
}

/** What is answered to a report. */
export type Answer = {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

const OK: Answer = { status: 200, body: '{}' };

/** A collector on this machine that keeps what it gets and answers as told, in turn, and then well. */
export class TestEndpoint {
  readonly received: Received[] = [];
  answers: Answer[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      response.setHeader('Access-Control-Allow-Origin', '*');
      if (request.method === 'OPTIONS') {
        response.writeHead(204, { 'Access-Control-Allow-Headers': 'Content-Type, Moq-Report' }).end();
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as OtlpMetricsRequest;
        this.received.push({ url: request.url, headers: request.headers, body });
        const answer = this.answers.shift() ?? OK;
        response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get reports(): readonly unknown[] {
    return this.received.map(({ headers }) => headers['moq-report']);
  }

  open(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
