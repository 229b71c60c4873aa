import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { client, collector as own } from '@moq-observability/moq-metrics';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Collector, createCollector } from '../collector.ts';
import { scrape } from '../scrape-fixture.ts';
import { logsRequest, type Measured, metricsRequest, tracesRequest } from '../report-fixture.ts';
import type { SessionRow } from '../store/store.ts';

const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const TRACE = '0af7651916cd43dd8448eb211c80319c';

let collector: Collector;

function resourceOf(session: string, broadcast = 'demo/clock.hang'): Record<string, string> {
  return {
    'service.name': 'moq-player',
    'service.version': '1.2.3',
    'session.id': session,
    'moq.broadcast': broadcast,
    'moq.trace_id': TRACE,
    'network.transport.name': 'webtransport',
  };
}

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(new URL(path, collector.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': CHROME, ...headers },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({});
}

const stream = { namespace: 'demo', broadcast: 'demo/clock.hang' };

/** A report of a session that plays. */
async function report(
  session: string,
  sequence: number,
  { broadcast = 'demo/clock.hang', latency = 0.125, stalled = 0, more = [] as readonly Measured[] } = {},
): Promise<void> {
  const labels = { ...stream, broadcast };
  const measured: Measured[] = [
    [client.watchedSeconds, labels, 10],
    [client.stalledSeconds, labels, stalled],
    [client.rebufferCount, labels, stalled > 0 ? 1 : 0],
    [client.latency, labels, [latency, latency]],
    [client.bufferLength, { ...labels, track_type: 'video' }, [0.25]],
    [client.bufferLength, { ...labels, track_type: 'audio' }, [0.5]],
    [client.bitrate, { ...labels, track_type: 'video' }, [3_000_000]],
    [client.bitrate, { ...labels, track_type: 'audio' }, [100_000]],
    ...more,
  ];
  const body = metricsRequest(measured, { resource: resourceOf(session, broadcast) });
  await post('v1/metrics', body, { 'moq-report': `${session}/${sequence}` });
}

/** The first report of a session that has started. */
function start(session: string, options: Parameters<typeof report>[2] = {}): Promise<void> {
  const labels = { ...stream, broadcast: options?.broadcast ?? stream.broadcast };
  return report(session, 1, {
    ...options,
    more: [
      [client.playAttempts, labels, 1],
      [client.playOutcomes, { ...labels, outcome: 'started' }, 1],
      [client.startupTime, { ...labels, transport: 'webtransport' }, [0.5]],
    ],
  });
}

async function get<T>(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: T }> {
  const response = await fetch(new URL(path, collector.opsUrl), { headers });
  return { status: response.status, body: (await response.json()) as T };
}

/** Events that a player tells. */
function tell(...events: Parameters<typeof logsRequest>[0]): Promise<void> {
  return post('v1/logs', logsRequest(events, resourceOf('session-a')));
}

/** The last characters of the sessions a list has. */
async function ids(query: string): Promise<string> {
  const { status, body } = await get<Listed>(`api/sessions?${query}`);
  expect(status, query).toBe(200);
  return body.sessions.map(({ sessionId }) => sessionId.slice(8)).join('');
}

async function status(authorization?: string): Promise<number> {
  const headers = authorization === undefined ? {} : { authorization };
  return (await fetch(new URL('health', collector.opsUrl), { headers })).status;
}

interface Listed {
  readonly sessions: readonly SessionRow[];
  readonly cursor?: string;
}

describe('without a store', () => {
  beforeEach(async () => {
    collector = await createCollector({ port: 0, opsPort: 0, maxListeners: 2 });
  });

  afterEach(() => collector.close());

  test('a session is there at once, with what its report said', async () => {
    await start('session-a', { stalled: 1.5 });
    const { status, body } = await get<{ session: SessionRow }>('api/sessions/session-a');
    expect(status).toBe(200);
    expect(body.session).toMatchObject({
      sessionId: 'session-a',
      namespace: 'demo',
      broadcast: 'demo/clock.hang',
      state: 'playing',
      outcome: 'started',
      traceId: TRACE,
      transport: 'webtransport',
      browser: 'chrome',
      device: 'desktop',
      region: 'unknown',
      playerVersion: '1.2.3',
      startupSeconds: 0.5,
      latencySeconds: 0.125,
      bufferSeconds: 0.25,
      bitrate: 3_100_000,
      watchedSeconds: 10,
      stalledSeconds: 1.5,
      stalls: 1,
      reports: 1,
    });
    expect(body).toMatchObject({
      samples: [{ sequence: 1, watchedSeconds: 10 }],
      events: [],
      spans: [],
      logs: [],
    });
  });

  test('events change its state, the latest by the player, whatever order they come in', async () => {
    const now = Date.now();
    const state = async (): Promise<string> =>
      (await get<{ session: SessionRow }>('api/sessions/session-a')).body.session.state;
    await tell(['session.start', now], ['playback.intent', now + 1]);
    expect(await state()).toBe('loading');
    await tell(['playback.started', now + 500, { 'moq.track': 'video/720p' }]);
    expect(await state()).toBe('playing');
    await tell(['stall.start', now + 2_000]);
    expect(await state()).toBe('stalled');
    await report('session-a', 1);
    expect(await state()).toBe('stalled');
    await tell(['playback.paused', now + 4_000], ['stall.end', now + 3_000]);
    expect(await state()).toBe('paused');
    await tell(
      ['playback.resumed', now + 5_000],
      ['quality.switch', now + 5_500, { 'moq.track': 'video/360p' }],
    );
    await tell(['playback.error', now + 6_000, { 'error.type': 'decode' }], ['session.end', now + 6_001]);
    await report('session-a', 2);
    const { body } = await get<{ session: SessionRow; events: { eventName: string }[] }>(
      'api/sessions/session-a',
    );
    expect(body.session).toMatchObject({
      state: 'ended',
      rendition: 'video/360p',
      lastError: 'decode',
      watchedSeconds: 20,
    });
    expect(body.session.endedAt).toBeGreaterThanOrEqual(now);
    expect(body.events.map(({ eventName }) => eventName)).toEqual([
      'session.start',
      'playback.intent',
      'playback.started',
      'stall.start',
      'stall.end',
      'playback.paused',
      'playback.resumed',
      'quality.switch',
      'playback.error',
      'session.end',
    ]);
  });

  test('the span of its start tells the trace and how long it took', async () => {
    await post(
      'v1/traces',
      tracesRequest(
        [{ name: 'playback.startup', traceId: TRACE, spanId: 'b7ad6b7169203331', milliseconds: 350 }],
        resourceOf('session-a'),
      ),
    );
    const { body } = await get<{ session: SessionRow; spans: object[] }>('api/sessions/session-a');
    expect(body.session).toMatchObject({ traceId: TRACE, startupSeconds: 0.35, state: 'loading' });
    expect(body.spans).toMatchObject([{ name: 'playback.startup', duration: 350, sessionId: 'session-a' }]);
  });

  test('a relay speaks of sessions, not for them', async () => {
    const resource = { ...resourceOf('session-a'), 'service.name': 'moq-relay' };
    await post('v1/logs', logsRequest([['session.end', Date.now()]], resource));
    expect((await get('api/sessions/session-a')).status).toBe(404);
  });

  test('sessions are listed by filter, order and page', async () => {
    for (let i = 0; i < 7; i++) {
      await start(`session-${i}`, { latency: 0.0625 * (i + 1), broadcast: i % 2 ? 'demo/odd' : 'demo/even' });
    }
    expect(await ids('sort=latency')).toBe('6543210');
    expect(await ids('sort=-latency')).toBe('0123456');
    expect(await ids('sort=-latency&broadcast=demo/odd')).toBe('135');
    expect(await ids('sort=-latency&state=playing&transport=webtransport&browser=chrome')).toBe('0123456');
    expect(await ids('state=stalled')).toBe('');
    expect(await ids('browser=safari')).toBe('');
    expect(await ids('sort=-latency&region=unknown')).toBe('0123456');
    expect(await ids('region=eu')).toBe('');
    await report('session-3', 2, { more: [[client.playbackFailures, { ...stream, error: 'decode' }, 1]] });
    expect(await ids('errors=true')).toBe('3');
    expect(await ids('sort=-latency&errors=false')).toBe('012456');
    expect(await ids('q=ION-4')).toBe('4');
    expect(await ids('sort=-latency&live=true&min_latency=0.25')).toBe('456');
    expect(await ids('live=false')).toBe('');
    expect(await ids('min_stalls=1')).toBe('');
    await report('session-3', 3, { latency: 0.25, broadcast: 'demo/odd' });
    let cursor: string | undefined = '';
    const pages: string[] = [];
    while (cursor !== undefined) {
      const { body }: { body: Listed } = await get(`api/sessions?sort=latency&limit=3&cursor=${cursor}`);
      pages.push(body.sessions.map(({ sessionId }) => sessionId.slice(8)).join(''));
      ({ cursor } = body);
    }
    expect(pages.join(' ').trim()).toBe('654 321 0');
  });

  test('streams are summed up over who watches now', async () => {
    await start('session-a', { latency: 0.125, stalled: 2.5 });
    await start('session-b', { latency: 0.375 });
    await start('session-c', { broadcast: 'other/one' });
    const { body } = await get<{ fleet: object; streams: object[] }>('api/streams');
    expect(body.fleet).toMatchObject({
      streams: 2,
      viewers: 3,
      sessions: { playing: 3 },
      latency: { p50: 0.125, p95: 0.375 },
      bandwidth: 9_300_000,
    });
    expect(body.streams).toMatchObject([
      {
        namespace: 'demo',
        broadcast: 'demo/clock.hang',
        viewers: 2,
        sessions: { loading: 0, playing: 2, stalled: 0, paused: 0 },
        latency: { mean: 0.25, p50: 0.125, p95: 0.375 },
        buffer: 0.25,
        bitrate: 3_100_000,
        bandwidth: 6_200_000,
        startup: 0.5,
        stalledRatio: 0.125,
        stalls: 1,
      },
      { broadcast: 'other/one', viewers: 1 },
    ]);
    const page = await scrape(collector);
    expect(page.value(client.activeSessions, { ...stream, state: 'playing' })).toBe(2);
    expect(page.value(own.sessions, { state: 'playing' })).toBe(3);
  });

  test('a session exports as one file', async () => {
    await start('session-a');
    const response = await fetch(new URL('api/sessions/session-a/export', collector.opsUrl));
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="session-session-a.json"');
    const all = (await get('api/sessions/session-a')).body;
    expect(await response.json()).toEqual(all);
  });

  test('what changes is told as it happens, and only so many listen', async () => {
    const live = await listen('api/live');
    const one = await listen('api/live?session=session-b&sessions=true');
    expect((await fetch(new URL('api/live', collector.opsUrl))).status).toBe(503);
    const sent = performance.now();
    await start('session-a');
    const { sessions } = await live.until('sessions', (rows: SessionRow[]) => ({ sessions: rows }));
    expect(performance.now() - sent).toBeLessThan(1_000);
    expect(sessions).toMatchObject([{ sessionId: 'session-a', state: 'playing' }]);
    await live.until('fleet', (fleet: { viewers: number }) => fleet.viewers === 1 || undefined);
    await live.until('streams', (streams: { viewers: number }[]) => streams[0]?.viewers === 1 || undefined);
    await start('session-b');
    const only = await one.until('sessions', (rows: SessionRow[]) => rows);
    expect(only.map(({ sessionId }) => sessionId)).toEqual(['session-b']);
    live.close();
    one.close();
    await expect
      .poll(async () => {
        const again = await fetch(new URL('api/live', collector.opsUrl));
        await again.body?.cancel();
        return again.status;
      })
      .toBe(200);
  });

  test('the log is told as it comes, by filter', async () => {
    const tail = await listen('api/logs/tail?q=STALL&level=info');
    await post(
      'v1/logs',
      logsRequest(
        [
          ['session.start', 1],
          ['stall.start', 2],
        ],
        resourceOf('session-a'),
      ),
    );
    const logs = await tail.until('logs', (rows: { eventName: string }[]) => rows);
    expect(logs).toMatchObject([
      { eventName: 'stall.start', sessionId: 'session-a', serviceName: 'moq-player' },
    ]);
    tail.close();
  });

  const questions: [string, number, string][] = [
    ['api/nope', 404, 'there is nothing here'],
    ['api/sessions/unknown-session', 404, 'there is no such session'],
    ['api/sessions/%E0%A4%A', 404, 'there is nothing here'],
    ['api/sessions?limit=0', 400, 'limit'],
    ['api/sessions?limit=many', 400, 'limit'],
    ['api/sessions?sort=luck', 400, 'sort'],
    ['api/sessions?state=lucky', 400, 'state'],
    ['api/sessions?nonsense=1', 400, 'nonsense'],
    ['api/sessions?cursor=nonsense', 400, 'cursor'],
    ['api/logs?trace_id=xyz', 400, 'trace_id'],
    ['api/logs', 503, 'there is no store'],
    ['api/traces', 503, 'there is no store'],
    ['api/traces/xyz', 400, 'a trace id has 32 hex digits'],
    ['api/live?sessions=maybe', 400, 'sessions'],
    ['prometheus/api/v1/query?query=up', 503, 'no Prometheus is configured'],
    ['alertmanager/api/v2/alerts', 503, 'no Alertmanager is configured'],
  ];
  test.each(questions)('%s is answered with %i', async (path, status, title) => {
    const response = await fetch(new URL(path, collector.opsUrl));
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toEqual({
      type: 'about:blank',
      status,
      title: expect.stringContaining(title),
    });
  });

  test('nothing can be changed', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await fetch(new URL('api/sessions', collector.opsUrl), { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

test('a session that falls silent is lost after three heartbeats, and forgotten later', async () => {
  collector = await createCollector({ port: 0, opsPort: 0, sessionExpirySeconds: 5 });
  const end = Date.now();
  const body = metricsRequest([[client.watchedSeconds, stream, 1]], {
    resource: resourceOf('session-a'),
    start: end - 1_000,
    end,
  });
  await post('v1/metrics', body, { 'moq-report': 'session-a/1' });
  const state = async (): Promise<unknown> =>
    (await get<{ session?: SessionRow }>('api/sessions/session-a')).body.session?.state;
  await expect.poll(state, { timeout: 5_000 }).toBe('lost');
  expect((await get<{ streams: [] }>('api/streams')).body.streams).toEqual([]);
  await expect.poll(state, { timeout: 10_000 }).toBeUndefined();
  await collector.close();
});

describe('with a token', () => {
  const token = 'a-long-enough-secret';

  beforeEach(async () => {
    collector = await createCollector({
      port: 0,
      opsPort: 0,
      opsToken: token,
      opsHosts: ['127.0.0.1', '::1'],
    });
  });

  afterEach(() => collector.close());

  test('it is asked for, as bearer or as password', async () => {
    expect(await status()).toBe(401);
    expect(await status('Bearer wrong')).toBe(401);
    expect(await status(`Bearer ${token}`)).toBe(200);
    expect(await status(`Basic ${Buffer.from(`me:${token}`).toString('base64')}`)).toBe(200);
  });

  test('on every address', async () => {
    const there = new URL(`http://[::1]:${collector.opsUrl.port}/health`);
    expect((await fetch(there, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    expect((await fetch(there)).status).toBe(401);
  });
});

describe('with a store', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'moq-api-'));
    collector = await createCollector({ port: 0, opsPort: 0, dataDir: folder });
  });

  afterAll(async () => {
    await collector.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('a whole session is found again: samples, events, spans, logs', { timeout: 90_000 }, async () => {
    await expect
      .poll(async () => (await get<{ store: { state: string } }>('health')).body.store.state, {
        timeout: 60_000,
      })
      .toBe('ready');
    await start('stored-session');
    await report('stored-session', 2, { stalled: 1 });
    await report('stored-session', 2, { stalled: 1 });
    const resource = resourceOf('stored-session');
    await post('v1/logs', logsRequest([['stall.start', Date.now()]], resource));
    const relay = { 'service.name': 'moq-relay', 'session.id': 'stored-session' };
    await post('v1/logs', logsRequest([['', Date.now()]], relay));
    const spans = [
      { name: 'playback.startup', traceId: TRACE, spanId: 'b7ad6b7169203331', milliseconds: 500 },
      { name: 'moq.connect', traceId: TRACE, spanId: 'b7ad6b7169203332', milliseconds: 50 },
    ];
    await post('v1/traces', tracesRequest(spans, resource));
    await post(
      'v1/traces',
      tracesRequest(
        [{ name: 'moq.session', traceId: TRACE, spanId: 'c7ad6b7169203331', milliseconds: 5 }],
        relay,
      ),
    );
    interface Timeline {
      readonly samples: readonly object[];
      readonly events: readonly object[];
      readonly spans: readonly object[];
      readonly logs: readonly object[];
    }
    const shape = async (): Promise<readonly number[]> => {
      const { samples, events, spans, logs } = (await get<Timeline>('api/sessions/stored-session')).body;
      return [samples.length, events.length, spans.length, logs.length];
    };
    expect(await shape()).toEqual([2, 1, 3, 1]);
    await expect
      .poll(
        async () => (await get<{ logs: object[] }>(`api/logs?session=stored-session`)).body.logs?.length,
        {
          timeout: 10_000,
        },
      )
      .toBe(2);
    expect(await shape()).toEqual([2, 1, 3, 1]);
    const trace = await get<{ spans: { name: string }[] }>(`api/traces/${TRACE}`);
    expect(trace.body.spans.map(({ name }) => name).toSorted()).toEqual([
      'moq.connect',
      'moq.session',
      'playback.startup',
    ]);
    const found = await get<{ traces: object[] }>('api/traces?service=moq-player&min_duration=400');
    expect(found.body.traces).toMatchObject([{ traceId: TRACE, spans: 3 }]);
    expect((await get<{ traces: object[] }>('api/traces?error=true')).body.traces).toEqual([]);
    expect((await get(`api/traces/${'f'.repeat(32)}`)).status).toBe(404);
  });
});

interface Stream {
  /** The first event of a kind that `pick` makes something of. */
  until<Data, T>(event: string, pick: (data: Data) => T | undefined): Promise<T>;
  close(): void;
}

/** Reads server-sent events. */
async function listen(path: string): Promise<Stream> {
  const closed = new AbortController();
  const response = await fetch(new URL(path, collector.opsUrl), { signal: closed.signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let buffered = '';
  return {
    async until<Data, T>(event: string, pick: (data: Data) => T | undefined) {
      for (;;) {
        const end = buffered.indexOf('\n\n');
        if (end < 0) {
          const { value, done } = await reader.read();
          if (done) throw new Error('the stream ended');
          buffered += value;
          continue;
        }
        const text = buffered.slice(0, end);
        buffered = buffered.slice(end + 2);
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(text) ?? [];
        const picked = name === event ? pick(JSON.parse(data!) as Data) : undefined;
        if (picked !== undefined) return picked;
      }
    },
    close: () => closed.abort(),
  };
}
