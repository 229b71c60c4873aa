import { expect, test } from 'vitest';
import { counter, gauge, histogram } from './define.ts';
import { bounded } from './labels.ts';
import { otelName } from './otel-name.ts';
import { byName, schema } from './schema.ts';

const ours = schema()
  .filter(({ name }) => name !== 'stack')
  .flatMap(({ metrics }) => [...metrics.values()]);

/**
 * The Prometheus name of an OpenTelemetry metric, by the rules of "OTLP metric points to Prometheus" in the
 * OpenTelemetry specification (UnderscoreEscapingWithSuffixes): tokens, unit, per unit, `_total`, `_ratio`.
 */
function prometheusName(name: string, unit: string, kind: string): string {
  const tokens = name.split(/[^a-zA-Z0-9:]+/).filter(Boolean);
  const [main = '', per = ''] = unit.split('/').map((part) => (/[{}]/.test(part) ? '' : part));
  const mainName = { s: 'seconds', By: 'bytes', '1': '' }[main] ?? main;
  if (mainName && !tokens.includes(mainName)) tokens.push(mainName);
  if (per) tokens.push('per', { s: 'second' }[per] ?? per);
  if (kind === 'counter') return [...tokens.filter((token) => token !== 'total'), 'total'].join('_');
  if (unit === '1' && kind === 'gauge') tokens.push('ratio');
  return tokens.join('_');
}

test.each(ours.map((metric) => [metric.name, metric] as const))(
  '%s comes back from its OpenTelemetry name and unit',
  (name, metric) => {
    expect(prometheusName(otelName(metric), metric.unit, metric.kind)).toBe(name);
    expect(otelName(metric)).toMatch(/^moq\.(relay|client|audience|collector)\.[a-z0-9_]+$/);
  },
);

test('OpenTelemetry names are as written in the rule', () => {
  expect(ours.map(otelName)).toEqual(
    expect.arrayContaining(['moq.client.startup_time', 'moq.client.rebuffer_count', 'moq.relay.bytes_sent']),
  );
  expect(new Set(ours.map(otelName)).size).toBe(ours.length);
});

test('counters, and only they, end in _total', () => {
  for (const { name, kind } of ours) expect(name.endsWith('_total'), name).toBe(kind === 'counter');
});

test('a name is defined once', () => {
  const twice = { name: 'moq_relay_twice_total', unit: '{thing}', description: 'Things' };
  expect(() => byName([counter(twice), counter(twice)])).toThrow('moq_relay_twice_total: defined twice');
});

test('a definition that cannot work names the metric and what is wrong', () => {
  const right = { name: 'moq_relay_things', unit: '{thing}', description: 'Things' };
  expect(() => gauge({ ...right, description: '' })).toThrow(
    'moq_relay_things: a description is missing: it is the HELP text',
  );
  expect(() => gauge({ ...right, unit: '1' })).toThrow('moq_relay_things: a unit is missing');
  expect(() => gauge({ ...right, name: 'moq relay' })).toThrow('moq relay: not a Prometheus metric name');
  expect(() => histogram({ ...right, buckets: [1, 3, 2] })).toThrow(
    'moq_relay_things: buckets must be finite and ascend, not 1 3 2',
  );
  expect(() => histogram({ ...right, buckets: [1, 1] })).toThrow('moq_relay_things: buckets');
  expect(() => histogram({ ...right, buckets: [1, Number.POSITIVE_INFINITY] })).toThrow(
    'moq_relay_things: buckets',
  );
  expect(() => histogram({ ...right, buckets: [] })).toThrow('moq_relay_things: buckets');
  for (const limit of [0, -1, 1.5, Number.NaN]) {
    expect(() => gauge<{ a: string }>({ ...right, labels: { a: bounded(limit) } })).toThrow(
      `moq_relay_things: label "a" needs a limit of at least 1, not ${limit}`,
    );
  }
  expect(() => gauge<{ a: string }>({ ...right, labels: { a: [] } })).toThrow('label "a" has no values');
  expect(() => gauge<{ a: 'x' }>({ ...right, labels: { a: ['x', 'x'] } })).toThrow(
    'moq_relay_things: label "a" has no values, one twice, or one that is none',
  );
  expect(() => gauge<{ a: '' }>({ ...right, labels: { a: [''] } })).toThrow(
    'moq_relay_things: label "a" has no',
  );
  expect(() => gauge<{ le: string }>({ ...right, labels: { le: bounded(1) } })).toThrow(
    '"le" is not a label name',
  );
  expect(() => gauge({ ...right, stability: 'deprecated' })).toThrow(
    'moq_relay_things: deprecated without saying what to use instead',
  );
  expect(() => gauge<{ 'a-b': string }>({ ...right, labels: { 'a-b': bounded(1) } })).toThrow(
    'moq_relay_things: "a-b" is not a label name',
  );
});
