import { client, namespaceOf, relay, stack } from '@moq-observability/moq-metrics';
import { expect, test } from 'vitest';
import { syntaxProblem } from '../check/promql.ts';
import {
  above,
  absent,
  ago,
  and,
  atEnd,
  atLeast,
  avg,
  buckets,
  dividedBy,
  equal,
  firingAlerts,
  increase,
  joined,
  matching,
  max,
  mean,
  minus,
  noneOf,
  not,
  now,
  oneOf,
  or,
  orElse,
  overTime,
  plus,
  quantile,
  quantileOf,
  type Query,
  rate,
  ratio,
  record,
  select,
  shareAbove,
  SHOWN_RANGE,
  slope,
  sum,
  times,
  topk,
  unless,
  type VariableReference,
  withNamespace,
} from '../index.ts';

const byStream = ['namespace', 'broadcast'] as const;
const namespace: VariableReference = { kind: 'variable', name: 'namespace' };

const viewers = record({
  name: 'stream:moq_viewers:sum',
  description: 'Viewers',
  unit: 'count',
  query: sum(select(relay.activeSubscribers), byStream),
});

test.each<[query: Query, text: string]>([
  [
    rate(relay.bytesSent, { by: ['broadcast'], where: { direction: 'subscribe' }, over: '5m' }),
    `sum by (broadcast) (rate(${relay.bytesSent.name}{direction="subscribe"}[5m]))`,
  ],
  [rate(relay.cacheHits), `sum(rate(${relay.cacheHits.name}[$__rate_interval]))`],
  [increase(relay.errors, { over: SHOWN_RANGE }), `sum(increase(${relay.errors.name}[$__range]))`],
  [
    quantile(0.95, client.latency, { by: byStream, over: '5m' }),
    `histogram_quantile(0.95, sum by (le, namespace, broadcast) (rate(${client.latency.name}_bucket[5m])))`,
  ],
  [
    mean(client.latency, { by: byStream, over: '1m' }),
    `sum by (namespace, broadcast) (rate(${client.latency.name}_sum[1m])) / (sum by (namespace, broadcast) (rate(${client.latency.name}_count[1m])) > 0)`,
  ],
  [
    shareAbove(0.5, client.latency, { over: '5m' }),
    `(sum(rate(${client.latency.name}_count[5m])) - sum(rate(${client.latency.name}_bucket{le="0.5"}[5m]))) / (sum(rate(${client.latency.name}_count[5m])) > 0)`,
  ],
  [
    ratio(rate(client.stalledSeconds, { by: byStream }), rate(client.watchedSeconds, { by: byStream })),
    `sum by (namespace, broadcast) (rate(${client.stalledSeconds.name}[$__rate_interval])) / (sum by (namespace, broadcast) (rate(${client.watchedSeconds.name}[$__rate_interval])) > 0)`,
  ],
  [
    select(viewers, { namespace, broadcast: not('a"b') }),
    String.raw`stream:moq_viewers:sum{namespace=~"$namespace", broadcast!="a\"b"}`,
  ],
  [select(relay.errors, { stage: oneOf('auth', 'setup') }), `${relay.errors.name}{stage=~"auth|setup"}`],
  [select(relay.errors, { stage: noneOf('auth') }), `${relay.errors.name}{stage!~"auth"}`],
  [select(stack.up, { job: matching('moq-.+') }), 'up{job=~"moq-.+"}'],
  [oneOfDotted(), String.raw`${relay.activeSubscribers.name}{broadcast=~"live/a\\.b"}`],
  [
    times(
      minus(1, avg(rate(stack.nodeCpuSeconds, { by: ['instance'], where: { mode: 'idle' } }), ['instance'])),
      100,
    ),
    `(1 - avg by (instance) (sum by (instance) (rate(${stack.nodeCpuSeconds.name}{mode="idle"}[$__rate_interval])))) * 100`,
  ],
  [
    minus(now(), max(select(relay.streamLastFrameTimestamp), byStream)),
    `time() - max by (namespace, broadcast) (${relay.streamLastFrameTimestamp.name})`,
  ],
  [above(select(viewers), 25), 'stream:moq_viewers:sum > 25'],
  [
    or(equal(sum(select(relay.activeStreams)), 0), absent(select(relay.activeStreams))),
    `sum(${relay.activeStreams.name}) == 0 or max(absent(${relay.activeStreams.name}))`,
  ],
  [
    and(or(select(viewers), ago(select(viewers), '15m')), atLeast(select(viewers), 3)),
    '(stream:moq_viewers:sum or stream:moq_viewers:sum offset 15m) and stream:moq_viewers:sum >= 3',
  ],
  [
    unless(select(viewers), select(relay.streamInfo), { on: byStream }),
    `stream:moq_viewers:sum unless on (namespace, broadcast) ${relay.streamInfo.name}`,
  ],
  [
    overTime('avg', ago(select(viewers, { namespace }), '1h'), '5m'),
    'avg_over_time(stream:moq_viewers:sum{namespace=~"$namespace"}[5m] offset 1h)',
  ],
  [overTime('max', atEnd(select(viewers)), '5m'), 'max_over_time(stream:moq_viewers:sum[5m] @ end())'],
  [slope(select(relay.queuedBytes), '5m'), `deriv(${relay.queuedBytes.name}[5m])`],
  [orElse(sum(select(viewers)), 0), 'sum(stream:moq_viewers:sum) or vector(0)'],
  [topk(5, select(viewers)), 'topk(5, stream:moq_viewers:sum)'],
  [plus(dividedBy(select(viewers), 2), 1), 'stream:moq_viewers:sum / 2 + 1'],
  [
    joined(select(viewers), max(select(relay.streamInfo), [...byStream, 'resolution']), { on: byStream }),
    `stream:moq_viewers:sum * on (namespace, broadcast) group_left (resolution) max by (namespace, broadcast, resolution) (${relay.streamInfo.name})`,
  ],
  [firingAlerts({ severity: 'critical' }), 'ALERTS{alertstate="firing", severity="critical"}'],
])('builds $text', (built, text) => {
  expect(built.text).toBe(text);
  expect(built.problems).toEqual([]);
  expect(syntaxProblem(built.text)).toBeUndefined();
});

