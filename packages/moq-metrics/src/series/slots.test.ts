import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  bounded,
  broadcast,
  type BoundedLabel,
  counter,
  type CounterMetric,
  gauge,
  type GaugeMetric,
  histogram,
  type HistogramMetric,
  namespaceOf,
  relay,
  stream,
  type Stream,
} from '../index.ts';
import { createPrometheusMetrics, type PrometheusMetrics } from '../prometheus.ts';
import { SLOT_IDLE } from './slots.ts';

const room: BoundedLabel = bounded(2);
const described = { unit: '{thing}', description: 'Things' };
const sent: CounterMetric<{ room: string }> = counter({ name: 'sent_total', ...described, labels: { room } });
const open: GaugeMetric<{ room: string }> = gauge({ name: 'open', ...described, labels: { room } });
const seen: GaugeMetric<{ room: string }> = gauge({ name: 'seen', ...described, labels: { room } });
const other: CounterMetric<{ room: string }> = counter({
  name: 'other_total',
  ...described,
  labels: { room },
});
const times: HistogramMetric<{ room: string }> = histogram({
  name: 'times',
  ...described,
  labels: { room },
  buckets: [1, 2],
});

let now: number;
let metrics: PrometheusMetrics;
beforeEach(() => {
  now = 1_700_000_000_000;
  metrics = createPrometheusMetrics({ overflow: relay.seriesOverflow, now: () => now });
});

/** The values of all series of a counter or a gauge, by their only label. */
function valuesOf(
  metric: CounterMetric<{ room: string }> | GaugeMetric<{ room: string }>,
): Record<string, number> {
  const family = metric.kind === 'counter' ? metrics.counter(metric) : metrics.gauge(metric);
  return Object.fromEntries([...family.entries()].map(([labels, { value }]) => [labels.room, value]));
}

function overflowOf(metric: { readonly name: string }): number {
  return metrics.counter(relay.seriesOverflow).peek({ metric: metric.name }).value;
}

test('metrics that share a label share its slots', () => {
  metrics.counter(sent).series({ room: 'a' }).add(1);
  metrics.gauge(open).series({ room: 'b' }).add(1);
  metrics.counter(sent).series({ room: 'c' }).add(4);
  metrics.counter(sent).series({ room: 'b' }).add(2);
  expect(valuesOf(sent)).toEqual({ a: 1, b: 2, __other__: 4 });
  expect(overflowOf(sent)).toBe(1);
  expect(overflowOf(open)).toBe(0);
});

test('a handle stays with the series it was opened on', () => {
  const a = metrics.gauge(open).series({ room: 'a' });
  const b = metrics.gauge(open).series({ room: 'b' });
  const c = metrics.gauge(open).series({ room: 'c' });
  for (const handle of [a, b, c]) handle.add(1);
  a.add(-1);
  a.close();
  now += SLOT_IDLE;
  const d = metrics.gauge(open).series({ room: 'd' });
  d.add(1);
  // c was opened as other, so that is where it is closed, though a slot has become free since.
  c.add(-1);
  c.close();
  expect(valuesOf(open)).toEqual({ b: 1, d: 1, __other__: 0 });
});

test('a handle that is closed counts into nothing, and lets go once', () => {
  const first = metrics.counter(sent).series({ room: 'a' });
  const second = metrics.counter(sent).series({ room: 'a' });
  first.close();
  first.close();
  first.add(5);
  metrics.counter(sent).series({ room: 'b' });
  now += SLOT_IDLE;
  metrics.counter(sent).series({ room: 'c' }).add(1);
  second.add(2);
  expect(valuesOf(sent)).toEqual({ a: 2, b: 0, __other__: 1 });
});

