import { attributes as names, client, otelName } from '@moq-observability/moq-metrics';
import { expect, test } from 'vitest';
import { resourceOf } from './resource.ts';
import { type PlainMetric, START_METRICS } from './start-metrics.ts';

const METRICS: typeof client = client;

test.each(Object.entries<PlainMetric>(START_METRICS))('%s is what the schema says', (key, plain) => {
  const metric = METRICS[key as keyof typeof START_METRICS];
  expect(plain).toEqual({
    name: otelName(metric),
    unit: metric.unit,
    ...(metric.kind === 'histogram' && { buckets: metric.buckets }),
  });
});

test('a resource has the names of the schema', () => {
  const { session, ...rest } = { session: 's', traceId: 't', broadcast: 'b', transport: 'websocket' };
  expect(resourceOf({ session, ...rest })).toEqual({
    [names.serviceName.name]: 'moq-player',
    [names.serviceVersion.name]: expect.stringMatching(/^\d+\.\d+\.\d+/),
    [names.sessionId.name]: 's',
    [names.traceId.name]: 't',
    [names.moqBroadcast.name]: 'b',
    [names.networkTransport.name]: 'websocket',
  });
});