function oneOfDotted(): Query {
  return select(relay.activeSubscribers, { broadcast: oneOf('live/a.b') });
}

test('knows the labels of what comes out, and where it came from', () => {
  const p95 = quantileOf(0.95, buckets(client.latency, { by: byStream }));
  expect(p95.labels).toEqual(['broadcast', 'namespace']);
  expect(now().labels).toEqual([]);
  const both = plus(select(viewers, { namespace }), sum(select(relay.activeSubscribers), byStream));
  expect(both.labels).toEqual(['broadcast', 'namespace']);
  expect([...both.metrics]).toEqual([relay.activeSubscribers]);
  expect([...both.recorded]).toEqual([viewers]);
  expect([...both.variables]).toEqual(['namespace']);
  expect(select(relay.queuedBytes).labels).toEqual(['instance', 'job']);
});

test.each<[why: string, query: Query, problem: RegExp]>([
  [
    'a label the metric does not have',
    // @ts-expect-error no such label
    rate(relay.bytesSent, { by: ['region'] }),
    /^.* has no label "region"; it has broadcast, direction, instance, job, track_type$/,
  ],
  [
    'a label to filter by that the metric does not have',
    // @ts-expect-error no such label
    select(relay.activeStreams, { broadcast: 'a/b' }),
    /has no label "broadcast"; it has namespace, instance, job/,
  ],
  [
    'a value the label does not have',
    // @ts-expect-error no such value
    select(relay.errors, { stage: 'frobnicate' }),
    /"frobnicate" is no value of .* label stage: accept, setup/,
  ],
  [
    'a value in a list the label does not have',
    // @ts-expect-error no such value
    select(relay.errors, { stage: oneOf('auth', 'nowhere') }),
    /"nowhere" is no value/,
  ],
  [
    'a label a recorded series does not have',
    // @ts-expect-error no such label
    select(viewers, { region: 'eu' }),
    /stream:moq_viewers:sum has no label "region"/,
  ],
  ['a bound that is no bucket', shareAbove(0.45, client.latency), /has no bucket up to 0\.45; it has 0\.05/],
  ['a quantile of 95', quantile(95, client.latency), /a quantile lies between 0 and 1, 95 does not/],
  ['a quantile without buckets', quantileOf(0.5, select(viewers)), /has no buckets/],
  [
    'operands that never find one another',
    plus(sum(select(viewers)), select(viewers)),
    /have different labels: none and broadcast, namespace/,
  ],
  [
    'a match on a label one side does not have',
    // @ts-expect-error not a label of both
    and(select(viewers), select(relay.activeStreams), { on: ['broadcast'] }),
    /"broadcast" is not a label of both/,
  ],
  // @ts-expect-error it has labels
  ['a zero with labels', orElse(select(viewers), 0), /has labels: what would 0 have/],
  [
    'a look over time at more than a selection',
    // @ts-expect-error no selection
    overTime('avg', sum(select(viewers)), '5m'),
    /more than a selection/,
  ],
  // @ts-expect-error no length of time
  ['a window that is none', rate(relay.errors, { over: '5 minutes' }), /"5 minutes" is no length of time/],
  ['an aggregation of a bare number', sum(now()), /time\(\) is a bare number/],
  ['a namespace of nothing', withNamespace(sum(select(viewers))), /does not say which broadcast/],
  ['an infinite operand', times(select(viewers), Infinity), /Infinity is no number/],
])('finds %s', (_, built, problem) => {
  expect(built.problems.join('\n')).toMatch(problem);
  expect(sum(built).problems).toEqual(expect.arrayContaining([...built.problems]));
});