describe('a slot is given up', () => {
  beforeEach(() => {
    for (const name of ['a', 'b']) {
      using counts = metrics.counter(sent).series({ room: name });
      counts.add(10);
      using observations = metrics.histogram(times).series({ room: name });
      observations.observe(1.5);
      using viewers = metrics.gauge(open).series({ room: name });
      viewers.add(1);
      using last = metrics.gauge(seen).series({ room: name });
      last.set(1_700_000_000);
      now += 1000;
    }
  });

  test('only when it has been idle for 15 minutes', () => {
    now += SLOT_IDLE - 2001;
    metrics.counter(sent).series({ room: 'c' }).add(1);
    expect(valuesOf(sent)).toEqual({ a: 10, b: 10, __other__: 1 });
    now += 1001;
    metrics.counter(sent).series({ room: 'd' }).add(1);
    expect(valuesOf(sent)).toEqual({ b: 10, d: 1, __other__: 11 });
  });

  test('only when another value needs it', async () => {
    now += 100 * SLOT_IDLE;
    metrics.counter(sent).series({ room: 'a' });
    await metrics.render();
    expect(valuesOf(sent)).toEqual({ a: 10, b: 10 });
  });

  test('the one idle longest first, and not while a handle is open or it is reserved', () => {
    now += 10 * SLOT_IDLE;
    using held = metrics.histogram(times).series({ room: 'a' });
    metrics.counter(sent).series({ room: 'c' });
    expect(Object.keys(valuesOf(sent))).toEqual(['a', '__other__', 'c']);
    held.observe(1);
  });

  test('and its totals move to the others; what was set is forgotten, it is no total', () => {
    now += SLOT_IDLE;
    metrics.counter(sent).series({ room: 'c' });
    expect(valuesOf(sent)).toEqual({ b: 10, __other__: 10, c: 0 });
    expect(valuesOf(open)).toEqual({ b: 1, __other__: 1, c: 0 });
    expect(valuesOf(seen)).toEqual({ b: 1_700_000_000, __other__: 0, c: 0 });
    const others = metrics.histogram(times).peek({ room: '__other__' });
    expect([others.counts, others.sum]).toEqual([[0, 1, 0], 1.5]);
  });

  test('never when it is reserved, whose number is limited', () => {
    metrics.reserve(room, 'b');
    now += 10 * SLOT_IDLE;
    metrics.reserve(room, 'c');
    now += 10 * SLOT_IDLE;
    metrics.counter(sent).series({ room: 'd' }).add(1);
    expect(valuesOf(sent)).toEqual({ b: 10, __other__: 11, c: 0 });
    expect(() => metrics.reserve(room, 'e')).toThrow('no slot left for "e": 2 are taken');
  });
});

test('counters and gauges of a value stand at zero from the moment its slot is taken, histograms do not', () => {
  metrics.gauge(open);
  metrics.counter(sent);
  metrics.gauge(seen);
  metrics.histogram(times);
  metrics.counter(other).series({ room: 'a' });
  expect(valuesOf(sent)).toEqual({ a: 0 });
  expect(metrics.histogram(times).size).toBe(0);
  expect(valuesOf(open)).toEqual({ a: 0 });
  expect(valuesOf(seen)).toEqual({ a: 0 });
});

