/** What must compile and what must not. Held by the type checker alone, never run. */
import { expectTypeOf, test } from 'vitest';
import {
  type client,
  counter,
  type CounterMetric,
  histogram,
  type LabelsOf,
  type Metric,
  relay,
  type Stream,
  type TrackType,
  type Transport,
} from './index.ts';
import { createPrometheusMetrics } from './prometheus.ts';
import type { Instruments } from './series/instruments.ts';

const metrics = createPrometheusMetrics();

test('the labels of a metric are an object with exactly its labels', () => {
  expectTypeOf<LabelsOf<typeof relay.activeSubscribers>>().toEqualTypeOf<Stream>();
  expectTypeOf<LabelsOf<typeof relay.bytesSent>>().toEqualTypeOf<{
    readonly broadcast: string;
    readonly track_type: TrackType;
    readonly direction: 'publish' | 'subscribe';
  }>();
  expectTypeOf<LabelsOf<typeof client.startupTime>['transport']>().toEqualTypeOf<Transport>();
  expectTypeOf<keyof LabelsOf<typeof relay.cacheHits>>().toEqualTypeOf<never>();
});

test('series take the labels of their metric, and nothing else', () => {
  const traffic = { broadcast: 'a/b', track_type: 'video', direction: 'subscribe' } as const;
  const family = metrics.counter(relay.bytesSent);
  family.series(traffic).add(1);
  // @ts-expect-error a label is missing
  family.series({ broadcast: 'a/b', track_type: 'video' });
  // @ts-expect-error no such label
  family.series({ ...traffic, session: 'x' });
  // @ts-expect-error a label with another name
  family.series({ broadcast: 'a/b', trackType: 'video', direction: 'subscribe' });
  // @ts-expect-error no such value
  family.series({ ...traffic, direction: 'down' });
  // @ts-expect-error no such value
  family.series({ ...traffic, track_type: 'text' });
  // @ts-expect-error not a text
  family.series({ ...traffic, broadcast: 7 });
  // @ts-expect-error the labels are missing
  family.series();
});

test('a metric without labels takes none', () => {
  metrics.counter(relay.cacheHits).series().add();
  // @ts-expect-error there are none
  metrics.counter(relay.cacheHits).series({});
  // @ts-expect-error there are none
  metrics.counter(relay.cacheHits).series({ broadcast: 'a/b' });
});

test('a metric is used as what it is', () => {
  // @ts-expect-error a gauge is no counter
  metrics.counter(relay.activeStreams);
  // @ts-expect-error a counter is no histogram
  metrics.histogram(relay.cacheHits);
  // @ts-expect-error a counter is not set
  metrics.counter(relay.cacheHits).series().set(1);
  // @ts-expect-error a counter does not observe
  metrics.counter(relay.cacheHits).series().observe(1);
  expectTypeOf(metrics).toExtend<Instruments>();
  expectTypeOf(relay.bytesSent).toExtend<Metric>();
});

test('a definition says the same of its labels as its type', () => {
  const described = { unit: '{thing}', description: 'Things' };
  const right: CounterMetric<{ kind: 'a' | 'b' }> = counter({
    name: 'a_total',
    ...described,
    labels: { kind: ['a', 'b'] },
  });
  expectTypeOf(right.labels.kind).toEqualTypeOf<readonly ('a' | 'b')[]>();
  // @ts-expect-error the labels are missing
  counter<{ kind: 'a' }>({ name: 'b_total', ...described });
  // @ts-expect-error a label more than the type has
  counter<{ kind: 'a' }>({ name: 'c_total', ...described, labels: { kind: ['a'], other: ['b'] } });
  // @ts-expect-error a value more than the type has
  counter<{ kind: 'a' }>({ name: 'd_total', ...described, labels: { kind: ['a', 'b'] } });
  // @ts-expect-error a closed enum is not open
  counter<{ kind: 'a' }>({ name: 'e_total', ...described, labels: { kind: { limit: 3 } } });
  // @ts-expect-error the buckets are missing
  histogram({ name: 'f', ...described });
});
