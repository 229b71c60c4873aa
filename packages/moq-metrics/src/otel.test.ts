import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { client, collector, relay } from './index.ts';
import { createOtelMetrics, otelViews } from './otel.ts';

test('instruments have the OpenTelemetry name, the unit, the description and the buckets of the schema', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const metrics = createOtelMetrics(provider.getMeter('test'));
  metrics
    .histogram(client.startupTime)
    .series({ namespace: 'a', broadcast: 'a/b', transport: 'quic' })
    .observe(0.3);
  metrics
    .counter(client.mediaReceivedBytes)
    .series({ namespace: 'a', broadcast: 'a/b', track_type: 'video' })
    .add(5);
  await reader.forceFlush();
  const [startup, bytes] = exporter.getMetrics()[0]!.scopeMetrics[0]!.metrics;
  expect(startup).toMatchObject({
    descriptor: { name: 'moq.client.startup_time', unit: 's', description: client.startupTime.description },
    // Without a view: by the instrument's advice alone.
    dataPoints: [{ value: { buckets: { boundaries: client.startupTime.buckets } } }],
  });
  expect(bytes).toMatchObject({
    descriptor: { name: 'moq.client.media_received', unit: 'By' },
    dataPoints: [{ attributes: { namespace: 'a', broadcast: 'a/b', track_type: 'video' }, value: 5 }],
  });
  await provider.shutdown();
});

test('terse instruments leave out what follows from the schema', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const metrics = createOtelMetrics(provider.getMeter('test'), { terse: true });
  const stream = { namespace: 'a', broadcast: 'a/b' };
  metrics.counter(client.rebufferCount).series(stream).add(2);
  metrics.gauge(relay.activeStreams).series({ namespace: 'a' }).set(1);
  await reader.forceFlush();
  const [stalls, streams] = exporter.getMetrics()[0]!.scopeMetrics[0]!.metrics;
  expect(stalls).toMatchObject({
    descriptor: { name: 'moq.client.rebuffer_count', unit: '{stall}', description: '' },
    dataPoints: [{ value: 2 }],
  });
  expect(stalls!.dataPoints[0]!.attributes).toEqual({ broadcast: 'a/b' });
  expect(streams!.dataPoints[0]!.attributes).toEqual({ namespace: 'a' });
  await provider.shutdown();
});

test('views are what an SDK takes, with room for all series there can be', () => {
  const views: ViewOptions[] = otelViews([
    client.startupTime,
    relay.bytesSent,
    relay.cacheHits,
    collector.requestDuration,
  ]);
  expect(views).toEqual([
    {
      instrumentName: 'moq.client.startup_time',
      // 200 broadcasts and the others, each in its namespace; 3 transports and what is none.
      aggregationCardinalityLimit: 201 * 4 + 1,
      aggregation: {
        type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
        options: { boundaries: [...client.startupTime.buckets], recordMinMax: false },
      },
    },
    { instrumentName: 'moq.relay.bytes_sent', aggregationCardinalityLimit: 201 * 5 * 3 + 1 },
    { instrumentName: 'moq.relay.cache_hits', aggregationCardinalityLimit: 2 },
    expect.objectContaining({ aggregationCardinalityLimit: 33 * 17 + 1 }),
  ]);
});
