/** For tests: a backend that takes OTLP over HTTP, and misbehaves when it is told to. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** What came in. */
export interface TargetRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What it says to a request. */
export interface TargetAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Takes what it was sent, and cuts the connection instead of saying so. */
  readonly lost?: boolean;
}

/** A backend. */
export class TestTarget implements AsyncDisposable {
  readonly requests: TargetRequest[] = [];
  answer: (request: TargetRequest) => TargetAnswer = () => ({});
  #server: Server | undefined;
  #port = 0;

  static async start(): Promise<TestTarget> {
    const target = new TestTarget();
    await target.start();
    return target;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#port}/v1/traces`);
  }

  /** All ids in the requests that it said it took. */
  get ids(): string[] {
    return this.requests.flatMap(({ body }) => idsIn(body));
  }

  /** Starts where it was before, if it was. */
  async start(): Promise<void> {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const zipped = request.headers['content-encoding'] === 'gzip';
      const bytes = Buffer.concat(chunks);
      const received = {
        path: request.url!,
        headers: request.headers,
        body: zipped ? gunzipSync(bytes) : bytes,
      };
      const { status = 200, headers, body, lost = false } = this.answer(received);
      if (status === 200) this.requests.push(received);
      if (lost) response.destroy();
      else response.writeHead(status, headers).end(body);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server!, 'close');
    this.#server!.close();
    this.#server!.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server?.listening) await this.stop();
  }
}

/** A request with one span, whose name is its id, as JSON. */
export function jsonRequest(id: string): Uint8Array {
  return Buffer.from(
    `{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "id:${id};", "startTimeUnixNano": 1795425943134000001}]}]}]}`,
  );
}

/** The same in Protobuf: an element of field 1 of the request, field 2 of that, field 2 of that, and field 5 the name. */
export function protobufRequest(id: string): Uint8Array {
  return field(1, field(2, field(2, field(5, Buffer.from(`id:${id};`)))));
}

function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([number * 8 + 2, content.length]), content]);
}

/** Ids in a request, whatever its encoding. */
function idsIn(body: Buffer): string[] {
  return Array.from(body.toString('latin1').matchAll(/id:([\w-]+);/g), ([, id]) => id!);
}
