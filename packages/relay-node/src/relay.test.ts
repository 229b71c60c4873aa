import { relay as schema, type TrackType } from '@moq-observability/moq-metrics';
import { Path } from '@moq/net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startProxy } from './network-fixture.ts';
import { createRelay, type Relay } from './relay.ts';
import {
  channel,
  connect,
  makeFrame,
  metric,
  publish,
  quietConsole,
  Received,
  startRelay,
  TestBroadcast,
  until,
  view,
} from './relay-fixture.ts';
import { dialWebSocket } from './transport/websocket-client.ts';

let relay: Relay;

quietConsole();

beforeEach(async () => {
  relay = await startRelay();
});

afterEach(async () => {
  await relay.close();
});

/** Opened and closed sessions, and how many are open by the difference and by the gauge. */
async function sessions(): Promise<{ opened: number; closed: number; active: number }> {
  const opened = await metric(relay, schema.sessions);
  const closed = await metric(relay, schema.sessionsClosed);
  const active = await metric(relay, schema.activeSessions);
  expect(opened - closed).toBe(active);
  return { opened, closed, active };
}

function viewers(broadcast = 'demo/bbb'): Promise<number> {
  return metric(relay, schema.activeSubscribers, { broadcast });
}

describe('announcements', () => {
  test('reach all sessions but the publisher, and end with it', async () => {
    const publisher = await connect(relay);
    const own = publisher.announced();
    const announced = (await connect(relay)).announced();
    await publish(relay, publisher, 'demo/bbb', channel());
    expect(await announced.next()).toEqual({ path: 'demo/bbb', active: true });
    publisher.close();
    expect(await announced.next()).toEqual({ path: 'demo/bbb', active: false });
    expect(relay.announced()).toEqual([]);
    expect(await own.next().catch(() => undefined)).toBeUndefined();
  });

  test('end when the publisher takes the broadcast back', async () => {
    const publisher = await connect(relay);
    const broadcast = channel();
    await publish(relay, publisher, 'demo/bbb', broadcast);
    const announced = (await connect(relay)).announced();
    expect(await announced.next()).toEqual({ path: 'demo/bbb', active: true });
    broadcast.close();
    expect(await announced.next()).toEqual({ path: 'demo/bbb', active: false });
    await until(async () => (await metric(relay, schema.activeStreams)) === 0);
  });

  test('stay below the path a session connected to', async () => {
    await publish(relay, await connect(relay, { path: '/anon' }), 'bbb', channel(), 'anon/bbb');
    const seen = async (path: string): Promise<string | undefined> => {
      const announced = (await connect(relay, { path })).announced();
      const timeout = new Promise<undefined>((resolve) => setTimeout(resolve, 200, undefined));
      return (await Promise.race([announced.next(), timeout]))?.path;
    };
    expect(await seen('/')).toBe('anon/bbb');
    expect(await seen('/anon')).toBe('bbb');
    expect(await seen('/anon/bbb')).toBe('');
    expect(await seen('/anonymous')).toBeUndefined();

    const viewer = await connect(relay, { path: '/anon/' });
    const catalog = view(viewer, 'bbb', 'catalog.json');
    await until(() => catalog.frames === 1);
  });

  test('of many broadcasts at once all arrive', async () => {
    const publisher = await connect(relay);
    const announced = (await connect(relay)).announced();
    for (let i = 0; i < 50; i++) {
      publisher.publish(Path.from(`demo/${i}`), channel().producer);
      if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
    }
    const paths = new Set<string>();
    for (let i = 0; i < 50; i++) paths.add((await announced.next())!.path);
    expect(paths.size).toBe(50);
  });

  test('of the same path by another publisher replace the first one', async () => {
    const [first, second, viewer] = [await connect(relay), await connect(relay), await connect(relay)];
    const [before, after] = [channel(), channel()];
    await publish(relay, first, 'demo/bbb', before);
    const announced = viewer.announced();
    expect(await announced.next()).toEqual({ path: 'demo/bbb', active: true });
    const old = view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await viewers()) === 1);
    before.write('hi', { groups: 1, frames: 1, bytes: 10 });
    await until(() => old.frames === 1);

    second.publish(Path.from('demo/bbb'), after.producer);
    expect(await announced.next()).toEqual({ path: 'demo/bbb', active: false });
    expect(await announced.next()).toEqual({ path: 'demo/bbb', active: true });
    await until(() => old.ended);
    const video = view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await viewers()) === 1);
    after.write('hi', { groups: 1, frames: 3, bytes: 10 });
    await until(() => video.frames === 3);

    // What becomes of the first one is of no interest any more.
    before.close();
    first.close();
    await until(async () => (await sessions()).active === 2);
    expect(relay.announced()).toEqual(['demo/bbb']);
    after.write('hi', { groups: 1, frames: 3, bytes: 10 });
    await until(() => video.frames === 6);
    expect(await metric(relay, schema.activeStreams, { namespace: 'demo' })).toBe(1);
  });
});

