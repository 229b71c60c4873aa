import { client, otelName } from '@moq-observability/moq-metrics';
import { expect, test } from 'vitest';
import { DeltaMetrics } from './delta-metrics.ts';

const stream = { namespace: 'anon', broadcast: 'anon/bbb' };

test('a histogram is told under its OpenTelemetry name, with the buckets of the schema', () => {
  const metrics = new DeltaMetrics(1000);
  for (const seconds of [0.1, 0.3, 99]) {
    metrics.observe('startupTime', { ...stream, transport: 'webtransport' }, seconds);
  }
  expect(metrics.collect(11_000)).toEqual([
    {
      name: otelName(client.startupTime),
      unit: 's',
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [
          {
            attributes: [
              { key: 'broadcast', value: { stringValue: 'anon/bbb' } },
              { key: 'transport', value: { stringValue: 'webtransport' } },
            ],
            startTimeUnixNano: '1000000000',
            timeUnixNano: '11000000000',
            count: 3,
            sum: 99.4,
            bucketCounts: [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            explicitBounds: client.startupTime.buckets,
          },
        ],
      },
    },
  ]);
});

test('what was collected is not told again', () => {
  const metrics = new DeltaMetrics(1000);
  metrics.add('rebufferCount', stream);
  metrics.add('rebufferCount', stream, 2);
  metrics.add('rebufferCount', { namespace: 'anon', broadcast: 'anon/other' }, 0);
  const [metric] = metrics.collect(2000);
  expect(metric).toMatchObject({ name: otelName(client.rebufferCount), sum: { isMonotonic: true } });
  expect(metric?.sum?.dataPoints.map(({ asDouble }) => asDouble)).toEqual([3, 0]);
  expect(metrics.collect(3000)).toEqual([]);
  metrics.add('rebufferCount', stream);
  expect(metrics.collect(4000)[0]?.sum?.dataPoints).toMatchObject([
    { asDouble: 1, startTimeUnixNano: '3000000000', timeUnixNano: '4000000000' },
  ]);
});
