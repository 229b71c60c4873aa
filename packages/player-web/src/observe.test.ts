import * as schema from '@moq-observability/moq-metrics';
import { client, otelName } from '@moq-observability/moq-metrics';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Observation, observePlayer } from './observe.ts';
import type { ObserveOptions } from './options.ts';
import { TestEndpoint } from '../test/endpoint.ts';
import { readPoints } from '../test/otlp.ts';
import type { Fact } from './qoe/events.ts';
import { Consumer, Frame, Page, testElement } from '../test/element.ts';
import type { WatchElement } from './watch-element.ts';
import { DecoderMeter } from './webcodecs/decoder-meter.ts';
import type { PageDecoders } from './webcodecs/page-decoders.ts';

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
  player.connection.established.set({ transport: 'webtransport', version: 'moq-lite-05' });
  player.broadcast.out.active.set(new Consumer());
  player.broadcast.out.catalog.set({ video: {} });
  await settle();
  player.renderer.out.frame.set(new Frame(1280, 720));
  await settle();
}

/** Waits for the part that is loaded after the first frame. */
async function loaded(): Promise<void> {
  await vi.waitFor(async () => {
    await observation?.flush();
    expect(endpoint.logs).not.toEqual([]);
  }, 10_000);
}

/** A picture that moves on: a frame every 40 ms, for so many frames, with enough media ahead. */
async function moveOn(frames: number): Promise<void> {
  for (let i = 0; i < frames; i++) {
    const media = Date.now();
    player.video.out.buffered.set([{ start: media, end: media + 200 }]);
    player.video.out.stats.set({ bytesReceived: (player.video.out.stats.peek()?.bytesReceived ?? 0) + 1000 });
    player.video.out.timestamp.set(media);
    player.renderer.out.timestamp.set(media);
    player.renderer.out.frame.set(new Frame(1280, 720));
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

function hide(): void {
  page.visibilityState = 'hidden';
  page.dispatchEvent(new Event('visibilitychange'));
}

const NAMES = Object.fromEntries(
  Object.values(schema.client).flatMap((metric) =>
    typeof metric === 'object' && 'kind' in metric ? [[metric.name, otelName(metric)]] : [],
  ),
);

/** The namespace is part of the broadcast, and not told beside it. */
const stream = { broadcast: 'anon/bbb.hang' };

test('says once that it observes', () => {
  observe();
  expect(log.info.mock.calls).toEqual([['[Observability] Initialized']]);
});

describe('before anything more is loaded', () => {
  test('who leaves before the first frame is reported, once', async () => {
    const { sessionId, traceId } = observe();
    player.connection.url.set(new URL('http://relay/anon'));
    player.broadcast.in.name.set('bbb.hang');
    await settle();
    page.dispatchEvent(new Event('pagehide'));
    await observation?.close();
    expect(endpoint.total(otelName(client.playAttempts), stream)).toBe(1);
    expect(endpoint.points(otelName(client.playOutcomes)).map(({ labels }) => labels)).toEqual([
      { ...stream, outcome: 'bounced' },
    ]);
    expect(endpoint.reports[0]).toBe(`${sessionId}/1`);
    expect(endpoint.points(otelName(client.playAttempts))[0]?.resource).toMatchObject({
      'service.name': 'moq-player',
      'session.id': sessionId,
      'moq.trace_id': traceId,
      'moq.broadcast': 'anon/bbb.hang',
    });
  });

  test('who waits for the first frame for 3 s is reported, and nothing of it is counted again', async () => {
    observe();
    player.connection.url.set(new URL('http://relay/anon'));
    player.broadcast.in.name.set('bbb.hang');
    await vi.waitFor(() => expect(endpoint.total(otelName(client.playAttempts))).toBe(1), 5000);
    await loaded();
    await observation?.close();
    expect(endpoint.total(otelName(client.playAttempts))).toBe(1);
    expect(endpoint.total(otelName(client.playOutcomes), { outcome: 'exited' })).toBe(1);
    expect(endpoint.total(otelName(client.watchedSeconds))).toBeGreaterThan(2.9);
    expect(endpoint.logs.map(({ event }) => event)).toEqual([
      'session.start',
      'playback.intent',
      'session.end',
    ]);
  });

  test('who leaves after the first frame is reported', async () => {
    const facts: Fact[] = [];
    const { sessionId } = observe({ onFact: (fact) => facts.push(fact) });
    await play();
    await observation?.close();
    expect(endpoint.points(otelName(client.startupTime)).map(({ labels, value }) => [labels, value])).toEqual(
      [[{ ...stream, transport: 'webtransport' }, 1]],
    );
    expect(endpoint.total(otelName(client.playOutcomes), { ...stream, outcome: 'started' })).toBe(1);
    expect(endpoint.points(otelName(client.rebufferCount)).map(({ value }) => value)).toEqual([0]);
    expect(endpoint.reports.filter(Boolean)).toEqual([`${sessionId}/1`]);
    expect(sessionId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(facts).toContainEqual({ type: 'startup', at: expect.any(Number), seconds: expect.any(Number) });
  });

  test('a fatal error is reported at once', async () => {
    const { promise, reject } = Promise.withResolvers<void>();
    player = testElement(promise);
    observe();
    player.connection.url.set(new URL('http://relay/anon'));
    player.broadcast.in.name.set('bbb.hang');
    await settle();
    reject(new Error('reconnect timed out'));
    await loaded();
    expect(endpoint.total(otelName(client.playbackFailures), { error: 'connect' })).toBe(1);
    expect(endpoint.total(otelName(client.playOutcomes), { outcome: 'failed' })).toBe(1);
    expect(endpoint.spans).toMatchObject([
      { name: 'playback.startup', isError: true, attributes: { 'error.type': 'connect' } },
    ]);
  });
});

test('a session in full: its metrics, its trace and its events', async () => {
  const { sessionId, traceId } = observe();
  await play();
  player.video.source.out.track.set('720p');
  await loaded();
  player.connection.probe.set({ rtt: 25 });
  await moveOn(40);
  player.video.out.buffered.set([]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await moveOn(1);
  player.controls.paused.set(true);
  await settle();
  await observation?.close();

  expect(endpoint.points(otelName(client.startupTime)).map(({ value }) => value)).toEqual([1]);
  expect(endpoint.total(otelName(client.rebufferCount))).toBe(1);
  expect(endpoint.points(otelName(client.rebufferDuration)).map(({ value }) => value)).toEqual([1]);
  expect(endpoint.total(otelName(client.stalledSeconds))).toBeGreaterThan(0.3);
  expect(endpoint.total(otelName(client.watchedSeconds))).toBeGreaterThan(2);
  expect(endpoint.total(otelName(client.mediaReceivedBytes), { track_type: 'video' })).toBe(41_000);
  expect(endpoint.total(otelName(client.bufferLength), { track_type: 'video' })).toBeGreaterThan(0);
  expect(endpoint.total(otelName(client.latencyUnavailable), { reason: 'clock_sync' })).toBeGreaterThan(0);
  expect(endpoint.total(otelName(client.rtt), { transport: 'webtransport' })).toBeGreaterThan(0);
  const told = endpoint.received.flatMap(({ body }) => readPoints(body));
  expect(Object.values(NAMES)).toEqual(expect.arrayContaining(told.map(({ metric }) => metric)));
  expect(new Set(told.map(({ temporality }) => temporality))).toEqual(new Set([1]));

  const startup = endpoint.spans.find(({ name }) => name === 'playback.startup');
  const [, promisedTrace, promisedSpan] =
    player.connection.url.peek()?.searchParams.get('traceparent')?.split('-') ?? [];
  expect(startup).toMatchObject({
    traceId: promisedTrace,
    spanId: promisedSpan,
    parentSpanId: undefined,
    kind: 3,
  });
  expect(traceId).toBe(promisedTrace);
  expect(startup?.attributes).toEqual({
    'session.id': sessionId,
    'moq.namespace': 'anon',
    'moq.broadcast': 'anon/bbb.hang',
    'network.transport.name': 'webtransport',
    'moq.version': 'moq-lite-05',
  });
  const phases = endpoint.spans.filter(({ parentSpanId }) => parentSpanId === promisedSpan);
  expect(phases.map(({ name }) => name)).toEqual([
    'moq.connect',
    'moq.announce',
    'moq.catalog',
    'moq.first_frame',
  ]);
  for (const { start, end } of phases) {
    expect(start).toBeGreaterThanOrEqual(startup!.start - 1);
    expect(end).toBeLessThanOrEqual(startup!.end + 1);
  }
  const stall = endpoint.spans.find(({ name }) => name === 'playback.stall');
  expect(stall?.traceId).not.toBe(traceId);
  expect(stall?.links).toEqual([traceId]);

  expect(endpoint.logs.map(({ event }) => event)).toEqual([
    'session.start',
    'playback.intent',
    'playback.started',
    'stall.start',
    'stall.end',
    'playback.paused',
    'session.end',
  ]);
  expect(endpoint.logs.every(({ attributes }) => attributes['session.id'] === sessionId)).toBe(true);
  expect(endpoint.logs.find(({ event }) => event === 'stall.start')?.traceId).toBe(stall?.traceId);
  const sequences = endpoint.reports.filter(Boolean);
  expect(sequences).toEqual(sequences.map((_, i) => `${sessionId}/${i + 1}`));
});

test('a stall is reported when the page is hidden, before it may be gone', async () => {
  observe();
  await play();
  await loaded();
  await moveOn(4);
  player.video.out.buffered.set([]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  hide();
  await vi.waitFor(() => expect(endpoint.total(otelName(client.rebufferCount))).toBe(1));
  expect(endpoint.received.at(-1)?.headers['content-encoding']).toBeUndefined();
});

test('a paused session goes on telling that it is there', async () => {
  observe({ intervalSeconds: 1 });
  await play();
  player.controls.paused.set(true);
  await loaded();
  const before = endpoint.points(otelName(client.watchedSeconds)).length;
  await vi.waitFor(() => {
    expect(endpoint.points(otelName(client.watchedSeconds)).length).toBeGreaterThan(before + 1);
  }, 5000);
});

test('another broadcast on the same element is another playback', async () => {
  observe();
  await play('first.hang');
  await loaded();
  await play('second.hang');
  await observation?.close();
  expect(
    endpoint.points(otelName(client.playOutcomes)).map(({ labels, value }) => [labels['broadcast'], value]),
  ).toEqual([
    ['anon/first.hang', 1],
    ['anon/second.hang', 1],
  ]);
  const startups = endpoint.spans.filter(({ name }) => name === 'playback.startup');
  expect(startups.map(({ links }) => links)).toEqual([[], [startups[0]?.traceId]]);
});

test('two players on one page do not know of each other', async () => {
  const facts: Fact[] = [];
  observe();
  await play('first.hang');
  const first = player;
  player = testElement();
  const second = observePlayer(player, { endpoint: endpoint.url, log, onFact: (fact) => facts.push(fact) });
  await play('second.hang');
  first.controls.paused.set(true);
  await settle();
  await second.close();
  await observation?.close();
  expect(facts.some(({ type }) => type === 'paused')).toBe(false);
  expect(second.sessionId).not.toBe(observation?.sessionId);
  expect(endpoint.total(otelName(client.playOutcomes), { outcome: 'started' })).toBe(2);
});

test('without sampling there are no spans, and all the rest', async () => {
  observe({ traceSampling: 0 });
  await play();
  await loaded();
  await observation?.close();
  expect(player.connection.url.peek()?.searchParams.get('traceparent')).toMatch(/-00$/);
  expect(endpoint.spans).toEqual([]);
  expect(endpoint.total(otelName(client.playOutcomes))).toBe(1);
  expect(endpoint.logs.length).toBeGreaterThan(0);
});

test('what the decoders did is reported by family of codecs and by reason, until it is over', async () => {
  const meter = new DecoderMeter();
  const detach = vi.fn<() => void>();
  const decoders: PageDecoders = {
    attach: () => ({ take: () => meter.take(), detach }),
    [Symbol.dispose]: () => {},
  };
  observe({ decoders });
  await play();
  await loaded();
  meter.decoded();
  meter.decoded();
  meter.dropped('backlog', 3);
  meter.took('avc1', 0.004);
  meter.took('avc1', 0.006);
  meter.keyframe(2);
  expect(detach).not.toHaveBeenCalled();
  await observation?.close();
  expect(detach).toHaveBeenCalledOnce();
  expect(endpoint.total(otelName(client.framesDecoded), stream)).toBe(2);
  expect(endpoint.total(otelName(client.framesDropped), { ...stream, reason: 'backlog' })).toBe(3);
  expect(endpoint.total(otelName(client.framesDropped))).toBe(3);
  expect(endpoint.points(otelName(client.decodeTime))).toMatchObject([
    { labels: { codec: 'avc1' }, value: 2, sum: 0.01 },
  ]);
  expect(endpoint.points(otelName(client.keyframeInterval))).toMatchObject([{ value: 1, sum: 2 }]);
});

test('the session and its trace go into the connect URL unless told not to', async () => {
  const { sessionId, traceId } = observe();
  await play();
  const { searchParams } = player.connection.url.peek()!;
  expect(searchParams.get('session')).toBe(sessionId);
  expect(searchParams.get('traceparent')).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  await observation?.close();
  player = testElement();
  observe({ linkSession: false });
  await play();
  expect(player.connection.url.peek()?.search).toBe('');
});

test('what the page knows of failures is reported', async () => {
  observe();
  await play();
  observation?.fail('auth');
  await loaded();
  expect(endpoint.total(otelName(client.playbackFailures), { error: 'auth' })).toBe(1);
  expect(endpoint.total(otelName(client.playOutcomes), { outcome: 'failed' })).toBe(0);
  expect(endpoint.spans.find(({ name }) => name === 'playback.failure')).toMatchObject({ isError: true });
});

test('an endpoint that refuses is told once, and does not disturb', async () => {
  endpoint.answers = [{ status: 403 }, { status: 403 }, { status: 403 }];
  observe();
  await play();
  await observation?.flush();
  await observation?.close();
  expect(observation?.reports.dropped).toBeGreaterThan(0);
  expect(log.warn.mock.calls).toEqual([
    [`[Observability] telemetry endpoint ${endpoint.url}: it answered 403; playback is not affected`],
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
  expect(reportError.mock.calls[0]).toEqual([mistake]);
  expect(endpoint.total(otelName(client.startupTime))).toBe(1);
});

test('closing twice is closing once', async () => {
  observe();
  await play();
  await Promise.all([observation?.close(), observation?.[Symbol.asyncDispose]()]);
  await observation?.flush();
  expect(endpoint.reports.filter(Boolean)).toHaveLength(1);
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
    ['traceSampling', 1.1],
    ['decoders', true],
    ['decoders', null],
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
  expect(endpoint.received.map(({ url }) => url)).toEqual(
    expect.arrayContaining(['/otlp/v1/metrics', '/otlp/v1/logs', '/otlp/v1/traces']),
  );
});
