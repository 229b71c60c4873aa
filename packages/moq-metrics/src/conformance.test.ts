import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  type MetricData,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseExposition } from './exposition.ts';
import {
  bounded,
  counter,
  type CounterMetric,
  gauge,
  type GaugeMetric,
  histogram,
  type HistogramMetric,
  type Metric,
  OTHER,
} from './index.ts';
import { type Addition, Catalogue, type IncomingMetric, judge, merge } from './merge.ts';
import { createOtelMetrics, otelViews } from './otel.ts';
import { createPrometheusMetrics, type PrometheusMetrics } from './prometheus.ts';
import type { Instruments } from './series/instruments.ts';

const described = { unit: '{thing}', description: 'Things "described"' };
const plain: CounterMetric = counter({ name: 'moq_client_plain_total', ...described });
const events: CounterMetric<{ room: string; kind: 'a' | 'b'; colour: 'red' | 'other' }> = counter({
  name: 'moq_client_events_total',
  ...described,
  labels: { room: bounded(3), kind: ['a', 'b'], colour: ['red', 'other'] },
});
const bytes: CounterMetric = counter({ name: 'moq_client_bytes_total', unit: 'By', description: 'Bytes' });
const times: HistogramMetric<{ kind: 'a' | 'b' }> = histogram({
  name: 'moq_client_time_seconds',
  unit: 's',
  description: 'Times',
  labels: { kind: ['a', 'b'] },
  buckets: [0, 0.5, 1],
});
const level: GaugeMetric<{ room: string }> = gauge({
  name: 'moq_client_level',
  ...described,
  labels: { room: bounded(3) },
});
const overflow: CounterMetric<{ metric: string }> = counter({
  name: 'moq_client_series_overflow_total',
  ...described,
  labels: { metric: bounded(10) },
});
const metrics: readonly Metric[] = [plain, events, bytes, times, level, overflow];

/** What a series was found to be: a value, or the counts of buckets and then the sum. */
type Readings = Record<string, number | readonly number[]>;

/** A binding with a way to see from outside what it counted. */
interface Bound extends AsyncDisposable {
  readonly instruments: Instruments;
  /** All series of a metric that are not at zero, by their label values. */
  read(metric: Metric): Promise<Readings>;
}

function withPrometheus(): Bound {
  const instruments = createPrometheusMetrics({ overflow });
  return {
    instruments,
    read: (metric) => readPrometheus(instruments, metric),
    async [Symbol.asyncDispose]() {},
  };
}

async function readPrometheus(from: PrometheusMetrics, { name, kind, labels }: Metric): Promise<Readings> {
  const samples = parseExposition(await (await from.render()).text()).families.get(name)?.samples ?? [];
  const found: Record<string, number[]> = {};
  for (const sample of samples) {
    const key = Object.keys(labels)
      .map((label) => sample.labels.get(label))
      .join();
    if (sample.name.endsWith('_count')) continue;
    (found[key] ??= []).push(sample.value);
  }
  return withoutZeros(
    Object.entries(found).map(([key, values]) => [key, kind === 'histogram' ? apart(values) : values[0]!]),
  );
}

/** The counts of the buckets, which come cumulated, and then the sum. */
function apart(values: readonly number[]): readonly number[] {
  return values.map((value, i) => (i === 0 || i === values.length - 1 ? value : value - values[i - 1]!));
}

function withOtel(): Bound {
  const { provider, collect } = createSdk(AggregationTemporality.CUMULATIVE);
  return {
    instruments: createOtelMetrics(provider.getMeter('test'), { overflow }),
    async read({ name, labels }) {
      const data = (await collect()).find(({ descriptor }) => prometheusNameOf(descriptor.name) === name);
      return withoutZeros(
        (data?.dataPoints ?? []).map(({ attributes, value }) => [
          Object.keys(labels)
            .map((label) => attributes[label])
            .join(),
          typeof value === 'number'
            ? value
            : 'buckets' in value && 'counts' in value.buckets
              ? [...value.buckets.counts, value.sum ?? Number.NaN]
              : Number.NaN,
        ]),
      );
    },
    [Symbol.asyncDispose]: () => provider.shutdown(),
  };
}