describe('late joiners', () => {
  test('start with the first frame of the newest group', async () => {
    const broadcast = channel();
    await publish(relay, await connect(relay), 'demo/bbb', broadcast);
    const early = view(await connect(relay), 'demo/bbb', 'hi');
    await until(async () => (await viewers()) === 1);
    broadcast.write('hi', { groups: 2, frames: 1, bytes: 10 });
    const group = broadcast.track('hi').appendGroup();
    group.writeFrame(makeFrame(7, 10));
    group.writeFrame(makeFrame(8, 10));
    await until(() => early.frames === 4);

    const late = view(await connect(relay), 'demo/bbb', 'hi');
    await until(() => late.frames === 2);
    group.writeFrame(makeFrame(9, 10));
    await until(() => late.frames === 3);
    expect([...late.content]).toEqual([[2, [7, 8, 9]]]);
    expect(await metric(relay, schema.groupsReceived, { track_type: 'video' })).toBe(3);
    expect(await metric(relay, schema.framesSent, { track_type: 'video' })).toBe(8);
  });

  test('get the catalog at once, however long ago it was sent', async () => {
    const broadcast = channel();
    await publish(relay, await connect(relay), 'demo/bbb', broadcast);
    await until(async () => (await metric(relay, schema.framesReceived)) === 1);
    // Past the time that the publisher keeps its groups for.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    for (let i = 0; i < 2; i++) {
      const catalog = view(await connect(relay), 'demo/bbb', 'catalog.json');
      await until(() => catalog.frames === 1);
    }
    expect(await metric(relay, schema.groupsReceived)).toBe(1);
    expect(await viewers()).toBe(0);
  });
});

describe('viewers', () => {
  test('are sessions with a media subscription', async () => {
    const broadcast = channel();
    await publish(relay, await connect(relay), 'demo/bbb', broadcast);
    await until(async () => (await metric(relay, schema.framesReceived)) === 1);
    expect(await viewers()).toBe(0);

    const viewer = await connect(relay);
    const subscriptions = ['catalog.json', 'hi', 'sound-of-a-long-name'].map((track) =>
      view(viewer, 'demo/bbb', track),
    );
    await until(async () => (await metric(relay, schema.activeSubscriptions)) === 3);
    expect(await viewers()).toBe(1);
    for (const type of ['catalog', 'video', 'audio'] as const) {
      expect(await metric(relay, schema.activeSubscriptions, { track_type: type })).toBe(1);
    }
    const other = view(await connect(relay), 'demo/bbb', 'hi');
    await until(async () => (await viewers()) === 2);

    other.subscription.close();
    await until(async () => (await viewers()) === 1);
    subscriptions[1]!.subscription.close();
    await until(async () => (await metric(relay, schema.activeSubscriptions)) === 2);
    expect(await viewers()).toBe(1);
    viewer.close();
    await until(async () => (await viewers()) === 0);
    expect(await metric(relay, schema.activeSubscriptions)).toBe(0);
    expect(await metric(relay, schema.sessionsClosed, { reason: 'client' })).toBe(1);
  });

  test('share one subscription at the publisher, which ends with the last of them', async () => {
    const broadcast = channel();
    await publish(relay, await connect(relay), 'demo/bbb', broadcast);
    const { used } = broadcast.track('hi');
    const one = view(await connect(relay), 'demo/bbb', 'hi');
    const two = view(await connect(relay), 'demo/bbb', 'hi');
    await until(async () => (await viewers()) === 2);
    expect(used.peek()).toBe(true);
    broadcast.write('hi', { groups: 1, frames: 2, bytes: 10 });
    await until(() => one.frames === 2 && two.frames === 2);
    expect(await metric(relay, schema.framesReceived, { track_type: 'video' })).toBe(2);
    one.subscription.close();
    two.subscription.close();
    await until(() => !used.peek());
    // The relay's own subscription of the catalog stays.
    expect(broadcast.track('catalog.json').used.peek()).toBe(true);
  });

  test('are seen by what the catalog says of a track now, not by what it said before', async () => {
    const broadcast = new TestBroadcast();
    broadcast.track('catalog.json');
    broadcast.track('0');
    await publish(relay, await connect(relay), 'demo/bbb', broadcast);
    const active = (type: TrackType): Promise<number> =>
      metric(relay, schema.activeSubscriptions, { track_type: type });
    const before = view(await connect(relay), 'demo/bbb', '0');
    await until(async () => (await active('other')) === 1);
    broadcast.catalog({ video: ['0'] });
    await until(async () => (await metric(relay, schema.framesReceived, { track_type: 'catalog' })) === 1);
    view(await connect(relay), 'demo/bbb', '0');
    await until(async () => (await active('video')) === 1);
    expect(await active('other')).toBe(1);
    before.subscription.close();
    await until(async () => (await active('other')) === 0);
    expect(await active('video')).toBe(1);
  });

  test('of a track that does not exist are told so, and leave no trace', async () => {
    const broadcast = channel();
    void (async () => {
      for (;;) {
        const request = await broadcast.producer.requested();
        if (!request) break;
        request.reject(new Error('no such track'));
      }
    })();
    await publish(relay, await connect(relay), 'demo/bbb', broadcast);
    const viewer = await connect(relay);
    const nothing = view(viewer, 'demo/bbb', 'nothing');
    await until(() => nothing.ended);
    expect(nothing.error).toBeDefined();
    expect(await metric(relay, schema.errors, { stage: 'subscribe' })).toBe(1);
    expect(await metric(relay, schema.activeSubscriptions)).toBe(0);
    expect(await viewers()).toBe(0);
    const unknown = view(viewer, 'demo/unknown', 'hi');
    await until(() => unknown.ended);
    const video = view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await viewers()) === 1);
    expect(video.ended).toBe(false);
  });

  test('of a publisher that never sends wait, and leave as they like', async () => {
    const broadcast = channel();
    await publish(relay, await connect(relay), 'demo/bbb', broadcast);
    const viewer = await connect(relay);
    view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await viewers()) === 1);
    viewer.close();
    await until(async () => (await viewers()) === 0);
    expect((await sessions()).active).toBe(1);
  });
});

