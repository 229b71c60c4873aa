import { client, otelName } from '@moq-observability/moq-metrics';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OtlpMetricsRequest } from './otlp.ts';
import { Reporter, type ReporterOptions } from './reporter.ts';
import { TestEndpoint } from '../../test/endpoint.ts';

const session = '00000000-0000-4000-8000-000000000000';
const stream = { namespace: 'anon', broadcast: 'anon/bbb' };
const warn = vi.fn<(message: string) => void>();
let endpoint: TestEndpoint;

beforeEach(async () => {
  warn.mockReset();
  endpoint = new TestEndpoint();
  await endpoint.open();
});
afterEach(() => endpoint[Symbol.asyncDispose]());

function reporter(options: Partial<ReporterOptions> = {}): Reporter {
  return new Reporter({
    endpoint: endpoint.url,
    session,
    interval: 3_600_000,
    warn,
    backoff: { initial: 1, max: 20 },
    ...options,
  });
}

test('a report names its session and broadcast, and is numbered', async () => {
  const subject = reporter({ headers: { Authorization: 'Bearer t' } });
  subject.about({ broadcast: 'anon/bbb' });
  subject.about({ transport: 'webtransport' });
  subject.metrics.add(client.rebufferCount, stream);
  await subject.flush();
  subject.metrics.add(client.rebufferCount, stream);
  await subject.close();
  expect(endpoint.reports).toEqual([`${session}/1`, `${session}/2`]);
  const { url, headers, body } = endpoint.received[0]!;
  expect(url).toBe('/v1/metrics');
  expect(headers).toMatchObject({ 'content-type': 'application/json', authorization: 'Bearer t' });
  const [{ resource, scopeMetrics }] = body.resourceMetrics as [OtlpMetricsRequest['resourceMetrics'][0]];
  expect(Object.fromEntries(resource.attributes.map(({ key, value }) => [key, value.stringValue]))).toEqual({
    'service.name': 'moq-player',
    'service.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
    'session.id': session,
    'moq.broadcast': 'anon/bbb',
    'network.transport.name': 'webtransport',
  });
  expect(scopeMetrics[0]?.metrics).toMatchObject([{ name: otelName(client.rebufferCount) }]);
  expect(subject.counts).toEqual({ sent: 2, dropped: 0, pending: 0 });
  expect(warn).not.toHaveBeenCalled();
});

test('nothing is sent when there is nothing to say', async () => {
  const subject = reporter({ interval: 5 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await subject.close();
  expect(endpoint.received).toEqual([]);
});

test('reports every interval', async () => {
  const subject = reporter({ interval: 5 });
  subject.metrics.add(client.rebufferCount, stream);
  await vi.waitFor(() => expect(endpoint.received).toHaveLength(1));
  subject.metrics.add(client.rebufferCount, stream);
  await vi.waitFor(() => expect(endpoint.received).toHaveLength(2));
  await subject.close();
});

test('what was added before the broadcast changed is a report of its own', async () => {
  const subject = reporter();
  subject.about({ broadcast: 'anon/first' });
  subject.metrics.add(client.rebufferCount, { namespace: 'anon', broadcast: 'anon/first' });
  subject.about({ broadcast: 'anon/second' });
  subject.metrics.add(client.rebufferCount, { namespace: 'anon', broadcast: 'anon/second' });
  await subject.close();
  const broadcasts = endpoint.received.map(
    ({ body }) =>
      body.resourceMetrics[0]?.resource.attributes.find(({ key }) => key === 'moq.broadcast')?.value
        .stringValue,
  );
  expect(broadcasts.toSorted()).toEqual(['anon/first', 'anon/second']);
});

test('a report that failed is tried again under its number, and nothing is lost', async () => {
  endpoint.answers = [{ status: 503 }, { status: 429, headers: { 'Retry-After': '0' } }];
  const subject = reporter();
  subject.metrics.add(client.rebufferCount, stream);
  await subject.flush();
  expect(subject.counts).toEqual({ sent: 0, dropped: 0, pending: 1 });
  await vi.waitFor(() => expect(subject.counts).toEqual({ sent: 1, dropped: 0, pending: 0 }));
  expect(endpoint.reports).toEqual([`${session}/1`, `${session}/1`, `${session}/1`]);
  expect(new Set(endpoint.received.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  await subject.close();
  expect(warn.mock.calls).toEqual([[expect.stringContaining(`${endpoint.url}/v1/metrics: it answered 503`)]]);
});

test('a refused report is given up and counted', async () => {
  endpoint.answers = [{ status: 400 }];
  const subject = reporter();
  subject.metrics.add(client.rebufferCount, stream);
  await subject.flush();
  expect(subject.counts).toEqual({ sent: 0, dropped: 1, pending: 0 });
  subject.metrics.add(client.rebufferCount, stream);
  await subject.close();
  expect(endpoint.reports).toEqual([`${session}/1`, `${session}/2`]);
  expect(warn).toHaveBeenCalledTimes(1);
});

test('rejected points are worth a warning', async () => {
  const partialSuccess = { rejectedDataPoints: '1', errorMessage: 'unknown metric' };
  endpoint.answers = [{ status: 200, body: JSON.stringify({ partialSuccess }) }];
  const subject = reporter();
  subject.metrics.add(client.rebufferCount, stream);
  await subject.close();
  expect(subject.counts.sent).toBe(1);
  expect(warn.mock.calls).toEqual([[expect.stringContaining('rejected 1 points (unknown metric)')]]);
});

test('an endpoint that is not there costs one warning and a bounded buffer', async () => {
  const gone = new TestEndpoint();
  await gone.open();
  const { url } = gone;
  await gone[Symbol.asyncDispose]();
  const subject = reporter({ endpoint: url });
  for (let i = 0; i < 40; i++) {
    subject.metrics.add(client.rebufferCount, stream);
    await subject.flush();
  }
  expect(subject.counts).toEqual({ sent: 0, dropped: 10, pending: 30 });
  await subject.close();
  expect(warn.mock.calls).toEqual([
    [expect.stringContaining(`telemetry endpoint ${url}/v1/metrics: no answer`)],
  ]);
});

test('an endpoint that is slow is given up on and tried again', async () => {
  endpoint.answers = [{ status: 200, headers: { 'Content-Length': '10' }, body: 'half' }];
  const subject = reporter({ timeout: 200 });
  subject.metrics.add(client.rebufferCount, stream);
  await subject.flush();
  await vi.waitFor(() => expect(subject.counts.sent).toBe(1));
  expect(endpoint.reports).toEqual([`${session}/1`, `${session}/1`]);
  expect(warn.mock.calls).toEqual([[expect.stringContaining('no answer within 200 ms')]]);
  await subject.close();
});

test('what is closed tries nothing more', async () => {
  endpoint.answers = Array.from({ length: 10 }, () => ({ status: 503 }));
  const subject = reporter();
  subject.metrics.add(client.rebufferCount, stream);
  await subject.close();
  const attempts = endpoint.received.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(endpoint.received).toHaveLength(attempts);
});
