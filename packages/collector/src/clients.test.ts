/** Clients that nobody here wrote: the OpenTelemetry SDK for JavaScript, in both encodings, with gzip and without. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { audience, client, collector as own, otelName } from '@moq-observability/moq-metrics';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import {
  AggregationTemporalityPreference,
  OTLPMetricExporter as JsonMetrics,
} from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Collector, createCollector } from './collector.ts';
import { scrape } from './scrape-fixture.ts';

let collector: Collector;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-clients-'));
  collector = await createCollector({ port: 0, opsPort: 0, dataDir: folder, store: 'off' });
});

afterEach(async () => {
  await collector.close();
  await rm(folder, { recursive: true, force: true });
});

const ENCODINGS = [
  ['JSON', JsonMetrics, JsonTraces, JsonLogs],
  ['Protobuf', ProtobufMetrics, ProtobufTraces, ProtobufLogs],
] as const;

const COMPRESSIONS = ['none', 'gzip'] as const;

const cases = ENCODINGS.flatMap((encoding) =>
  COMPRESSIONS.map((compression) => [...encoding, compression] as const),
);

function resourceOf(session: string): Resource {
  return resourceFromAttributes({
    'service.name': 'some-player',
    'session.id': session,
    'moq.broadcast': 'demo/sdk',
    'network.transport.name': 'websocket',
  });
}

describe.each(cases)('%s', (_, Metrics, Traces, Logs, compression) => {
  const session = 'sdk-session-1';

  test(`metrics, ${compression}`, async () => {
    const exporter = new Metrics({
      url: new URL('v1/metrics', collector.url).href,
      compression: compression as never,
      temporalityPreference: AggregationTemporalityPreference.DELTA,
    });
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ resource: resourceOf(session), readers: [reader] });
    const meter = provider.getMeter('test');
    const watched = meter.createCounter(otelName(client.watchedSeconds), { unit: 's' });
    const latency = meter.createHistogram(otelName(client.latency), {
      unit: 's',
      advice: { explicitBucketBoundaries: [...client.latency.buckets] },
    });
    const stranger = meter.createUpDownCounter('some.thing');
    const labels = { broadcast: 'demo/sdk' };
    for (let round = 0; round < 2; round++) {
      watched.add(1.5, labels);
      for (const seconds of [0.125, 0.25, 40]) latency.record(seconds, labels);
      stranger.add(1);
      await provider.forceFlush();
    }
    // Which sends once more what is there: the last value of the stranger.
    await provider.shutdown();
    const page = await scrape(collector);
    const stream = { namespace: 'demo', broadcast: 'demo/sdk' };
    expect(page.value(client.watchedSeconds, stream)).toBe(3);
    expect(page.value(client.latency, stream, { le: 0.1 })).toBe(0);
    expect(page.value(client.latency, stream, { le: 0.15 })).toBe(2);
    expect(page.value(client.latency, stream, { le: Infinity })).toBe(6);
    expect(page.value(client.latency, stream, 'sum')).toBe(80.75);
    expect(page.value(own.pointsRejected, { reason: 'unknown_metric' })).toBe(3);
    expect(page.value(audience.latency, { browser: 'other', transport: 'websocket' }, 'count')).toBe(6);
    expect(await sessionOf(session)).toMatchObject({ watchedSeconds: 3, broadcast: 'demo/sdk', reports: 3 });
  });

  test(`traces and logs, ${compression}`, async () => {
    const resource = resourceOf(session);
    const options = { compression: compression as never };
    const traces = new TracerProvider({
      resource,
      spanProcessors: [
        new SimpleSpanProcessor({
          exporter: new Traces({ url: new URL('v1/traces', collector.url).href, ...options }),
        }),
      ],
    });
    const start = Date.now() - 400;
    const span = traces.getTracer('test').startSpan('playback.startup', { startTime: start });
    span.setAttribute('moq.track', 'video').addEvent('an event', { n: 1 });
    span.end(start + 250);
    await traces.forceFlush();
    await traces.shutdown();
    const logs = new LoggerProvider({
      resource,
      processors: [
        new SimpleLogRecordProcessor({
          exporter: new Logs({ url: new URL('v1/logs', collector.url).href, ...options }),
        }),
      ],
    });
    logs.getLogger('test').emit({
      eventName: 'playback.started',
      severityNumber: 9,
      body: { a: [1, 'b'] },
      attributes: { 'moq.track': 'video/720p', list: ['x', 'y'] },
    });
    await logs.forceFlush();
    await logs.shutdown();
    const { traceId } = span.spanContext();
    expect(await sessionOf(session)).toMatchObject({
      traceId,
      startupSeconds: 0.25,
      state: 'playing',
      rendition: 'video/720p',
    });
    const detail = await detailOf(session);
    expect(detail.spans).toMatchObject([
      {
        traceId,
        name: 'playback.startup',
        duration: 250,
        events: [{ name: 'an event', attributes: { n: '1' } }],
      },
    ]);
    expect(detail.events).toMatchObject([
      { eventName: 'playback.started', body: '{"a":[1,"b"]}', attributes: { list: '["x","y"]' } },
    ]);
  });
});

test('cumulative metrics are told to be', async () => {
  const exporter = new ProtobufMetrics({
    url: new URL('v1/metrics', collector.url).href,
    temporalityPreference: AggregationTemporalityPreference.CUMULATIVE,
  });
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  provider.getMeter('test').createCounter(otelName(client.watchedSeconds)).add(1, { broadcast: 'demo/sdk' });
  await provider.forceFlush();
  await provider.shutdown();
  expect((await scrape(collector)).value(own.pointsRejected, { reason: 'cumulative' })).toBe(2);
});

interface Detail {
  readonly session: object;
  readonly spans: readonly object[];
  readonly events: readonly object[];
}

async function detailOf(session: string): Promise<Detail> {
  return (await fetch(new URL(`api/sessions/${session}`, collector.opsUrl))).json() as Promise<Detail>;
}

async function sessionOf(session: string): Promise<object> {
  return (await detailOf(session)).session;
}
