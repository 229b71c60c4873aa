import { Path } from '@moq/net';
import { relay as schema } from '@moq-observability/moq-metrics';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startProxy } from './network-fixture.ts';
import { createRelay, type Relay } from './relay.ts';
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
} from './relay-fixture.ts';
import { dialWebSocket } from './transport/websocket-client.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SESSION = '0e37df36-f698-11e6-8dd4-cb9ced3df976';

let relay: Relay;
let text: string;

quietConsole();

beforeEach(async () => {
  text = '';
  relay = await createRelay(
    { port: 0, opsHosts: [], processMetrics: false },
    pino({ level: 'debug', base: null, timestamp: false }, { write: (line: string) => (text += line) }),
  );
});

afterEach(async () => {
  await relay.close();
});

type Line = Readonly<Record<string, unknown>>;

function lines(): Line[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** The line that says this, as soon as it is there. */
async function line(message: string): Promise<Line> {
  await until(() => lines().some(({ msg }) => msg === message));
  return lines().find(({ msg }) => msg === message)!;
}

describe('what the log tells of a session', () => {
  test('comes with its ids, and without its secrets', async () => {
    const query = `jwt=very-secret&session=${SESSION}&traceparent=00-${TRACE}-00f067aa0ba902b7-01`;
    const publisher = await connect(relay, { path: `/anon?${query}`, transport: 'webtransport' });
    await publish(relay, publisher, 'bbb', new TestBroadcast(), 'anon/bbb');
    const viewer = await connect(relay);
    viewer.consume(Path.from('anon/bbb')).subscribe('video').close();
    publisher.close();

    const ids = { 'session.id': SESSION, trace_id: TRACE, 'network.transport.name': 'webtransport' };
    const opened = await line('session opened');
    expect(opened).toMatchObject({ ...ids, 'moq.version': 'moq-lite-05', 'url.path': '/anon' });
    const announced = await line('broadcast announced');
    expect(announced).toMatchObject({ ...ids, 'moq.broadcast': 'anon/bbb' });
    const closed = await line('session closed');
    expect(closed).toMatchObject({ ...ids, reason: 'client' });
    expect(await line('broadcast ended')).toMatchObject({ ...ids, 'moq.broadcast': 'anon/bbb' });
    expect(opened['moq.relay.session.id']).toMatch(/^[\da-f-]{36}$/);
    expect(closed['moq.relay.session.id']).toBe(opened['moq.relay.session.id']);
    expect(text).not.toContain('very-secret');
    expect(text).not.toContain('00f067aa0ba902b7');
  });

  test('is one line each, whatever the peer sends', async () => {
    const publisher = await connect(relay);
    publisher.publish(Path.from('two\nlines {"msg":"session opened"}'), new TestBroadcast().producer);
    const failed = await line('announce failed');
    expect(failed['error']).toContain('two\\nlines');
    publisher.publish(Path.from('x'.repeat(2000)), new TestBroadcast().producer);
    await until(() => lines().filter(({ msg }) => msg === 'announce failed').length === 2);
    for (const { error } of lines()) expect(String(error ?? '').length).toBeLessThanOrEqual(256);
    expect(relay.announced()).toEqual([]);
  });
});

test('a peer that breaks the protocol is one line, which says how', async () => {
  const session = await dialWebSocket(relay.url, ['moq-lite-05']);
  const writer = (await session.createBidirectionalStream()).writable.getWriter();
  await writer.write(new Uint8Array([0x3f]));
  expect(await session.closed).toMatchObject({ closeCode: 0x3 });
  expect(await line('session closed')).toMatchObject({ reason: 'protocol_error', code: 0x3 });
  const violated = lines().filter(({ level }) => level === 40);
  expect(violated).toMatchObject([
    { msg: 'protocol violated', error: 'unknown stream type: 63', 'network.transport.name': 'websocket' },
  ]);
});

test('a session whose parameters are malformed is served, and counted', async () => {
  await using counting = await startRelay();
  const viewer = await connect(counting, { path: '/?session=1&traceparent=00-zz-zz-01' });
  await until(async () => (await metric(counting, schema.activeSessions)) === 1);
  expect(await metric(counting, schema.errors, { stage: 'accept' })).toBe(2);
  viewer.close();
});

test('a viewer whose transport takes nothing any more is let go, and nobody else', async () => {
  await using counting = await startRelay({ stuckLimit: 1, idleTimeout: 60, maxBacklogBytes: 500_000 });
  const broadcast = channel();
  await publish(counting, await connect(counting), 'demo/bbb', broadcast);
  const proxy = await startProxy(counting.url);
  const stuck = view(await connect({ url: proxy.url }), 'demo/bbb', 'hi');
  const video = view(await connect(counting), 'demo/bbb', 'hi');
  await until(async () => (await metric(counting, schema.activeSubscribers)) === 2);
  broadcast.write('hi', { groups: 1, frames: 1, bytes: 1000 });
  await until(() => stuck.frames === 1);
  proxy.freeze('to-client');
  let written = 0;
  await until(async () => {
    broadcast.write('hi', { groups: 1, frames: 5, bytes: 50_000 });
    written += 5;
    await until(() => video.frames === 1 + written);
    return (await metric(counting, schema.sessionsClosed, { reason: 'backpressure' })) === 1;
  });
  expect(await metric(counting, schema.activeSubscribers)).toBe(1);
  proxy[Symbol.dispose]();
});

test('a publisher that falls silent while it is watched is let go, if that is wanted', async () => {
  await using counting = await startRelay({ silenceLimit: 0.5 });
  const broadcast = channel();
  await publish(counting, await connect(counting), 'demo/bbb', broadcast);
  // Nobody watches: it need not send anything.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  expect(counting.announced()).toEqual(['demo/bbb']);
  const video = view(await connect(counting), 'demo/bbb', 'hi');
  await until(() => video.ended);
  expect(counting.announced()).toEqual([]);
  expect(await metric(counting, schema.sessionsClosed, { reason: 'idle' })).toBe(1);
});
