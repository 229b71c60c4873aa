/** The thread that exports, at a real OTLP endpoint. */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type OtlpEndpoint, startOtlpEndpoint } from '../otlp-fixture.ts';
import { until } from '../relay-fixture.ts';
import { type ExportFault, ROOM } from './export-protocol.ts';
import { startExport, type TelemetryExport } from './export.ts';

const PARENT = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', traceFlags: 0 };
const START = Date.UTC(2026, 0, 1);

let endpoint: OtlpEndpoint;
let faults: ExportFault[];

beforeEach(async () => {
  endpoint = await startOtlpEndpoint();
  faults = [];
});

afterEach(() => endpoint[Symbol.asyncDispose]());

function start(environment: Readonly<Record<string, string>> = {}): TelemetryExport {
  return startExport(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      ...environment,
    },
    {
      version: '1.2.3',
      id: 'relay-1',
      ratio: 1,
      spansPerSecond: 2,
      now: () => 0,
      onFault: (fault) => faults.push(fault),
    },
  )!;
}

function line(msg: string): string {
  return `${JSON.stringify({ level: 'info', time: '2026-01-01T00:00:00.000Z', msg })}\n`;
}

test('a span arrives as it was recorded, under the ids that were given out', async () => {
  const exported = start({ OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test' });
  const above = trace.setSpanContext(ROOT_CONTEXT, { ...PARENT, isRemote: true });
  const options = { kind: SpanKind.SERVER, startTime: START, attributes: { first: 1 } };
  const outer = exported.tracer!.startSpan('outer', { ...options, links: [{ context: PARENT }] }, above);
  const inner = exported.tracer!.startSpan(
    'inner',
    options,
    trace.setSpanContext(ROOT_CONTEXT, outer.spanContext()),
  );
  const beyond = exported.tracer!.startSpan('beyond the budget', options, ROOT_CONTEXT);
  inner.setAttributes({ second: 'two' });
  inner.setStatus({ code: SpanStatusCode.ERROR });
  for (const [index, span] of [inner, outer, beyond].entries()) span.end(START + 250.5 * (index + 1));
  await exported.close();

  expect(outer.spanContext()).toMatchObject({ traceId: PARENT.traceId, traceFlags: TraceFlags.SAMPLED });
  expect(beyond.spanContext().traceFlags).toBe(TraceFlags.NONE);
  const attributes = { first: 1 };
  expect(endpoint.spans).toEqual([
    {
      name: 'inner',
      traceId: PARENT.traceId,
      spanId: inner.spanContext().spanId,
      parentSpanId: outer.spanContext().spanId,
      attributes: { ...attributes, second: 'two' },
      links: [],
      duration: 250.5,
      status: 2,
    },
    {
      name: 'outer',
      traceId: PARENT.traceId,
      spanId: outer.spanContext().spanId,
      parentSpanId: PARENT.spanId,
      attributes,
      links: [{ traceId: PARENT.traceId, spanId: PARENT.spanId }],
      duration: 501,
      status: 0,
    },
  ]);
  expect(endpoint.resources[0]).toMatchObject({
    'service.name': 'moq-relay',
    'service.version': '1.2.3',
    'service.instance.id': 'relay-1',
    'deployment.environment.name': 'test',
  });
  expect(faults).toEqual([]);
});

test('what there is no room for is counted, and the rest arrives', async () => {
  const exported = start({ OTEL_TRACES_EXPORTER: 'none' });
  expect(exported.tracer).toBeUndefined();
  for (let i = 0; i < ROOM + 5; i++) exported.logs!.write(line(`line ${i}`));
  await until(() => faults.length > 0);
  exported.logs!.write(line('the last'));
  await exported.close();
  expect(faults.map(({ level, message }) => `${level}: ${message}`)).toEqual([
    'warn: 5 spans and log lines were not exported: too many at once',
  ]);
  expect(endpoint.logs.map(({ body }) => body)).toEqual([
    ...Array.from({ length: ROOM }, (_, i) => `line ${i}`),
    'the last',
  ]);
});

test('when the thread breaks, that is told, and nothing else breaks', async () => {
  const exported = start({ NODE_OPTIONS: '--import data:text/javascript,throw%20new%20Error(%22broken%22)' });
  exported.logs!.write(line('lost'));
  await until(() => faults.length > 0);
  expect(faults).toEqual([
    { level: 'warn', message: 'the export has ended: nothing more is exported', details: 'Error: broken' },
  ]);
  exported.logs!.write(line('lost too'));
  await exported.close();
  expect(endpoint.logs).toEqual([]);
});

test.each([
  {},
  { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'TRUE' },
  {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
  },
])('there is no thread for %j', (environment) => {
  const options = { version: '', id: '', ratio: 1, spansPerSecond: 1, onFault: () => {} };
  expect(startExport(environment, options)).toBeUndefined();
});

test('a protocol that is not spoken is refused', () => {
  expect(() => start({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toThrow(
    'OTEL_EXPORTER_OTLP_PROTOCOL "grpc": http/protobuf and http/json are spoken',
  );
});
