import { request } from 'node:http';
import { relay as schema } from '@moq-observability/moq-metrics';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RelayOptions } from '../config.ts';
import type { Relay } from '../relay.ts';
import {
  channel,
  connect,
  metric,
  publish,
  quietConsole,
  startRelay,
  TestBroadcast,
  until,
  view,
} from '../relay-fixture.ts';

let relay: Relay;

quietConsole();

beforeEach(async () => {
  relay = await startRelay();
});

afterEach(async () => {
  await relay.close();
});

async function restart(options: RelayOptions): Promise<void> {
  await relay.close();
  relay = await startRelay(options);
}

function ops(path = '/metrics'): URL {
  return new URL(path, relay.opsUrls[0]);
}

/** Sends any headers, also those that fetch keeps to itself. */
function ask(
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; headers: Readonly<Record<string, unknown>> }> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      response.resume();
      resolve({ status: response.statusCode!, headers: response.headers });
    })
      .once('error', reject)
      .end();
  });
}

describe('the public port', () => {
  test('tells the time, to pages from anywhere', async () => {
    const before = Date.now();
    const response = await fetch(new URL('/time', relay.url));
    const { now } = (await response.json()) as { now: number };
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThan(Date.now() + 1);
  });

  test('lists broadcasts, all of them or those below a path', async () => {
    const publisher = await connect(relay);
    for (const path of ['b/two', 'a/one', 'a/x/three', 'ab/four']) {
      await publish(relay, publisher, path, new TestBroadcast());
    }
    const list = async (path: string): Promise<unknown> => (await fetch(new URL(path, relay.url))).json();
    expect(await list('/announced')).toEqual(['a/one', 'a/x/three', 'ab/four', 'b/two']);
    expect(await list('/announced/')).toEqual(['a/one', 'a/x/three', 'ab/four', 'b/two']);
    expect(await list('/announced/a')).toEqual(['a/one', 'a/x/three']);
    expect(await list('/announced/a/one')).toEqual(['a/one']);
    expect(await list('/announced/c')).toEqual([]);
  });

  test('tells the hash of the certificate, where there is QUIC', async () => {
    const response = await fetch(new URL('/certificate.sha256', relay.url));
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.text()).toMatch(/^[\da-f]{64}$/);
    await restart({ transports: ['websocket'] });
    expect((await fetch(new URL('/certificate.sha256', relay.url))).status).toBe(404);
  });

  test('tells how it is', async () => {
    const response = await fetch(new URL('/health', relay.url));
    expect(await response.json()).toMatchObject({ status: 'ok', sessions: 0, broadcasts: 0 });
  });

  test('has nothing else', async () => {
    expect((await fetch(new URL('/metrics', relay.url))).status).toBe(404);
    expect((await fetch(new URL('/%zz', relay.url))).status).toBe(400);
    expect((await fetch(new URL('/time', relay.url), { method: 'POST' })).status).toBe(405);
    const head = await fetch(new URL('/time', relay.url), { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});

describe('the ops port', () => {
  test('shows metrics, as plain text or as OpenMetrics', async () => {
    const plain = await fetch(ops());
    expect(plain.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await plain.text()).toContain(`${schema.activeSessions.name}{transport="websocket"} 0`);
    const open = await fetch(ops(), { headers: { accept: 'application/openmetrics-text' } });
    expect(open.headers.get('content-type')).toContain('application/openmetrics-text');
    expect(await open.text()).toMatch(/# EOF\n$/);
  });

  test('answers to its own names only', async () => {
    const { port } = ops();
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'localhost', '[::1]:1']) {
      expect((await ask(ops(), { host })).status).toBe(200);
    }
    for (const host of ['evil.example', `127.0.0.1.evil.example:${port}`, 'localhost.evil.example']) {
      expect((await ask(ops(), { host })).status).toBe(403);
    }
    await restart({ opsAllowedHosts: ['Host.docker.internal'] });
    expect((await ask(ops(), { host: 'host.docker.internal:9464' })).status).toBe(200);
  });

  test('answers no page from elsewhere, and lets none read it', async () => {
    const { host } = ops();
    expect((await ask(ops(), { host, origin: 'https://evil.example' })).status).toBe(403);
    expect((await ask(ops(), { host, origin: 'null' })).status).toBe(403);
    const own = await ask(ops(), { host, origin: `http://${host}` });
    expect(own.status).toBe(200);
    expect(own.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('can ask for a token', async () => {
    const opsToken = 'a-token-of-enough-characters';
    await restart({ opsToken, opsHosts: ['0.0.0.0'] });
    const url = new URL(`http://127.0.0.1:${ops().port}/metrics`);
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    expect((await fetch(url, { headers: { authorization: `Bearer ${opsToken}` } })).status).toBe(200);
  });

  test('can be on several addresses, or on none', async () => {
    await restart({ opsHosts: ['127.0.0.1', '127.0.0.2'] });
    expect(new Set(relay.opsUrls.map(({ port }) => port)).size).toBe(1);
    for (const url of relay.opsUrls) expect((await fetch(new URL('/health', url))).status).toBe(200);
    await restart({ opsHosts: [] });
    expect(relay.opsUrls).toEqual([]);
  });
});

describe('/ready', () => {
  test('says no from the moment the relay is asked to end, while it still serves who is there', async () => {
    await restart({ drainDelay: 0.5 });
    const broadcast = channel();
    await publish(relay, await connect(relay), 'demo/bbb', broadcast);
    const video = view(await connect(relay), 'demo/bbb', 'hi');
    await until(async () => (await metric(relay, schema.activeSubscribers)) === 1);
    for (const url of [ops('/ready'), new URL('/ready', relay.url)]) {
      expect((await fetch(url)).status).toBe(200);
    }
    const closing = relay.close();
    for (const url of [ops('/ready'), new URL('/ready', relay.url)]) {
      const response = await fetch(url);
      expect(response.status).toBe(503);
      expect(await response.json()).toEqual({ ready: false });
    }
    expect((await fetch(ops('/health'))).status).toBe(200);
    await expect(connect(relay)).rejects.toThrow();
    broadcast.write('hi', { groups: 1, frames: 1, bytes: 10 });
    await until(() => video.frames === 1);
    await closing;
    expect(await (await relay.metrics()).text()).toContain(
      `${schema.sessionsClosed.name}{transport="websocket",reason="drain"} 2`,
    );
  });
});

describe('/sessions', () => {
  test('tells of each session what there is to know', async () => {
    const session = '0e37df36-f698-11e6-8dd4-cb9ced3df976';
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const publisher = await connect(relay);
    await publish(relay, publisher, 'demo/bbb', channel());
    const query = `session=${session}&traceparent=00-${trace}-00f067aa0ba902b7-01&jwt=very-secret`;
    const viewer = await connect(relay, { path: `/demo?${query}`, transport: 'webtransport' });
    view(viewer, 'bbb', 'hi');
    await until(async () => (await metric(relay, schema.activeSubscribers)) === 1);
    const text = await (await fetch(ops('/sessions'))).text();
    expect(text).not.toContain('very-secret');
    const { sessions, total } = JSON.parse(text) as { sessions: unknown[]; total: number };
    expect(total).toBe(2);
    expect(sessions).toMatchObject([
      { transport: 'websocket', version: 'moq-lite-05', path: '/', broadcasts: ['demo/bbb'] },
      {
        id: expect.stringMatching(/^[\da-f-]{36}$/),
        session_id: session,
        trace_id: trace,
        transport: 'webtransport',
        remote_address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        path: '/demo',
        age_ms: expect.any(Number),
        rtt_ms: expect.any(Number),
        queued_bytes: 0,
        subscriptions: [
          { broadcast: 'demo/bbb', track: 'hi', track_type: 'video', queued_bytes: 0, lag_ms: 0 },
        ],
        broadcasts: [],
      },
    ]);
  });

  test('is not for the public', async () => {
    expect((await fetch(new URL('/sessions', relay.url))).status).toBe(404);
  });
});