function withMerge(): Bound {
  const { provider, collect } = createSdk(AggregationTemporality.DELTA);
  const catalogue = new Catalogue(metrics);
  const fleet = createPrometheusMetrics();
  return {
    instruments: createOtelMetrics(provider.getMeter('test'), { overflow }),
    async read(metric) {
      const outcomes = (await collect()).flatMap((data) => judge(incoming(data), catalogue));
      expect(outcomes.filter(({ kind }) => kind === 'rejected')).toEqual([]);
      merge(outcomes as Addition[], fleet);
      return readPrometheus(fleet, metric);
    },
    [Symbol.asyncDispose]: () => provider.shutdown(),
  };
}

function createSdk(temporality: AggregationTemporality): {
  provider: MeterProvider;
  collect: () => Promise<readonly MetricData[]>;
} {
  const exporter = new InMemoryMetricExporter(temporality);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader], views: otelViews(metrics) });
  const collect = async (): Promise<readonly MetricData[]> => {
    exporter.reset();
    await reader.forceFlush();
    return exporter.getMetrics().flatMap((all) => all.scopeMetrics.flatMap((scope) => scope.metrics));
  };
  return { provider, collect };
}

/** What an SDK collected, as the receiver of a collector has it. */
function incoming(data: MetricData): IncomingMetric {
  const { name } = data.descriptor;
  const temporality = data.aggregationTemporality === AggregationTemporality.DELTA ? 'delta' : 'cumulative';
  if (data.dataPointType === DataPointType.SUM) {
    const points = data.dataPoints.map(({ attributes, value }) => ({
      attributes: new Map(Object.entries(attributes)),
      value,
    }));
    return { kind: 'sum', name, temporality, monotonic: data.isMonotonic, points };
  }
  if (data.dataPointType === DataPointType.HISTOGRAM) {
    const points = data.dataPoints.map(({ attributes, value }) => ({
      attributes: new Map(Object.entries(attributes)),
      bounds: value.buckets.boundaries,
      counts: value.buckets.counts,
      count: value.count,
      sum: value.sum ?? Number.NaN,
    }));
    return { kind: 'histogram', name, temporality, points };
  }
  return { kind: 'gauge', name, points: data.dataPoints };
}

function prometheusNameOf(otel: string): string | undefined {
  return metrics.find(
    ({ name }) => name.replace(/(_seconds|_bytes)?(_total)?$/, '') === otel.replaceAll('.', '_'),
  )?.name;
}

function withoutZeros(readings: readonly (readonly [string, number | readonly number[]])[]): Readings {
  return Object.fromEntries(readings.filter(([, value]) => [value].flat().some((number) => number !== 0)));
}

const bindings: readonly (readonly [string, () => Bound])[] = [
  ['prometheus', withPrometheus],
  ['otel', withOtel],
  ['otel, merged', withMerge],
];

