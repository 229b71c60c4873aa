/** A real OTLP endpoint for tests: what it is sent as JSON, in plain objects. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type JsonObject = { readonly [key: string]: unknown };

/** A span as it was received. */
export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** In milliseconds. */
  readonly duration: number;
  /** 2 is an error. */
  readonly status: number;
}

/** A log record as it was received. */
export interface ReceivedLog {
  readonly body: string;
  readonly eventName: string | undefined;
  readonly severityText: string;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** An endpoint that listens. */
export interface OtlpEndpoint extends AsyncDisposable {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  readonly logs: ReceivedLog[];
  /** The attributes of the resources. */
  readonly resources: Readonly<Record<string, unknown>>[];
  /** Whether it takes nothing (HTTP 400). */
  refuses: boolean;
}

/** Starts an endpoint. */
export async function startOtlpEndpoint(): Promise<OtlpEndpoint> {
  const spans: ReceivedSpan[] = [];
  const logs: ReceivedLog[] = [];
  const resources: Readonly<Record<string, unknown>>[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (data: Buffer) => (text += data.toString()));
    request.on('end', () => {
      if (endpoint.refuses) {
        response.writeHead(400).end();
        return;
      }
      const body = JSON.parse(text) as JsonObject;
      for (const resource of [...list(body['resourceSpans']), ...list(body['resourceLogs'])]) {
        resources.push(attributesOf(resource['resource'] as JsonObject));
        for (const scope of [...list(resource['scopeSpans']), ...list(resource['scopeLogs'])]) {
          spans.push(...list(scope['spans']).map(spanOf));
          logs.push(...list(scope['logRecords']).map(logOf));
        }
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint: OtlpEndpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    logs,
    resources,
    refuses: false,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return endpoint;
}

function spanOf(span: JsonObject): ReceivedSpan {
  const nanoseconds = BigInt(String(span['endTimeUnixNano'])) - BigInt(String(span['startTimeUnixNano']));
  return {
    name: String(span['name']),
    traceId: String(span['traceId']),
    spanId: String(span['spanId']),
    parentSpanId: textOf(span['parentSpanId']),
    attributes: attributesOf(span),
    links: list(span['links']).map(({ traceId, spanId }) => ({
      traceId: String(traceId),
      spanId: String(spanId),
    })),
    duration: Number(nanoseconds) / 1e6,
    status: Number((span['status'] as JsonObject | undefined)?.['code'] ?? 0),
  };
}

function logOf(record: JsonObject): ReceivedLog {
  return {
    body: String(valueOf(record['body'] as JsonObject)),
    eventName: textOf(record['eventName']),
    severityText: String(record['severityText']),
    traceId: textOf(record['traceId']),
    spanId: textOf(record['spanId']),
    attributes: attributesOf(record),
  };
}

function attributesOf(owner: JsonObject): Record<string, unknown> {
  return Object.fromEntries(
    list(owner['attributes']).map(({ key, value }) => [String(key), valueOf(value as JsonObject)]),
  );
}

function valueOf(value: JsonObject): unknown {
  return Object.values(value)[0];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function list(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonObject[]) : [];
}