describe('sessions', () => {
  test('that fall silent are over after the idle timeout', async () => {
    await relay.close();
    relay = await startRelay({ idleTimeout: 0.5 });
    const proxy = await startProxy(relay.url);
    await publish(relay, await connect(relay), 'demo/bbb', channel());
    const viewer = await connect({ url: proxy.url });
    view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await viewers()) === 1);
    // A session that says nothing of its own accord is kept alive.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await viewers()).toBe(1);
    proxy.freeze('all');
    await until(async () => (await viewers()) === 0);
    expect(await metric(relay, schema.sessionsClosed, { reason: 'idle' })).toBe(1);
    expect((await sessions()).active).toBe(1);
    proxy[Symbol.dispose]();
  });

  test('that are cut off are over at once', async () => {
    const url = new URL('/', relay.url);
    const socket = new WebSocket(url.href.replace('http', 'ws'), 'qmux-01.moq-lite-05');
    await new Promise((resolve) => socket.once('open', resolve));
    await until(async () => (await sessions()).active === 1);
    socket.terminate();
    await until(async () => (await sessions()).active === 0);
    expect(await metric(relay, schema.sessionsClosed, { reason: 'client' })).toBe(1);
  });

  test('end with the relay, and the ports are free again', async () => {
    const publisher = await connect(relay);
    await publish(relay, publisher, 'demo/bbb', channel());
    const viewer = await connect(relay);
    view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await viewers()) === 1);
    const { port } = relay.url;
    const closed = [publisher.closed, viewer.closed];
    await relay.close();
    await Promise.allSettled(closed);
    const page = await (await relay.metrics()).text();
    expect(page).toContain(`${schema.sessionsClosed.name}{transport="websocket",reason="drain"} 2`);
    expect(page).toContain(`${schema.activeSessions.name}{transport="websocket"} 0`);
    expect(page).toContain(`${schema.activeSubscribers.name}{namespace="demo",broadcast="demo/bbb"} 0`);
    relay = await startRelay({ port: Number(port) });
    expect(relay.url.port).toBe(port);
  });

  test('that do not finish setup are cut', async () => {
    await relay.close();
    relay = await startRelay({ setupTimeout: 0.2 });
    const silent = await dialWebSocket(relay.url, ['moql']);
    await silent.closed.catch(() => {});
    expect(await metric(relay, schema.errors, { stage: 'setup' })).toBe(1);
    expect(await sessions()).toEqual({ opened: 0, closed: 0, active: 0 });
  });

  test('cannot have a path that no broadcast can have', async () => {
    await expect(dialWebSocket(new URL('/a%00b', relay.url), ['moq-lite-05'])).rejects.toThrow();
    expect(await metric(relay, schema.errors, { stage: 'accept' })).toBe(1);
    expect(await sessions()).toEqual({ opened: 0, closed: 0, active: 0 });
  });
});

