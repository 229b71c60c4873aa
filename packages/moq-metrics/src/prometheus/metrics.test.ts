import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { Counter, Histogram, Registry, Summary } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { bounded, client, counter, gauge, histogram, OTHER, relay } from '../index.ts';
import { collectProcessMetrics, createPrometheusMetrics } from '../prometheus.ts';

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0';
const described = { unit: '{thing}', description: 'Things' };
const things = counter({ name: 'things_total', ...described });
const level = gauge({ name: 'level', ...described });
const sizes = histogram<{ colour: 'red' }>({
  name: 'sizes',
  ...described,
  labels: { colour: ['red'] },
  buckets: [0.5, 1, 2e6],
});

describe('what a scrape gets', () => {
  test('in the text format', async () => {
    const metrics = createPrometheusMetrics();
    metrics.counter(things).series().add(2.5);
    metrics.gauge(level).series().set(-3);
    for (const value of [0.5, 0.7, 1e7]) metrics.histogram(sizes).series({ colour: 'red' }).observe(value);
    const page = await metrics.render();
    expect(page.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await page.text()).toBe(`# HELP things_total Things
# TYPE things_total counter
things_total 2.5
# HELP level Things
# TYPE level gauge
level -3
# HELP sizes Things
# TYPE sizes histogram
sizes_bucket{colour="red",le="0.5"} 1
sizes_bucket{colour="red",le="1.0"} 2
sizes_bucket{colour="red",le="2e+06"} 2
sizes_bucket{colour="red",le="+Inf"} 3
sizes_sum{colour="red"} 10000001.2
sizes_count{colour="red"} 3
`);
  });

  test('in OpenMetrics, with exemplars', async () => {
    const metrics = createPrometheusMetrics({ now: () => 1_700_000_000_250 });
    metrics.counter(things).series().add(2, { trace_id: 'abc' });
    const series = metrics.histogram(sizes).series({ colour: 'red' });
    series.observe(0.1, { trace_id: 'early' });
    series.observe(0.2, { trace_id: 'a"b', span_id: 'c' });
    series.observe(0.3);
    series.observe(5e6, { trace_id: 'top' });
    const page = await metrics.render(OPENMETRICS);
    expect(page.contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(await page.text()).toBe(`# HELP things Things
# TYPE things counter
things_total 2 # {trace_id="abc"} 2 1700000000.25
# HELP sizes Things
# TYPE sizes histogram
sizes_bucket{colour="red",le="0.5"} 3 # {trace_id="a\\"b",span_id="c"} 0.2 1700000000.25
sizes_bucket{colour="red",le="1.0"} 3
sizes_bucket{colour="red",le="2e+06"} 3
sizes_bucket{colour="red",le="+Inf"} 4 # {trace_id="top"} 5000000 1700000000.25
sizes_sum{colour="red"} 5000000.6
sizes_count{colour="red"} 4
# EOF
`);
    expect(await (await metrics.render()).text()).not.toContain('trace_id');
  });

  test('leaves out exemplars that would break the line, and counts all the same', async () => {
    const metrics = createPrometheusMetrics();
    const series = metrics.counter(things).series();
    for (const exemplar of [
      { trace_id: 'x'.repeat(121) },
      { 'trace-id': 'x' },
      { trace_id: '\ud800' },
      { trace_id: '' },
    ]) {
      series.add(1, exemplar);
    }
    expect(await (await metrics.render(OPENMETRICS)).text()).toContain('things_total 4\n');
  });

  test('holds what prom-client counts, in either format', async () => {
    const registry = new Registry();
    const registers = [registry];
    new Counter({ name: 'requests_total', help: 'R', labelNames: ['code'], registers }).inc({ code: 200 }, 2);
    new Counter({ name: 'unsuffixed', help: 'U "u"', registers }).inc();
    new Histogram({ name: 'took', help: 'T', buckets: [1], registers }).observe(0.5);
    new Summary({ name: 'sum', help: 'S', percentiles: [0.5], registers }).observe(3);
    const metrics = createPrometheusMetrics({ registry });
    expect(await (await metrics.render()).text()).toBe(`# HELP requests_total R
# TYPE requests_total counter
requests_total{code="200"} 2
# HELP unsuffixed U "u"
# TYPE unsuffixed counter
unsuffixed 1
# HELP took T
# TYPE took histogram
took_bucket{le="1.0"} 1
took_bucket{le="+Inf"} 1
took_sum 0.5
took_count 1
# HELP sum S
# TYPE sum summary
sum{quantile="0.5"} 3
sum_sum 3
sum_count 1
`);
    const body = await (await metrics.render(OPENMETRICS)).text();
    expect(body).toContain('# TYPE requests counter\nrequests_total{code="200"} 2\n');
    expect(body).toContain('# HELP unsuffixed U \\"u\\"\n# TYPE unsuffixed counter\nunsuffixed_total 1\n');
    expect(body.endsWith('sum_count 1\n# EOF\n')).toBe(true);
    // Asking for OpenMetrics changes nothing for the next one who does not.
    expect(await (await metrics.render()).text()).toContain('# TYPE requests_total counter\n');
  });

  test('holds the metrics of the process', async () => {
    const metrics = createPrometheusMetrics();
    collectProcessMetrics(metrics.registry);
    const body = await (await metrics.render(OPENMETRICS)).text();
    expect(body).toMatch(/^process_cpu_seconds_total \d/m);
    expect(body).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
  });

  test('says how late the event loop was, and of the scrape before nothing', async () => {
    const metrics = createPrometheusMetrics();
    collectProcessMetrics(metrics.registry);
    const late = async (): Promise<number> => {
      const body = await (await metrics.render()).text();
      return Number(/^nodejs_eventloop_lag_p99_seconds (.*)$/m.exec(body)![1]);
    };
    await sleep(250);
    const until = performance.now() + 500;
    while (performance.now() < until); // Nothing else gets its turn.
    await sleep(150);
    expect(await late()).toBeGreaterThan(0.35);
    await sleep(250);
    expect(await late()).toBeLessThan(0.35);
  });

  test('is brought up to date by what was asked to', async () => {
    const metrics = createPrometheusMetrics();
    const series = metrics.gauge(level).series();
    const end = metrics.onCollect(() => series.add(1));
    expect(await (await metrics.render()).text()).toContain('level 1\n');
    end();
    expect(await (await metrics.render()).text()).toContain('level 1\n');
  });

  test('is one instant, though it is written in turns', async () => {
    const metrics = createPrometheusMetrics();
    const opened = counter<{ n: string }>({
      name: 'opened_total',
      ...described,
      labels: { n: { limit: 5000 } },
    });
    const closed = counter<{ n: string }>({
      name: 'closed_total',
      ...described,
      labels: { n: { limit: 5000 } },
    });
    const series = Array.from({ length: 3000 }, (_, i) => [
      metrics.counter(opened).series({ n: String(i).padStart(50, '0') }),
      metrics.counter(closed).series({ n: String(i).padStart(50, '0') }),
    ]);
    // Two that look, so that neither could be a turn behind.
    for (const { name } of [things, level]) {
      const looked = metrics.gauge(gauge({ name: `${name}_looked`, ...described }));
      metrics.onCollect(() => looked.series().set(series[0]![0]!.value));
    }
    let turns = 0;
    const state = { done: false };
    const rendering = metrics
      .render()
      .then((page) => page.text())
      .finally(() => (state.done = true));
    while (!state.done) {
      for (const pair of series) for (const one of pair) one.add(1);
      turns += 1;
      await setImmediate();
    }
    const body = await rendering;
    expect(turns).toBeGreaterThan(3);
    const values = body.match(/(?<=_total\{n="\d+"\} )\d+/g)!;
    expect(values).toHaveLength(6000);
    expect(new Set(values).size).toBe(1);
    expect(body.match(/(?<=_looked )\d+/g)).toEqual([values[0], values[0]]);
  });
});

test('amounts that make no sense are ignored', () => {
  const metrics = createPrometheusMetrics();
  const count = metrics.counter(things).series();
  const gauges = metrics.gauge(level).series();
  const observed = metrics.histogram(sizes).series({ colour: 'red' });
  for (const amount of [-1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    count.add(amount);
    if (amount !== -1) {
      gauges.add(amount);
      observed.observe(amount);
    }
  }
  expect([count.value, gauges.value, observed.count, observed.sum]).toEqual([0, 0, 0, 0]);
});

test('a metric has the same series wherever it is asked for, and its name only once', () => {
  const metrics = createPrometheusMetrics();
  metrics.counter(things).series().add(1);
  expect(metrics.counter(things).series().value).toBe(1);
  const same = counter({ name: 'things_total', ...described });
  expect(() => metrics.counter(same)).toThrow('things_total: registered twice');
  new Counter({ name: 'taken_total', help: 'x', registers: [metrics.registry] }).inc();
  expect(() => metrics.counter(counter({ name: 'taken_total', ...described }))).toThrow(
    'taken_total: registered twice',
  );
});

test('what prom-client registers later under a name of the schema is left out: the scrape stays valid', async () => {
  const metrics = createPrometheusMetrics();
  metrics.counter(things).series().add(1);
  new Counter({ name: 'things_total', help: 'x', registers: [metrics.registry] }).inc(7);
  expect((await (await metrics.render()).text()).match(/^things_total .*$/gm)).toEqual(['things_total 1']);
});

test('adds a histogram counted elsewhere, and refuses foreign buckets', () => {
  const series = createPrometheusMetrics()
    .histogram(client.startupTime)
    .series({ namespace: 'a', broadcast: 'a/b', transport: 'quic' });
  series.observe(0.3);
  series.merge([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1], 20.8);
  expect(series.counts).toEqual([0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  expect(series.count).toBe(4);
  expect(series.sum).toBeCloseTo(21.1);
  expect(() => series.merge([1, 2], 3)).toThrow(RangeError);
});

test('tells how many series there are', () => {
  const metrics = createPrometheusMetrics({ overflow: relay.seriesOverflow });
  metrics.counter(things);
  metrics.counter(relay.errors);
  expect(metrics.size).toBe(1 + relay.relayStages.length);
});

describe('a series', () => {
  test('takes an example along with what was counted elsewhere', async () => {
    const metrics = createPrometheusMetrics({ now: () => 1_700_000_000_000 });
    const series = metrics.histogram(sizes).series({ colour: 'red' });
    series.merge([0, 2, 0, 0], 1.5, { value: 0.75, labels: { trace_id: 'abc' } });
    const body = await (await metrics.render(OPENMETRICS)).text();
    expect(body).toContain('sizes_bucket{colour="red",le="1.0"} 2 # {trace_id="abc"} 0.75 1700000000\n');
  });

  test('says which labels it has, and where it moves when it is given up', () => {
    let now = 0;
    const moves: unknown[] = [];
    const shape = counter<{ shape: string }>({
      name: 'shapes_total',
      ...described,
      labels: { shape: bounded(1) },
    });
    const metrics = createPrometheusMetrics({
      now: () => now,
      onMoved: (metric, from, into) => moves.push([metric, from, into]),
    });
    const family = metrics.counter(shape);
    const round = family.series({ shape: 'round' });
    expect(round.labels).toEqual({ shape: 'round' });
    expect(family.series({ shape: 'square' }).labels).toEqual({ shape: OTHER });
    round.close();
    now = 3_600_000;
    expect(family.series({ shape: 'square' }).labels).toEqual({ shape: 'square' });
    expect(moves).toEqual([[shape, { shape: 'round' }, { shape: OTHER }]]);
  });
});
