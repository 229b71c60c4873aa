import { metrics as otelApi } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { Counter, Histogram, Registry } from 'prom-client';
import { client, relay } from '../src/index.ts';
import { createPrometheusMetrics } from '../src/prometheus.ts';
import { heapUsed, nanoseconds, print } from './measure.ts';

const MILLIONS = 10_000_000;
const FEWER = 500_000;
const traffic = { broadcast: 'live/channel', track_type: 'video', direction: 'subscribe' } as const;
const stream = { namespace: 'live', broadcast: 'live/channel' };
const latencies = Float64Array.from({ length: 1024 }, (_, i) => (i / 1024) * 3);

const metrics = createPrometheusMetrics();
const bytes = metrics.counter(relay.bytesSent).series(traffic);
const latency = metrics.histogram(client.latency).series(stream);
const frameAt = metrics.gauge(relay.streamLastFrameTimestamp).series(stream);

const add = (n: number): void => {
  for (let i = 0; i < n; i++) bytes.add(1200);
};
const observe = (n: number): void => {
  for (let i = 0; i < n; i++) latency.observe(latencies[i & 1023]!);
};
const set = (n: number): void => {
  for (let i = 0; i < n; i++) frameAt.set(1_700_000_000 + i);
};

const registers = [new Registry()];
const promCounter = new Counter({
  name: 'bytes_total',
  help: 'x',
  labelNames: Object.keys(traffic),
  registers,
});
const promHistogram = new Histogram({
  name: 'latency',
  help: 'x',
  labelNames: Object.keys(stream),
  buckets: [...client.latency.buckets],
  registers,
});

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const provider = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
});
const meter = provider.getMeter('bench');
const otelCounter = meter.createCounter('bytes');
const otelHistogram = meter.createHistogram('latency', {
  advice: { explicitBucketBoundaries: [...client.latency.buckets] },
});

const ns = (value: number): string => `${value.toFixed(2)} ns`;
print('One event, on a series that was resolved before', [
  { what: 'counter: add', measured: ns(nanoseconds(MILLIONS, add)), bound: '5 ns' },
  { what: 'histogram of 15 buckets: observe', measured: ns(nanoseconds(MILLIONS, observe)), bound: '30 ns' },
  { what: 'gauge: set', measured: ns(nanoseconds(MILLIONS, set)) },
]);
print('The same with what it is built beside', [
  {
    what: 'prom-client: inc with labels',
    measured: ns(
      nanoseconds(FEWER, (n) => {
        for (let i = 0; i < n; i++) promCounter.inc(traffic, 1200);
      }),
    ),
  },
  {
    what: 'prom-client: observe with labels',
    measured: ns(
      nanoseconds(FEWER, (n) => {
        for (let i = 0; i < n; i++) promHistogram.observe(stream, latencies[i & 1023]!);
      }),
    ),
  },
  {
    what: 'OpenTelemetry SDK: add',
    measured: ns(
      nanoseconds(FEWER, (n) => {
        for (let i = 0; i < n; i++) otelCounter.add(1200, traffic);
      }),
    ),
  },
  {
    what: 'OpenTelemetry SDK: record',
    measured: ns(
      nanoseconds(FEWER, (n) => {
        for (let i = 0; i < n; i++) otelHistogram.record(latencies[i & 1023]!, stream);
      }),
    ),
  },
]);

const growth = (run: (n: number) => void): string => {
  run(1000);
  const before = heapUsed();
  run(MILLIONS);
  return `${heapUsed() - before} B`;
};
print('Heap growth over 10 million', [
  { what: 'counter: add', measured: growth(add), bound: '0' },
  { what: 'histogram: observe', measured: growth(observe), bound: '0' },
  { what: 'gauge: set', measured: growth(set), bound: '0' },
]);

otelApi.disable();
await provider.shutdown();
