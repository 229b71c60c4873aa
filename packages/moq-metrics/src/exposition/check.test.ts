import { Registry, Gauge } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { counter, gauge, histogram, relay, schema } from '../index.ts';
import { createPrometheusMetrics, type PrometheusMetrics } from '../prometheus.ts';
import { checkExposition, type CheckOptions } from './check.ts';

const OPENMETRICS = 'application/openmetrics-text';

const things = counter<{ kind: 'a' | 'b'; name: string }>({
  name: 'moq_relay_things_total',
  unit: '{thing}',
  description: 'Things "counted"',
  labels: { kind: ['a', 'b'], name: { limit: 2 } },
});
const sizes = histogram({
  name: 'moq_relay_sizes',
  unit: '{thing}',
  description: 'Sizes',
  buckets: [1, 2.5],
});
const level = gauge({ name: 'moq_collector_level', unit: '{thing}', description: 'Level' });
const later = gauge({ name: 'moq_relay_later', unit: '{thing}', description: 'Later', status: 'planned' });
const metrics = [things, sizes, level, later];

/** What is found, as one text per finding. */
function found(text: string, options: CheckOptions = {}): readonly string[] {
  return checkExposition(text, { metrics, ...options }).map(({ metric, message }) =>
    `${metric} ${message}`.trim(),
  );
}

const good = `# HELP moq_relay_things_total Things "counted"
# TYPE moq_relay_things_total counter
moq_relay_things_total{kind="a",name="x"} 1
moq_relay_things_total{kind="b",name="__other__"} 2 1700000000000
# HELP moq_relay_sizes Sizes
# TYPE moq_relay_sizes histogram
moq_relay_sizes_bucket{le="1"} 1
moq_relay_sizes_bucket{le="2.5"} 1
moq_relay_sizes_bucket{le="+Inf"} 3
moq_relay_sizes_sum 12.5
moq_relay_sizes_count 3
# HELP node_load1 whatever
# TYPE node_load1 gauge
node_load1 0.5
# a comment
something_else{a="b"} NaN
`;

test('what the schema says passes', () => {
  expect(found(good)).toEqual([]);
  expect(found(good, { owner: 'relay' })).toEqual([]);
});

/** The whole schema with every metric registered. */
function everything(registry?: Registry): PrometheusMetrics {
  const all = createPrometheusMetrics(registry ? { registry } : {});
  for (const metric of schema().flatMap((group) => [...group.metrics.values()])) {
    if (metric.kind === 'counter') all.counter(metric);
    else if (metric.kind === 'gauge') all.gauge(metric);
    else all.histogram(metric);
  }
  return all;
}

test.each(['text/plain', OPENMETRICS])(
  'what the binding renders of the whole schema passes: %s',
  async (accept) => {
    const all = everything();
    for (const labels of [
      { namespace: 'a', broadcast: 'a/b' },
      { namespace: '"\n', broadcast: '\\' },
    ]) {
      all.gauge(relay.activeSubscribers).series(labels).add();
    }
    all.histogram(relay.quicRtt).series().observe(0.02, { trace_id: 'a"b' });
    const body = await (await all.render(accept)).text();
    expect(checkExposition(body, { owner: ['relay', 'player', 'collector'] })).toEqual([]);
  },
);

test('metrics of prom-client are none of its business, except under our prefix', async () => {
  const registry = new Registry();
  new Gauge({ name: 'other_gauge', help: 'x', labelNames: ['b'], registers: [registry] }).set(
    { b: ',"\n' },
    1,
  );
  new Gauge({ name: 'moq_other_gauge', help: 'x', registers: [registry] }).set(1);
  const body = await (await everything(registry).render()).text();
  expect(body).toContain('other_gauge{b=",\\"\\n"} 1\n');
  expect(checkExposition(body)).toEqual([{ metric: 'moq_other_gauge', message: 'is not in the schema' }]);
});