function define(name: string, query: Query): unknown {
  return record({ name, description: 'Viewers', unit: 'count', query });
}

test('what is recorded is named by its level, and needs no dashboard', () => {
  const all = sum(select(relay.activeSubscribers));
  expect(() => define('viewers', all)).toThrow(/^viewers: its name is neither of the form/);
  expect(() => define('a:moq_b:c', rate(relay.errors))).toThrow(
    'a:moq_b:c: $__rate_interval is known to dashboards only',
  );
  expect(() => define('a:moq_b:c', select(relay.activeStreams, { namespace }))).toThrow(
    '$namespace is known to dashboards',
  );
  expect(() => define('a:moq_b:c', quantile(7, client.latency, { over: '5m' }))).toThrow(
    'a quantile lies between',
  );
  expect(define(client.latency.name, mean(client.latency, { over: '1m' }))).toMatchObject({
    kind: 'recorded',
  });
});

test('parsing finds what is no PromQL', () => {
  expect(syntaxProblem('sum(rate(x[5m]))')).toBeUndefined();
  expect(syntaxProblem('sum(rate(x[$__rate_interval])) by')).toContain('not PromQL at');
  expect(syntaxProblem('x{a="$a"} +')).toContain('x{a=".*"} +');
});

test('the namespace of a broadcast is written in PromQL', () => {
  const { text, labels } = withNamespace(rate(relay.bytesSent, { by: ['broadcast'], over: '5m' }));
  expect(labels).toEqual(['broadcast', 'namespace']);
  expect(syntaxProblem(text)).toBeUndefined();
  // What the replacements do, one after another, as Prometheus does them.
  const replacements = [...text.matchAll(/"namespace", "([^"]*)", "broadcast", "([^"]*)"/g)];
  for (const broadcast of ['live', 'live/one', 'a/b/c', 'a//b', '__other__', 'x/__other__']) {
    const found = replacements.reduce((namespace, [, replacement, regex]) => {
      const match = new RegExp(`^(?:${regex})$`).exec(broadcast);
      return match ? replacement!.replace('$1', match[1] ?? '') : namespace;
    }, '');
    expect(found).toBe(namespaceOf(broadcast));
  }
});