test('many viewers that come and go in every way leave nothing behind', async () => {
  const broadcast = channel();
  const publisher = await connect(relay);
  await publish(relay, publisher, 'demo/bbb', broadcast);
  const writing = setInterval(() => broadcast.write('hi', { groups: 1, frames: 5, bytes: 1000 }), 5);
  const visit = async (i: number): Promise<void> => {
    const transport = i % 2 === 0 ? 'websocket' : 'webtransport';
    const protocol = ['moq-lite-05', 'moq-lite-04', 'moqt-18'][i % 3]!;
    const viewer = await connect(relay, { transport, protocol });
    const video = view(viewer, 'demo/bbb', 'hi');
    if (i % 4 !== 0) await until(() => video.frames > 0);
    if (i % 5 === 0) video.subscription.close();
    viewer.close();
  };
  for (let wave = 0; wave < 4; wave++) {
    await Promise.all(Array.from({ length: 15 }, (_, i) => visit(wave * 15 + i)));
  }
  clearInterval(writing);
  await until(async () => (await sessions()).active === 1);
  expect(await viewers()).toBe(0);
  expect(await metric(relay, schema.activeSubscriptions)).toBe(0);
  expect(await metric(relay, schema.sessionsClosed, { reason: 'client' })).toBe(60);
  await until(() => !broadcast.track('hi').used.peek());
  publisher.close();
  await until(async () => (await sessions()).active === 0);
  expect(await metric(relay, schema.activeStreams)).toBe(0);
});

describe('limits', () => {
  test('on sessions turn the next one away', async () => {
    await relay.close();
    relay = await startRelay({ maxSessions: 2 });
    await connect(relay);
    const second = await connect(relay);
    await expect(connect(relay)).rejects.toThrow();
    second.close();
    await until(async () => (await sessions()).active === 1);
    await connect(relay);
  });

  test('on broadcasts leave the others alone', async () => {
    await relay.close();
    relay = await startRelay({ maxBroadcastsPerSession: 2, maxPathBytes: 20 });
    const publisher = await connect(relay);
    for (const name of ['one', 'two', 'three']) publisher.publish(Path.from(name), channel().producer);
    publisher.publish(Path.from('x'.repeat(21)), channel().producer);
    await until(async () => (await metric(relay, schema.errors, { stage: 'announce' })) === 2);
    expect(relay.announced()).toEqual(['one', 'two']);
    const other = await connect(relay);
    await publish(relay, other, 'three', channel());
  });

  test.each([
    ['subscriptions of a session', { maxSubscriptionsPerSession: 1 }],
    ['tracks of a broadcast', { maxTracksPerBroadcast: 2 }],
    ['the name of a track', { maxTrackNameBytes: 16 }],
  ])('on %s refuse that request only', async (_, limits) => {
    await relay.close();
    relay = await startRelay(limits);
    await publish(relay, await connect(relay), 'demo/bbb', channel());
    await until(async () => (await metric(relay, schema.framesReceived)) === 1);
    const viewer = await connect(relay);
    view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await viewers()) === 1);
    const refused = view(viewer, 'demo/bbb', 'sound-of-a-long-name');
    await until(() => refused.ended);
    expect(await metric(relay, schema.errors, { stage: 'subscribe' })).toBe(1);
    expect(await metric(relay, schema.activeSubscriptions)).toBe(1);
  });
});

/** A viewer of a broadcast, both of which the returned function finds in good health. */
async function bystander(): Promise<() => Promise<void>> {
  const broadcast = channel();
  await publish(relay, await connect(relay), 'demo/bbb', broadcast);
  const video = view(await connect(relay), 'demo/bbb', 'hi');
  await until(async () => (await viewers()) === 1);
  return async () => {
    const { frames } = video;
    broadcast.write('hi', { groups: 1, frames: 3, bytes: 10 });
    await until(() => video.frames === frames + 3);
    expect((await sessions()).active).toBe(2);
    expect(await viewers()).toBe(1);
  };
}

