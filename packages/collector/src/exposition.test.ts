import { client } from '@moq-observability/moq-metrics';
import { checkExposition } from '@moq-observability/moq-metrics/exposition';
import { expect, test } from 'vitest';
import { createCollector } from './collector.ts';

test('/metrics is as the schema says, in both formats', async () => {
  await using collector = await createCollector({ port: 0, opsPort: 0 });
  const attributes = [{ key: 'broadcast', value: { stringValue: 'demo/clock.hang' } }];
  const sum = { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ attributes, asInt: '2' }] };
  const scopeMetrics = [{ metrics: [{ name: client.rebufferCount.name, sum }] }];
  const answer = await fetch(new URL('v1/metrics', collector.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceMetrics: [{ scopeMetrics }] }),
  });
  expect(answer.status).toBe(200);
  for (const accept of ['text/plain', 'application/openmetrics-text']) {
    const response = await fetch(new URL('metrics', collector.opsUrl), { headers: { accept } });
    const text = await response.text();
    expect(checkExposition(text, { owner: ['collector', 'player'] })).toEqual([]);
  }
});
