/** Requests that are wrong in every way one can think of, the same ones for the same seed. For tests. */
import { gzipSync } from 'node:zlib';
import { client } from '@moq-observability/moq-metrics';
import protobuf from 'protobufjs';
import { OTLP_PROTO } from './receive/otlp-proto.ts';
import { logsRequest, metricsRequest, tracesRequest } from './report-fixture.ts';

/** A request to be sent as it is. */
export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const PATHS = ['/v1/metrics', '/v1/traces', '/v1/logs'] as const;

/** What is put in the place of something else. */
const STRANGE: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  -0,
  2 ** 53,
  '',
  '\u0000',
  '\ud800',
  '../../etc',
  '__proto__',
  '<script>alert(1)</script>',
  "'; DROP TABLE otel_logs; --",
  'x'.repeat(5_000),
  '9'.repeat(20),
  'NaN',
  [],
  {},
  [[[[]]]],
  { stringValue: {} },
  { __proto__: null, toString: 1 },
];

/** Makes hostile requests, one after the other. */
export class HostileRequests {
  readonly #random: () => number;
  readonly #bodies = corpus();
  readonly #bombs: readonly Buffer[] = [
    gzipSync(Buffer.alloc(50 * 1024 * 1024)),
    gzipSync(`{"resourceMetrics":[${'{},'.repeat(400_000)}{}]}`),
    gzipSync(gzipSync(Buffer.alloc(10 * 1024 * 1024))),
  ];

  /** @param random from 0 up to and without 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  next(): HostileRequest {
    const { json, protobuf: bytes, path } = this.#pick(this.#bodies);
    const binary = this.#chance(0.4);
    const body = binary ? this.#mutateBytes(bytes) : this.#mutateJson(json);
    const request = {
      method: 'POST',
      path: this.#chance(0.9) ? path : this.#pick(PATHS),
      headers: {
        'content-type': binary ? 'application/x-protobuf' : 'application/json',
        ...(this.#chance(0.3) && { 'moq-report': `fuzz-session-${this.#int(50)}/${this.#int(50)}` }),
      },
      body,
    };
    return this.#chance(0.2) ? this.#mutateRequest(request) : request;
  }

  #mutateRequest(request: HostileRequest): HostileRequest {
    const { headers, body } = request;
    const changes: readonly (() => Partial<HostileRequest>)[] = [
      () => ({ headers: { ...headers, 'content-encoding': 'gzip' }, body: gzipSync(body) }),
      () => ({ headers: { ...headers, 'content-encoding': 'gzip' } }),
      () => ({ headers: { ...headers, 'content-encoding': 'gzip' }, body: this.#pick(this.#bombs) }),
      () => ({
        headers: { ...headers, 'content-encoding': this.#pick(['br', 'deflate', 'gzip, gzip', 'x']) },
      }),
      () => ({ headers: { ...headers, 'content-encoding': 'gzip' }, body: this.#cut(gzipSync(body)) }),
      () => ({
        headers: {
          ...headers,
          'content-type': this.#pick(['text/plain', 'application/x-protobuf', 'x', 'application/json']),
        },
      }),
      () => ({
        headers: {
          ...headers,
          'moq-report': this.#pick(['x', '/1', 'a/b/c', `${'a'.repeat(300)}/1`, 'fuzz-session/0']),
        },
      }),
      () => ({
        headers: {
          ...headers,
          origin: this.#pick(['https://evil.example', 'null', 'http://localhost:1', 'x'.repeat(2_000)]),
        },
      }),
      () => ({ headers: { ...headers, authorization: `Bearer ${'a.'.repeat(500)}` } }),
      () => ({ method: this.#pick(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']), body: Buffer.alloc(0) }),
      () => ({
        path: this.#pick([
          '/',
          '/v1',
          '/v1/metrics/',
          '/v1/%2e%2e/metrics',
          '//v1/metrics',
          `/${'a'.repeat(3_000)}`,
        ]),
      }),
      () => ({ body: Buffer.alloc(this.#int(1_500_000), this.#int(256)) }),
      () => ({ body: Buffer.from(`${'['.repeat(200_000)}`) }),
      () => ({ body: Buffer.from(`{"resourceLogs":${'[{"resourceLogs":'.repeat(5_000)}`) }),
    ];
    return { ...request, ...this.#pick(changes)() };
  }

  #mutateJson(json: string): Buffer {
    if (this.#chance(0.4)) {
      const tree: unknown = JSON.parse(json);
      for (let i = this.#int(3); i >= 0; i--) this.#mutateTree(tree);
      return Buffer.from(JSON.stringify(tree));
    }
    return this.#mutateBytes(Buffer.from(json));
  }

  /** Walks to some place in a tree, and puts something strange there. */
  #mutateTree(tree: unknown): void {
    let at = tree;
    for (let depth = 0; depth < 14; depth++) {
      if (typeof at !== 'object' || at === null) return;
      const keys = Object.keys(at);
      if (keys.length === 0) return;
      const key = this.#pick(keys);
      const inner = Reflect.get(at, key) as unknown;
      if (typeof inner !== 'object' || inner === null || this.#chance(0.15)) {
        if (this.#chance(0.2)) Reflect.deleteProperty(at, key);
        else Reflect.set(at, key, structuredClone(this.#pick(STRANGE)));
        return;
      }
      at = inner;
    }
  }

  #mutateBytes(original: Buffer): Buffer {
    const bytes = Buffer.from(original);
    const changes: readonly (() => Buffer)[] = [
      () => this.#cut(bytes),
      () => this.#flip(bytes, 1),
      () => this.#flip(bytes, 20),
      () => Buffer.concat([bytes, this.#cut(bytes)]),
      () => Buffer.concat([this.#cut(bytes), Buffer.from(crypto.getRandomValues(new Uint8Array(16)))]),
      () => Buffer.concat(Array.from({ length: this.#int(40) }, () => bytes)),
      () => bytes.fill(this.#int(256), this.#int(bytes.length)),
    ];
    return this.#pick(changes)();
  }

  #flip(bytes: Buffer, times: number): Buffer {
    for (let i = 0; i < times; i++) bytes[this.#int(bytes.length)]! ^= 1 << this.#int(8);
    return bytes;
  }

  #cut(bytes: Buffer): Buffer {
    return bytes.subarray(0, this.#int(bytes.length + 1));
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #int(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(things: readonly T[]): T {
    return things[this.#int(things.length)]!;
  }
}

/** Good requests, in both encodings. */
function corpus(): readonly { path: (typeof PATHS)[number]; json: string; protobuf: Buffer }[] {
  const { root } = protobuf.parse(OTLP_PROTO);
  const resource = {
    'session.id': 'fuzz-session-1',
    'service.name': 'moq-player',
    'moq.broadcast': 'fuzz/one',
  };
  const stream = { namespace: 'fuzz', broadcast: 'fuzz/one' };
  const metrics = metricsRequest(
    [
      [client.watchedSeconds, stream, 10],
      [client.playbackFailures, { ...stream, error: 'decode' }, 1],
      [client.latency, stream, [0.1, 0.2, 5]],
      [client.startupTime, { ...stream, transport: 'webtransport' }, [0.4]],
    ],
    { resource },
  );
  const logs = logsRequest(
    [
      ['session.start', Date.now()],
      ['stall.start', Date.now(), { 'moq.track_type': 'video' }],
    ],
    resource,
  );
  const span = {
    name: 'playback.startup',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
  };
  const traces = tracesRequest([{ ...span, milliseconds: 250 }], resource);
  return (
    [
      ['/v1/metrics', 'MetricsRequest', metrics],
      ['/v1/logs', 'LogsRequest', logs],
      ['/v1/traces', 'TracesRequest', traces],
    ] as const
  ).map(([path, type, request]) => {
    const message = root.lookupType(type);
    return {
      path,
      json: JSON.stringify(request),
      // Ids in hex become other bytes here, which is fine: they are to be strange.
      protobuf: Buffer.from(message.encode(message.fromObject(request)).finish()),
    };
  });
}