describe('a peer that breaks the rules harms only itself', () => {
  test('with bytes that are no QMux', async () => {
    const unharmed = await bystander();
    const socket = new WebSocket(relay.url.href.replace('http', 'ws'), 'qmux-01.moq-lite-05');
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(Buffer.alloc(100, 0xff));
    await new Promise((resolve) => socket.once('close', resolve));
    await until(async () => (await sessions()).closed === 1);
    expect(await metric(relay, schema.sessionsClosed, { reason: 'protocol_error' })).toBe(1);
    await unharmed();
  });

  test.each([
    ['a stream of an unknown type', 'bidi', [0x3f]],
    ['a message that ends early', 'bidi', [0x02, 0x20, 0x01]],
    ['a message longer than it says', 'bidi', [0x01, 0x03, 0x00, 0x00, 0x00]],
    ['text that is no UTF-8', 'bidi', [0x01, 0x03, 0x02, 0xff, 0xff]],
    ['a group of an unknown subscription', 'uni', [0x00, 0x02, 0x07, 0x00]],
    ['a unidirectional stream of an unknown type', 'uni', [0x3e]],
    ['an enormous length', 'uni', [0x00, 0xbf, 0xff, 0xff, 0xff]],
  ])('with %s', async (_, kind, bytes) => {
    const unharmed = await bystander();
    const session = await dialWebSocket(relay.url, ['moq-lite-05']);
    const writable =
      kind === 'bidi'
        ? (await session.createBidirectionalStream()).writable
        : await session.createUnidirectionalStream();
    const writer = writable.getWriter();
    await writer.write(new Uint8Array(bytes));
    await writer.close().catch(() => {});
    expect(await session.closed).toMatchObject({ closeCode: 0x3, reason: 'protocol_error' });
    await until(async () => (await sessions()).closed === 1);
    expect(await metric(relay, schema.sessionsClosed, { reason: 'protocol_error' })).toBe(1);
    await unharmed();
  });

  test('by never reading', async () => {
    await relay.close();
    relay = await startRelay({ maxBacklogBytes: 256 * 1024 });
    const broadcast = channel();
    await publish(relay, await connect(relay), 'demo/bbb', broadcast);
    const proxy = await startProxy(relay.url);
    const stuck = view(await connect({ url: proxy.url }), 'demo/bbb', 'hi');
    const video = view(await connect(relay), 'demo/bbb', 'hi');
    await until(async () => (await viewers()) === 2);
    broadcast.write('hi', { groups: 1, frames: 1, bytes: 1000 });
    await until(() => stuck.frames === 1 && video.frames === 1);
    proxy.freeze('to-client');
    for (let i = 1; i <= 20; i++) {
      broadcast.write('hi', { groups: 1, frames: 20, bytes: 50_000 });
      await until(() => video.frames === 1 + i * 20);
    }
    expect(video.groups).toBe(21);
    expect(stuck.frames).toBe(1);
    proxy[Symbol.dispose]();
    await until(async () => (await viewers()) === 1);
  });
});

test('a wrong option is named', async () => {
  await expect(createRelay({ port: 70_000 })).rejects.toMatchObject({ code: 'bad_option', option: 'port' });
  await expect(createRelay({ prot: 1 } as never)).rejects.toMatchObject({
    code: 'bad_option',
    option: 'prot',
  });
  await expect(createRelay({ opsHosts: ['0.0.0.0'] })).rejects.toMatchObject({ code: 'unsafe' });
  await expect(createRelay({ certificate: 'cert.pem' })).rejects.toMatchObject({ option: 'privateKey' });
});

test('a port that is taken is named, and nothing stays open', async () => {
  const opsPort = Number(relay.opsUrls[0]!.port);
  const port = Number(relay.url.port);
  await expect(startRelay({ port })).rejects.toMatchObject({ code: 'port_taken', option: 'port' });
  await expect(startRelay({ opsPort })).rejects.toMatchObject({ code: 'port_taken', option: 'opsPort' });
});

test('groups can be fetched one by one, kept ones and others', async () => {
  const broadcast = channel();
  await publish(relay, await connect(relay), 'demo/bbb', broadcast);
  broadcast.write('hi', { groups: 2, frames: 3, bytes: 10 });
  const viewer = await connect(relay);
  const track = viewer.consume(Path.from('demo/bbb')).track('hi');
  const read = async (sequence: number): Promise<number[]> => {
    const group = await track.fetchGroup(sequence);
    const content: number[] = [];
    for (;;) {
      const frame = await group.readFrame();
      if (!frame) return content;
      content.push(frame.payload[0]!);
    }
  };
  expect(await Promise.all([read(0), read(0)])).toEqual([
    [0, 1, 2],
    [0, 1, 2],
  ]);
  expect(await metric(relay, schema.framesReceived, { track_type: 'video' })).toBe(3);
  const live = new Received(track.subscribe());
  await until(() => live.frames === 3);
  const received = await metric(relay, schema.framesReceived, { track_type: 'video' });
  expect(await read(1)).toEqual([0, 1, 2]);
  expect(await metric(relay, schema.framesReceived, { track_type: 'video' })).toBe(received);
});
