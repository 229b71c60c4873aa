import { client } from '@moq-observability/moq-metrics';
import { checkExposition } from '@moq-observability/moq-metrics/exposition';
import { expect, test } from 'vitest';
import { createCollector } from './collector.ts';
import { metricsRequest } from './report-fixture.ts';

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

test('OpenMetrics shows an example of what was counted, by the trace it is part of', async () => {
  await using collector = await createCollector({ port: 0, opsPort: 0 });
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const stream = { namespace: 'demo', broadcast: 'demo/clock.hang' };
  const body = metricsRequest(
    [
      [client.startupTime, { ...stream, transport: 'webtransport' }, [0.375]],
      [client.rebufferCount, stream, 2],
      [client.watchedSeconds, stream, 10],
    ],
    { resource: { 'session.id': 'exemplary-session', 'moq.trace_id': trace } },
  );
  await fetch(new URL('v1/metrics', collector.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const page = async (accept: string): Promise<string[]> => {
    const response = await fetch(new URL('metrics', collector.opsUrl), { headers: { accept } });
    return (await response.text()).split('\n').filter((line) => line.includes(trace));
  };
  const labels = 'namespace="demo",broadcast="demo/clock.hang"';
  const told = (await page('application/openmetrics-text')).map((line) => line.replace(/ [\d.]+$/, ''));
  expect(told).toContain(
    `${client.startupTime.name}_bucket{${labels},transport="webtransport",le="0.5"} 1 # {trace_id="${trace}"} 0.375`,
  );
  expect(told).toContain(`${client.rebufferCount.name}{${labels}} 2 # {trace_id="${trace}"} 2`);
  expect(told.filter((line) => line.startsWith(client.watchedSeconds.name))).toEqual([]);
  expect(await page('text/plain')).toEqual([]);
});
