import { client, otelName } from '@moq-observability/moq-metrics';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Observation, observePlayer } from './observe.ts';
import type { ObserveOptions } from './options.ts';
import type { OtlpMetric } from './otel/otlp.ts';
import { TestEndpoint } from '../test/endpoint.ts';
import type { Fact } from './qoe/events.ts';
import { Consumer, Frame, Page, testElement } from '../test/element.ts';
import type { WatchElement } from './watch-element.ts';

const page = new Page();
const log = { info: vi.fn<(message: string) => void>(), warn: vi.fn<(message: string) => void>() };
let endpoint: TestEndpoint;
let player: ReturnType<typeof testElement>;
let observation: Observation | undefined;

beforeEach(async () => {
  vi.stubGlobal('document', page);
  vi.stubGlobal('window', page);
  page.visibilityState = 'visible';
  log.info.mockReset();
  log.warn.mockReset();
  player = testElement();
  endpoint = new TestEndpoint();
  await endpoint.open();
});
afterEach(async () => {
  await observation?.close();
  observation = undefined;
  await endpoint[Symbol.asyncDispose]();
  vi.unstubAllGlobals();
});

function observe(options: Partial<ObserveOptions> = {}): Observation {
  observation = observePlayer(player, { endpoint: endpoint.url, log, ...options });
  return observation;
}

/** Lets signals settle. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

async function play(name = 'bbb.hang'): Promise<void> {
  player.connection.url.set(new URL('http://relay/anon'));
  player.broadcast.in.name.set(name);
  await settle();
  player.connection.established.set({ transport: 'webtransport' });
  player.broadcast.out.active.set(new Consumer());
  player.broadcast.out.catalog.set({ video: {} });
  await settle();
  player.renderer.out.frame.set(new Frame(1280, 720));
  await settle();
}

/** What was reported of a metric: its points' values by their labels. */
function reported(name: string): readonly (readonly [labels: Record<string, string>, value: number])[] {
  return endpoint.received
    .flatMap(({ body }) => body.resourceMetrics)
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .filter((metric: OtlpMetric) => metric.name === name)
    .flatMap(({ sum, histogram }) => [...(sum?.dataPoints ?? []), ...(histogram?.dataPoints ?? [])])
    .map((point) => [
      Object.fromEntries(point.attributes.map(({ key, value }) => [key, value.stringValue])),
      'asDouble' in point ? point.asDouble : Number(point.count),
    ]);
}

const stream = { namespace: 'anon', broadcast: 'anon/bbb.hang' };

test('says once that it observes', () => {
  observe();
  expect(log.info.mock.calls).toEqual([['[Observability] Initialized']]);
});

test('reports one start, and that there was no stall', async () => {
  const facts: Fact[] = [];
  const { sessionId } = observe({ onFact: (fact) => facts.push(fact) });
  await play();
  await observation?.close();
  expect(reported(otelName(client.startupTime))).toEqual([[{ ...stream, transport: 'webtransport' }, 1]]);
  expect(reported(otelName(client.rebufferCount))).toEqual([[stream, 0]]);
  expect(endpoint.reports).toEqual([`${sessionId}/1`]);
  expect(sessionId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(facts).toEqual([{ type: 'startup', at: expect.any(Number), seconds: expect.any(Number) }]);
});

test('reports a stall when the page is hidden, before it may be gone', async () => {
  observe();
  await play();
  for (let media = 0; media <= 120; media += 40) {
    player.video.out.timestamp.set(media);
    await settle();
  }
  await new Promise((resolve) => setTimeout(resolve, 600));
  page.visibilityState = 'hidden';
  page.dispatchEvent(new Event('visibilitychange'));
  await vi.waitFor(() => expect(reported(otelName(client.rebufferCount))).toEqual([[stream, 1]]));
});

test('another broadcast on the same element is another playback', async () => {
  observe();
  await play('first.hang');
  await play('second.hang');
  await observation?.close();
  expect(
    reported(otelName(client.startupTime))
      .map(([labels]) => labels['broadcast'])
      .toSorted(),
  ).toEqual(['anon/first.hang', 'anon/second.hang']);
});

test('puts the session into the connect URL unless told not to', async () => {
  const { sessionId } = observe();
  await play();
  expect(player.connection.url.peek()?.search).toBe(`?session=${sessionId}`);
  await observation?.close();
  player = testElement();
  observe({ linkSession: false });
  await play();
  expect(player.connection.url.peek()?.search).toBe('');
});

test('an endpoint that refuses is told once, and does not disturb', async () => {
  endpoint.answers = [{ status: 403 }];
  observe();
  await play();
  await observation?.close();
  expect(observation?.reports).toEqual({ sent: 0, dropped: 1, pending: 0 });
  expect(log.warn.mock.calls).toEqual([
    [
      `[Observability] telemetry endpoint ${endpoint.url}/v1/metrics: it answered 403; playback is not affected`,
    ],
  ]);
});

test("a listener's mistake is the page's to see, and changes nothing", async () => {
  const reportError = vi.fn<(error: unknown) => void>();
  vi.stubGlobal('reportError', reportError);
  const mistake = new Error('mistake');
  observe({
    onFact: () => {
      throw mistake;
    },
  });
  await play();
  await observation?.close();
  expect(reportError.mock.calls).toEqual([[mistake]]);
  expect(reported(otelName(client.startupTime))).toHaveLength(1);
});

test('closing twice is closing once', async () => {
  observe();
  await play();
  await Promise.all([observation?.close(), observation?.[Symbol.asyncDispose]()]);
  await observation?.flush();
  expect(endpoint.received).toHaveLength(1);
});

describe('what is wrong is named', () => {
  test.each([
    ['endpoint', 'not a url'],
    ['endpoint', 'ftp://host'],
    ['endpoint', '/v1'],
    ['endpoint', 'http://user:secret@host'],
    ['endpoint', undefined],
    ['headers', 'Authorization'],
    ['headers', { 'no good': 'x' }],
    ['intervalSeconds', 0],
    ['intervalSeconds', '10'],
    ['intent', Number.NaN],
    ['intent', -1],
    ['linkSession', 'yes'],
    ['onFact', {}],
    ['log', {}],
  ])('%s: %j', (option, value) => {
    const options = { endpoint: endpoint.url, log, [option]: value } as unknown as ObserveOptions;
    const attempt = () => observePlayer(player, options);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(`observePlayer: ${option} must be`);
  });

  test('options', () => {
    expect(() => observePlayer(player, undefined as unknown as ObserveOptions)).toThrow('options must be');
  });

  test('element', () => {
    const element = { connection: player.connection } as unknown as WatchElement;
    expect(() => observePlayer(element, { endpoint: endpoint.url, log })).toThrow(
      /element must be a <moq-watch>.* no controls\.paused/,
    );
  });
});

test('an endpoint may have a path, and a slash at its end', async () => {
  observe({ endpoint: new URL(`${endpoint.url}/otlp/`) });
  await play();
  await observation?.close();
  expect(endpoint.received.map(({ url }) => url)).toEqual(['/otlp/v1/metrics']);
});