describe('a broadcast lies in its namespace', () => {
  const states: GaugeMetric<Stream & { state: 'on' | 'off' }> = gauge({
    name: 'states',
    ...described,
    labels: { ...stream, state: ['on', 'off'] },
  });
  const rooms: BoundedLabel = bounded(2);
  const inside: BoundedLabel = bounded(3, { label: rooms, of: namespaceOf });
  const inRoom: CounterMetric<{ room: string; inside: string }> = counter({
    name: 'in_room_total',
    ...described,
    labels: { room: rooms, inside },
  });
  const insideOnly: CounterMetric<{ inside: string }> = counter({
    name: 'inside_total',
    ...described,
    labels: { inside },
  });

  test('its gauges stand at zero once anything was counted of it', () => {
    metrics.gauge(relay.activeSubscribers);
    metrics.gauge(states);
    metrics.gauge(relay.streamInfo);
    metrics
      .counter(relay.bytesSent)
      .series({ broadcast: 'a/b', track_type: 'video', direction: 'subscribe' });
    const labels = { namespace: 'a', broadcast: 'a/b' };
    expect([...metrics.gauge(relay.activeSubscribers).entries()]).toMatchObject([[labels, { value: 0 }]]);
    expect([...metrics.gauge(states).entries()]).toMatchObject([
      [{ ...labels, state: 'on' }, { value: 0 }],
      [{ ...labels, state: 'off' }, { value: 0 }],
    ]);
    expect(metrics.gauge(relay.streamInfo).size).toBe(0);
  });

  test('both are told apart, or neither', () => {
    const place = (path: string): unknown => {
      metrics.counter(insideOnly).series({ inside: path });
      metrics
        .counter(inRoom)
        .series({ room: namespaceOf(path), inside: path })
        .add(1);
      return [...metrics.counter(inRoom).entries()].at(-1)![0];
    };
    expect(place('a/1')).toEqual({ room: 'a', inside: 'a/1' });
    expect(place('b/1')).toEqual({ room: 'b', inside: 'b/1' });
    // There is a slot for the inner one, but none for what it lies in.
    expect(place('c/1')).toEqual({ room: '__other__', inside: '__other__' });
    expect([...metrics.counter(insideOnly).entries()].map(([labels]) => labels.inside)).toEqual([
      'a/1',
      'b/1',
      '__other__',
    ]);
    place('b/2');
    // There is one for the outer, but none for what lies in it.
    place('a/2');
    expect(
      [...metrics.counter(inRoom).entries()].map(([{ room, inside }, { value }]) => [room, inside, value]),
    ).toEqual([
      ['a', 'a/1', 1],
      ['b', 'b/1', 1],
      ['__other__', '__other__', 2],
      ['b', 'b/2', 1],
    ]);
  });

  test('values without a slot take none of what they lie in', () => {
    for (const path of ['a/1', 'a/2', 'a/3', 'b/1', 'c/1'])
      metrics.counter(insideOnly).series({ inside: path });
    const named = { name: 'rooms', ...described };
    const roomGauge: GaugeMetric<{ room: string }> = gauge({ ...named, labels: { room: rooms } });
    expect([...metrics.gauge(roomGauge).entries()].map(([labels]) => labels.room)).toEqual(['a']);
  });

  test('what something lies in goes with it, and only when all in it is idle', () => {
    const handles = ['a/1', 'a/2', 'b/1'].map((inside) => {
      const handle = metrics.counter(inRoom).series({ room: namespaceOf(inside), inside });
      handle.add(1);
      return handle;
    });
    handles[0]!.close();
    handles[2]!.close();
    now += SLOT_IDLE;
    const told = (): unknown[] =>
      [...metrics.counter(inRoom).entries()].map(([{ room, inside }, { value }]) => [room, inside, value]);
    // c needs the place of a or b; a is in use, by a/2.
    metrics.counter(inRoom).series({ room: 'c', inside: 'c/1' });
    expect(told()).toEqual([
      ['a', 'a/1', 1],
      ['a', 'a/2', 1],
      ['__other__', '__other__', 1],
      ['c', 'c/1', 0],
    ]);
    metrics.counter(inRoom).series({ room: 'a', inside: 'a/3' });
    expect(told()).toEqual([
      ['a', 'a/2', 1],
      ['__other__', '__other__', 2],
      ['c', 'c/1', 0],
      ['a', 'a/3', 0],
    ]);
  });
});

describe('values of enum labels', () => {
  test('stand at zero from the start', () => {
    expect(
      [...metrics.counter(relay.errors).entries()].map(([{ stage }, { value }]) => [stage, value]),
    ).toEqual(relay.relayStages.map((stage) => [stage, 0]));
    expect(metrics.histogram(relay.sessionDuration).size).toBe(3);
    expect(metrics.counter(relay.cacheHits).size).toBe(1);
  });

  test('stand at zero beside a value of a bounded label; histograms only once observed', () => {
    metrics.counter(relay.sessions).series({ transport: 'quic', version: 'moq-lite-05' }).add(1);
    expect(
      [...metrics.counter(relay.sessions).entries()].map(([labels, { value }]) => [labels.transport, value]),
    ).toEqual([
      ['webtransport', 0],
      ['websocket', 0],
      ['quic', 1],
    ]);
  });

  test('that are unknown fold into other, or __other__, and are counted', () => {
    const stages = metrics.counter(relay.errors);
    stages.series({ stage: 'nonsense' as 'auth' }).add(2);
    expect(stages.peek({ stage: '__other__' as 'auth' }).value).toBe(2);
    expect(overflowOf(relay.errors)).toBe(1);
    const traffic = { broadcast: 'a/b', track_type: 'smell' as 'video', direction: 'publish' } as const;
    metrics.counter(relay.bytesSent).series(traffic).add(3);
    expect(metrics.counter(relay.bytesSent).peek({ ...traffic, track_type: 'other' }).value).toBe(3);
  });
});