describe.each(bindings)('%s', (_, create) => {
  let bound: Bound;
  let instruments: Instruments;
  beforeEach(() => {
    bound = create();
    instruments = bound.instruments;
  });
  afterEach(() => bound[Symbol.asyncDispose]());

  test('adds to counters', async () => {
    instruments.counter(plain).series().add();
    instruments.counter(plain).series().add(2.5);
    const labels = { room: 'x', kind: 'a', colour: 'red' } as const;
    instruments.counter(events).series(labels).add(3);
    instruments
      .counter(events)
      .series({ ...labels, kind: 'b' })
      .add(4);
    instruments.counter(events).series(labels).add(5);
    expect(await bound.read(plain)).toEqual({ '': 3.5 });
    expect(await bound.read(events)).toEqual({ 'x,a,red': 8, 'x,b,red': 4 });
  });

  test('observes into histograms: a bound belongs to its bucket', async () => {
    const series = instruments.histogram(times).series({ kind: 'a' });
    for (const value of [0, 0.25, 0.5, 0.75, 1, 1.5, 100]) series.observe(value);
    instruments.histogram(times).series({ kind: 'b' }).observe(0.5);
    expect(await bound.read(times)).toEqual({ a: [1, 2, 2, 2, 104], b: [0, 1, 0, 0, 0.5] });
  });

  test('counts on after it was read', async () => {
    const series = instruments.counter(bytes).series();
    const observed = instruments.histogram(times).series({ kind: 'a' });
    for (let i = 1; i <= 3; i++) {
      series.add(100);
      observed.observe(1);
      expect(await bound.read(bytes)).toEqual({ '': 100 * i });
    }
    expect(await bound.read(times)).toEqual({ a: [0, 0, 3, 0, 3] });
  });

  test('ignores amounts that make no sense', async () => {
    const series = instruments.counter(plain).series();
    const observed = instruments.histogram(times).series({ kind: 'a' });
    for (const amount of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      series.add(amount);
      observed.observe(amount);
    }
    series.add(-1);
    series.add(1);
    expect(await bound.read(plain)).toEqual({ '': 1 });
    expect(await bound.read(times)).toEqual({});
  });

  test('folds values past the cap, and counts the handles', async () => {
    for (let i = 0; i < 10; i++) {
      instruments
        .counter(events)
        .series({ room: `r${i}`, kind: 'a', colour: 'red' })
        .add(i);
    }
    expect(await bound.read(events)).toEqual({ 'r1,a,red': 1, 'r2,a,red': 2, [`${OTHER},a,red`]: 42 });
    expect(await bound.read(overflow)).toEqual({ [events.name]: 7 });
  });

  test('folds values it does not know into other, and counts the handles', async () => {
    const labels = { room: 'x', kind: 'a', colour: 'blue' as 'red' } as const;
    instruments.counter(events).series(labels).add(1);
    instruments
      .counter(events)
      .series({ ...labels, room: '' })
      .add(2);
    instruments
      .counter(events)
      .series({ ...labels, room: '\ud800', colour: 'red' })
      .add(4);
    expect(await bound.read(events)).toEqual({
      'x,a,other': 1,
      [`${OTHER},a,other`]: 2,
      [`${OTHER},a,red`]: 4,
    });
    expect(await bound.read(overflow)).toEqual({ [events.name]: 3 });
  });

  test('keeps values apart that look alike', async () => {
    const labels = { kind: 'a', colour: 'red' } as const;
    instruments
      .counter(events)
      .series({ ...labels, room: 'x,a' })
      .add(1);
    instruments
      .counter(events)
      .series({ ...labels, room: 'x",kind="a' })
      .add(2);
    instruments
      .counter(events)
      .series({ ...labels, room: 'x:\\' })
      .add(3);
    expect(await bound.read(events)).toEqual({ 'x,a,a,red': 1, 'x",kind="a,a,red': 2, 'x:\\,a,red': 3 });
  });

  test('counts into nothing once a handle is closed', async () => {
    const series = instruments.counter(plain).series();
    {
      using observed = instruments.histogram(times).series({ kind: 'a' });
      observed.observe(1);
    }
    series.add(1);
    series.close();
    series.close();
    series.add(1);
    expect(await bound.read(plain)).toEqual({ '': 1 });
    expect(await bound.read(times)).toEqual({ a: [0, 0, 1, 0, 1] });
  });

  test('refuses another metric of the same name', () => {
    instruments.counter(plain);
    const same = counter({ name: plain.name, ...described });
    expect(() => instruments.counter(same)).toThrow('moq_client_plain_total: registered twice');
  });
});

// Not merged: the latest values of many clients have no sum.
describe.each(bindings.slice(0, 2))('%s', (_, create) => {
  test('sets gauges and adds to them', async () => {
    await using bound = create();
    const family = bound.instruments.gauge(level);
    const series = family.series({ room: 'x' });
    series.set(5);
    series.add(-2);
    series.add();
    series.add(Number.NaN);
    family.series({ room: 'x' }).add(0.5);
    family.series({ room: 'y' }).set(-1);
    expect(await bound.read(level)).toEqual({ x: 4.5, y: -1 });
    series.close();
    series.set(7);
    series.add(7);
    expect(await bound.read(level)).toEqual({ x: 4.5, y: -1 });
  });
});
