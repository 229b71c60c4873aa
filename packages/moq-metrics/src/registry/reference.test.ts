import { expect, test } from 'vitest';
import * as attributes from '../attributes.ts';
import * as events from '../events.ts';
import { client, relay, schema, stack } from '../index.ts';
import * as spans from '../spans.ts';
import { exampleQuery, reference } from './reference.ts';
import { schemaJson } from './schema-json.ts';

const metrics = schema().flatMap((group) => [...group.metrics.values()]);

test('the reference has every metric, span, event and attribute', () => {
  const text = reference();
  expect(text.split('\n')[0]).toContain('Generated');
  for (const metric of metrics) {
    expect(text).toContain(`\n### ${metric.name}\n\n${metric.description}`);
    expect(text).toContain(exampleQuery(metric));
    for (const label of Object.keys(metric.labels)) expect(text).toContain(`- label \`${label}\`: `);
  }
  for (const { name } of [spans, events, attributes].flatMap((part) => Object.values(part))) {
    expect(text).toContain(`\n| \`${name}\``);
  }
  expect(text).toContain('- elsewhere: CMCD `ltc`\n');
});

test('the reference says where metrics are used, as far as it is told', () => {
  const usage = { dashboards: ['Latency', 'Overview'], alerts: ['HighClientLatency'] };
  const text = reference(new Map([[client.latency.name, usage]]));
  expect(text).toContain('- on dashboards: Latency, Overview\n- in alerts: HighClientLatency\n');
  expect(reference()).not.toContain('on dashboards');
});

test('examples ask what a metric is for', () => {
  expect(exampleQuery(relay.bytesSent)).toBe(`sum by (broadcast) (rate(${relay.bytesSent.name}[5m]))`);
  expect(exampleQuery(relay.cacheHits)).toBe(`sum(rate(${relay.cacheHits.name}[5m]))`);
  expect(exampleQuery(relay.activeSessions)).toBe(`sum by (transport) (${relay.activeSessions.name})`);
  expect(exampleQuery(relay.fanout)).toBe(
    `histogram_quantile(0.95, sum by (le) (rate(${relay.fanout.name}_bucket[5m])))`,
  );
  expect(exampleQuery(client.latency)).toBe(
    `histogram_quantile(0.95, sum by (le, broadcast) (rate(${client.latency.name}_bucket[5m])))`,
  );
  expect(exampleQuery(relay.streamLastFrameTimestamp)).toBe(
    `time() - ${relay.streamLastFrameTimestamp.name}`,
  );
  expect(exampleQuery(stack.up)).toBe('up');
});

test('the JSON has everything, and survives being written', () => {
  const json = schemaJson();
  expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  expect(Object.keys(json.metrics)).toEqual(metrics.map(({ name }) => name));
  expect(json.metrics[client.startupTime.name]).toMatchObject({
    key: 'client.startupTime',
    otelName: 'moq.client.startup_time',
    kind: 'histogram',
    labels: { broadcast: { limit: 200 }, transport: { values: ['webtransport', 'websocket', 'quic'] } },
    buckets: client.startupTime.buckets,
  });
  expect(json.metrics[stack.up.name]).not.toHaveProperty('otelName');
  expect(json.spans.find(({ name }) => name === 'moq.connect')).toMatchObject({ parent: 'playback.startup' });
});
