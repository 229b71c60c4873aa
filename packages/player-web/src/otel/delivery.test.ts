import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TestEndpoint } from '../../test/endpoint.ts';
import { Delivery } from './delivery.ts';
import { Outbox, type OutboxOptions } from './outbox.ts';

const session = '00000000-0000-4000-8000-000000000000';
const warn = vi.fn<(message: string) => void>();
let endpoint: TestEndpoint;

beforeEach(async () => {
  warn.mockReset();
  endpoint = new TestEndpoint();
  await endpoint.open();
});
afterEach(() => endpoint[Symbol.asyncDispose]());

/** An outbox that is delivered from, as it is after the first frame. */
class Subject extends Outbox {
  readonly #delivery = new Delivery(this, { initial: 1, max: 20 });

  async close(): Promise<void> {
    this.#delivery.close();
    await this.flush();
  }
}

function sender(options: Partial<OutboxOptions> = {}): Subject {
  return new Subject({ endpoint: endpoint.url, session, warn, ...options });
}

/** A body that can be told from others. */
function body(number: number, padding = ''): string {
  return JSON.stringify({ resourceMetrics: [], number, padding });
}

test('reports of metrics are numbered, others are not', async () => {
  const subject = sender({ headers: { Authorization: 'Bearer t' } });
  subject.push('metrics', body(1));
  subject.push('logs', body(2));
  subject.push('traces', body(3));
  subject.push('metrics', body(4));
  await subject.close();
  expect(endpoint.received.map(({ url, headers }) => [url, headers['moq-report']])).toEqual(
    expect.arrayContaining([
      ['/v1/metrics', `${session}/1`],
      ['/v1/logs', undefined],
      ['/v1/traces', undefined],
      ['/v1/metrics', `${session}/2`],
    ]),
  );
  expect(endpoint.received[0]?.headers).toMatchObject({
    'content-type': 'application/json',
    authorization: 'Bearer t',
  });
  expect(subject.counts).toEqual({ sent: 4, dropped: 0, pending: 0 });
  expect(warn).not.toHaveBeenCalled();
});

test('long bodies are compressed, short ones and those in a hurry are not', async () => {
  const subject = sender();
  const long = body(1, 'x'.repeat(5000));
  subject.push('metrics', long);
  await vi.waitFor(() => expect(subject.counts.sent).toBe(1));
  subject.push('metrics', body(2));
  await vi.waitFor(() => expect(subject.counts.sent).toBe(2));
  subject.hurried = true;
  subject.push('metrics', long);
  await vi.waitFor(() => expect(subject.counts.sent).toBe(3));
  await subject.close();
  expect(endpoint.received.map(({ headers }) => headers['content-encoding'])).toEqual([
    'gzip',
    undefined,
    undefined,
  ]);
  expect(endpoint.received.map((report) => report.size < 1000)).toEqual([true, true, false]);
  expect(JSON.stringify(endpoint.received[0]?.body)).toBe(long);
});

test('a flush does not wait for compressing, and nothing goes twice', async () => {
  const subject = sender();
  subject.push('metrics', body(1, 'x'.repeat(5000)));
  await subject.flush();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(endpoint.reports).toEqual([`${session}/1`]);
  await subject.close();
});

test('a report that failed is tried again under its number, and nothing is lost', async () => {
  endpoint.answers = [{ status: 503 }, { status: 429, headers: { 'Retry-After': '0' } }];
  const subject = sender();
  subject.push('metrics', body(1));
  await vi.waitFor(() => expect(subject.counts).toEqual({ sent: 1, dropped: 0, pending: 0 }));
  expect(endpoint.reports).toEqual([`${session}/1`, `${session}/1`, `${session}/1`]);
  expect(new Set(endpoint.received.map((report) => JSON.stringify(report.body))).size).toBe(1);
  await subject.close();
  expect(warn.mock.calls).toEqual([[expect.stringContaining(`${endpoint.url}: it answered 503`)]]);
});

test('a refused report is given up and counted', async () => {
  endpoint.answers = [{ status: 400 }];
  const subject = sender();
  subject.push('metrics', body(1));
  await subject.flush();
  expect(subject.counts).toEqual({ sent: 0, dropped: 1, pending: 0 });
  subject.push('metrics', body(2));
  await subject.close();
  expect(endpoint.reports).toEqual([`${session}/1`, `${session}/2`]);
  expect(warn).toHaveBeenCalledTimes(1);
});

test.each(['rejectedDataPoints', 'rejectedSpans', 'rejectedLogRecords'])(
  '%s are worth a warning',
  async (name) => {
    const partialSuccess = { [name]: '1', errorMessage: 'unknown metric' };
    endpoint.answers = [{ status: 200, body: JSON.stringify({ partialSuccess }) }];
    const subject = sender();
    subject.push('metrics', body(1));
    await subject.close();
    expect(subject.counts.sent).toBe(1);
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('rejected 1 of what it got (unknown metric)')],
    ]);
  },
);

test('an endpoint that is not there costs one warning and a bounded buffer', async () => {
  const gone = new TestEndpoint();
  await gone.open();
  const { url } = gone;
  await gone[Symbol.asyncDispose]();
  const subject = sender({ endpoint: url });
  for (let i = 0; i < 40; i++) {
    subject.push('metrics', body(i));
    await subject.flush();
  }
  expect(subject.counts).toEqual({ sent: 0, dropped: 10, pending: 30 });
  await subject.close();
  expect(warn.mock.calls).toEqual([[expect.stringContaining(`telemetry endpoint ${url}: no answer`)]]);
});

test('an endpoint that is slow is given up on and tried again', async () => {
  endpoint.answers = [{ status: 200, headers: { 'Content-Length': '10' }, body: 'half' }];
  const subject = sender({ timeout: 200 });
  subject.push('metrics', body(1));
  await vi.waitFor(() => expect(subject.counts.sent).toBe(1));
  expect(endpoint.reports).toEqual([`${session}/1`, `${session}/1`]);
  expect(warn.mock.calls).toEqual([[expect.stringContaining('no answer within 200 ms')]]);
  await subject.close();
});

test('what is closed tries nothing more', async () => {
  endpoint.answers = Array.from({ length: 10 }, () => ({ status: 503 }));
  const subject = sender();
  subject.push('metrics', body(1));
  await subject.close();
  const attempts = endpoint.received.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(endpoint.received).toHaveLength(attempts);
});

test('before there is a pace, what is new is tried at once, and what failed along with it', async () => {
  endpoint.answers = [{ status: 503 }];
  const outbox = new Outbox({ endpoint: endpoint.url, session, warn });
  outbox.push('metrics', body(1));
  await vi.waitFor(() => expect(outbox.waiting).toHaveLength(1));
  outbox.push('metrics', body(2));
  await vi.waitFor(() => expect(outbox.counts).toEqual({ sent: 2, dropped: 0, pending: 0 }));
  expect(endpoint.reports.toSorted()).toEqual([`${session}/1`, `${session}/1`, `${session}/2`]);
});

test('what waits when delivery begins is delivered', async () => {
  endpoint.answers = [{ status: 503 }];
  const outbox = new Outbox({ endpoint: endpoint.url, session, warn });
  outbox.push('metrics', body(1));
  await vi.waitFor(() => expect(outbox.waiting).toHaveLength(1));
  const delivery = new Delivery(outbox);
  await vi.waitFor(() => expect(outbox.counts).toEqual({ sent: 1, dropped: 0, pending: 0 }));
  delivery.close();
});