describe('is found:', () => {
  test('a metric the schema does not have', () => {
    expect(found(`${good}# TYPE moq_relay_stuff gauge\nmoq_relay_stuff 1\n`)).toEqual([
      'moq_relay_stuff is not in the schema',
    ]);
    expect(found('moq_relay_stuff 1\n')).toEqual(['moq_relay_stuff is not in the schema']);
  });

  test('a metric that is missing, unless it is planned', () => {
    const half = good.slice(good.indexOf('# HELP moq_relay_sizes'));
    expect(found(half)).toEqual(['moq_relay_things_total is missing']);
    expect(found(good, { owner: ['relay', 'collector'] })).toEqual(['moq_collector_level is missing']);
    expect(found('', { owner: 'relay' })).toHaveLength(2);
  });

  test('a metric of another owner', () => {
    const more = `${good}# HELP moq_collector_level Level\n# TYPE moq_collector_level gauge\nmoq_collector_level 1\n`;
    expect(found(more)).toEqual([]);
    expect(found(more, { owner: 'relay' })).toEqual(['moq_collector_level belongs to: collector']);
  });

  test.each([
    ['another type', 'things_total counter', 'things_total gauge', 'is a gauge, not a counter'],
    ['no type', '# TYPE moq_relay_things_total counter\n', '', 'is a metric without a type, not a counter'],
    ['another HELP', 'Things "counted"', 'Stuff', 'has another HELP: "Stuff"'],
    ['a label more', 'kind="a"', 'kind="a",extra="1"', 'has the labels kind, extra, name, not kind, name'],
    ['a label less', 'kind="a",', '', 'has the labels name, not kind, name'],
    ['a value out of the enum', 'kind="a"', 'kind="c"', 'has kind="c", which is none of a, b'],
    ['a negative count', 'name="x"} 1', 'name="x"} -1', 'counts -1'],
    ['NaN', 'name="x"} 1', 'name="x"} NaN', 'counts NaN'],
    ['a series twice', 'kind="b",name="__other__"', 'kind="a",name="x"', 'has a series twice'],
  ])('%s', (_, right, wrong, message) => {
    expect(found(good.replace(right, wrong))).toEqual([`moq_relay_things_total ${message}`]);
  });

  test('more values of a bounded label than its cap', () => {
    const more = ['y', 'z'].map((name) => `moq_relay_things_total{kind="a",name="${name}"} 1\n`).join('');
    expect(found(good + more)).toEqual(['moq_relay_things_total has 3 values of name, more than 2']);
  });

  test.each([
    ['another bound', 'le="2.5"', 'le="3"', 'has the buckets 1 3 Infinity, not 1 2.5 Infinity'],
    ['buckets that shrink', 'le="2.5"} 1', 'le="2.5"} 0', 'has buckets that shrink'],
    [
      'a count that is not its last bucket',
      'sizes_count 3',
      'sizes_count 4',
      'has a _count that is not its last bucket',
    ],
    ['no count', 'moq_relay_sizes_count 3\n', '', 'has series without all of _bucket, _sum and _count'],
  ])('%s', (_, right, wrong, message) => {
    expect(found(good.replace(right, wrong))).toContain(`moq_relay_sizes ${message}`);
  });

  test.each([
    'moq_relay_things_total{kind="a 1',
    'moq_relay_things_total{kind="a",kind="b"} 1',
    'moq_relay_things_total{kind="a"',
    'moq_relay_things_total',
    'moq_relay_things_total one',
    '{} 1',
  ])('a line that cannot be read: %s', (line) => {
    expect(found(`${good}${line}\n`)).toEqual([`line 17 cannot be read: ${JSON.stringify(line)}`]);
  });

  test('a second TYPE', () => {
    expect(found(`${good}# TYPE moq_relay_sizes histogram\n`)).toEqual([
      'line 17: a second TYPE for moq_relay_sizes',
    ]);
  });
});

test('without a metric of ours there is nothing to compare', () => {
  expect(found('up 1\n')).toEqual([]);
  expect(checkExposition('<html>')).toEqual([{ metric: '', message: 'line 1 cannot be read: "<html>"' }]);
});