test.each([
  ['empty', ''],
  ['1 MB', 'x'.repeat(1_000_000)],
  ['half a character', 'a\ud800'],
  ['reserved', '__other__'],
])('a value that is no good folds and is counted: %s', (_, value) => {
  metrics.counter(sent).series({ room: value }).add(1);
  expect(valuesOf(sent)).toEqual({ __other__: 1 });
  expect(overflowOf(sent)).toBe(1);
});

test.each([undefined, null, 7, {}])('what is no text at all folds and does not throw: %s', (value) => {
  metrics
    .counter(sent)
    .series({ room: value as unknown as string })
    .add(1);
  metrics.counter(sent).series(undefined as unknown as { room: string });
  expect(valuesOf(sent)).toEqual({ __other__: 1 });
  expect(overflowOf(sent)).toBe(2);
});

test('10,000 broadcasts are 201 series, and their sum is what was added', () => {
  const plain: CounterMetric<{ broadcast: string }> = counter({
    name: 'plain_total',
    ...described,
    labels: { broadcast },
  });
  for (let i = 0; i < 10_000; i++) {
    using series = metrics.counter(plain).series({ broadcast: `live/${i}` });
    series.add(i);
  }
  expect(metrics.counter(plain).size).toBe(201);
  expect(overflowOf(plain)).toBe(9800);
  const sum = [...metrics.counter(plain).entries()].reduce((total, [, { value }]) => total + value, 0);
  expect(sum).toBe((9999 * 10_000) / 2);
  // The same again, with everyone idle for long enough each time: all slots change hands, nothing is lost.
  for (let i = 0; i < 1000; i++) {
    now += SLOT_IDLE;
    using series = metrics.counter(plain).series({ broadcast: `later/${i}` });
    series.add(1);
  }
  expect(metrics.counter(plain).size).toBe(201);
  expect([...metrics.counter(plain).entries()].reduce((total, [, { value }]) => total + value, 0)).toBe(
    sum + 1000,
  );
});

test('whatever is opened, counted, closed and given up: sums stay true, caps hold, open handles stay', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('open' as const), room: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ do: fc.constant('add' as const), at: fc.nat(), amount: fc.integer({ min: 0, max: 1000 }) }),
    fc.record({ do: fc.constant('close' as const), at: fc.nat() }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 2 * SLOT_IDLE }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let clock = 0;
      const all = createPrometheusMetrics({ overflow: relay.seriesOverflow, now: () => clock });
      const family = all.counter(sent);
      const viewers = all.gauge(open);
      const handles: {
        room: string;
        counts: ReturnType<typeof family.series>;
        viewer: ReturnType<typeof viewers.series>;
      }[] = [];
      let added = 0;
      let folded = 0;
      for (const one of steps) {
        const known = handles[('at' in one ? one.at : 0) % handles.length];
        if (one.do === 'wait') clock += one.ms;
        else if (one.do === 'open') {
          const labels = { room: `room ${one.room}` };
          const handle = { room: labels.room, counts: family.series(labels), viewer: viewers.series(labels) };
          if (![...family.entries()].some(([{ room }]) => room === labels.room)) folded += 1;
          handle.viewer.add(1);
          handles.push(handle);
        } else if (known && one.do === 'add') {
          known.counts.add(one.amount);
          added += one.amount;
        } else if (known) {
          known.viewer.add(-1);
          known.viewer.close();
          known.counts.close();
          handles.splice(handles.indexOf(known), 1);
        }
        expect([...family.entries()].reduce((sum, [, { value }]) => sum + value, 0)).toBe(added);
        expect([...viewers.entries()].reduce((sum, [, { value }]) => sum + value, 0)).toBe(handles.length);
        expect([...family.entries()].filter(([{ room }]) => room !== '__other__').length).toBeLessThanOrEqual(
          2,
        );
      }
      expect(all.counter(relay.seriesOverflow).peek({ metric: sent.name }).value).toBe(folded);
    }),
  );
});
