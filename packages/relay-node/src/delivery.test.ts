import { relay as schema, type TrackType } from '@moq-observability/moq-metrics';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PROTOCOLS, type Relay } from './relay.ts';
import {
  connect,
  metric,
  publish,
  quietConsole,
  startRelay,
  TestBroadcast,
  until,
  view,
} from './relay-fixture.ts';

let relay: Relay;

quietConsole();

beforeEach(async () => {
  relay = await startRelay();
});

afterEach(async () => {
  await relay.close();
});

/** What a relay says of one kind of track in one direction. */
async function traffic(
  way: 'received' | 'sent',
  type: TrackType,
): Promise<{ groups: number; frames: number; bytes: number }> {
  const [groups, frames, bytes, direction] =
    way === 'sent'
      ? ([schema.groupsSent, schema.framesSent, schema.bytesSent, 'subscribe'] as const)
      : ([schema.groupsReceived, schema.framesReceived, schema.bytesReceived, 'publish'] as const);
  const labels = { broadcast: 'demo/bbb', track_type: type, direction };
  return {
    groups: await metric(relay, groups, labels),
    frames: await metric(relay, frames, labels),
    bytes: await metric(relay, bytes, labels),
  };
}

describe('for a finite publish that is read to its end, every count is exact', () => {
  const plan = {
    hi: { type: 'video', groups: 6, frames: 25, bytes: 3000 },
    lo: { type: 'video', groups: 6, frames: 25, bytes: 500 },
    sound: { type: 'audio', groups: 40, frames: 5, bytes: 160 },
    'audio-description': { type: 'audio', groups: 3, frames: 0, bytes: 0 },
    chat: { type: 'other', groups: 10, frames: 1, bytes: 0 },
  } as const;
  const names = Object.keys(plan) as (keyof typeof plan)[];

  test.each([
    [1, 'moq-lite-05', 'moq-lite-05', 'websocket'],
    [5, 'moq-lite-05', 'moq-lite-05', 'websocket'],
    [5, 'moq-lite-03', 'moq-lite-04', 'websocket'],
    [5, 'moqt-18', 'moql', 'websocket'],
    [1, 'moq-lite-05', 'moq-lite-05', 'webtransport'],
    [5, 'moq-lite-05', 'moq-lite-05', 'webtransport'],
    [5, 'moqt-20', 'moq-lite-03', 'webtransport'],
  ] as const)('%i viewers, %s to %s over %s', async (count, from, to, transport) => {
    const broadcast = new TestBroadcast();
    broadcast.catalog({ video: ['hi', 'lo'], audio: ['sound'] });
    for (const name of names) broadcast.track(name);
    await publish(relay, await connect(relay, { protocol: from, transport }), 'demo/bbb', broadcast);
    await until(async () => (await traffic('received', 'catalog')).frames === 1);

    const viewers = await Promise.all(
      Array.from({ length: count }, async () => {
        const viewer = await connect(relay, { protocol: to, transport });
        expect(await viewer.announced().next()).toEqual({ path: 'demo/bbb', active: true });
        return Object.fromEntries(
          [...names, 'catalog.json'].map((name) => [name, view(viewer, 'demo/bbb', name)]),
        );
      }),
    );
    await until(async () => (await metric(relay, schema.activeSubscriptions)) === count * (names.length + 1));
    expect(await metric(relay, schema.activeSubscribers)).toBe(count);

    // The newest group goes first, and none before the first that was sent: so one of each, and then the rest.
    for (const name of names) broadcast.write(name, { ...plan[name], groups: 1 });
    await until(() => viewers.every((tracks) => names.every((name) => tracks[name]!.groups === 1)));
    for (const name of names) broadcast.write(name, { ...plan[name], groups: plan[name].groups - 1 });
    // A publisher that ends a track at once cuts off what it has not sent yet.
    await until(() =>
      viewers.every((tracks) => names.every((name) => tracks[name]!.groups === plan[name].groups)),
    );
    await until(() =>
      viewers.every((tracks) =>
        names.every((name) => tracks[name]!.frames === plan[name].groups * plan[name].frames),
      ),
    );
    broadcast.close();
    if (to === 'moq-lite-05') {
      // Receivers of older versions do not notice.
      await until(() => viewers.every((tracks) => Object.values(tracks).every(({ ended }) => ended)));
    }
    await until(async () => (await metric(relay, schema.activeSubscriptions)) === 0);

    for (const type of ['video', 'audio', 'other'] as const) {
      const tracks = names.filter((name) => plan[name].type === type);
      const published = { groups: 0, frames: 0, bytes: 0 };
      for (const name of tracks) {
        const { groups, frames, bytes } = plan[name];
        published.groups += groups;
        published.frames += groups * frames;
        published.bytes += groups * frames * bytes;
      }
      expect(await traffic('received', type)).toEqual(published);
      const seen = { groups: 0, frames: 0, bytes: 0 };
      for (const viewer of viewers) {
        for (const name of tracks) {
          const { groups, frames, bytes } = viewer[name]!;
          seen.groups += groups;
          seen.frames += frames;
          seen.bytes += bytes;
        }
      }
      expect(seen.frames).toBe(count * published.frames);
      expect(await traffic('sent', type)).toEqual(seen);
    }
    const catalogs = viewers.map((tracks) => tracks['catalog.json']!);
    expect(await traffic('sent', 'catalog')).toEqual({
      groups: count,
      frames: count,
      bytes: catalogs.reduce((sum, { bytes }) => sum + bytes, 0),
    });
    expect((await traffic('received', 'catalog')).bytes).toBe(catalogs[0]!.bytes);
    expect(await metric(relay, schema.activeSubscribers)).toBe(0);
    expect(await metric(relay, schema.activeStreams)).toBe(0);
    expect(await metric(relay, schema.errors)).toBe(0);
  });
});

test.each(['websocket', 'webtransport'] as const)(
  'over %s, a viewer gets all that the relay says it sent, also when the publisher ends in the middle',
  async (transport) => {
    const broadcast = new TestBroadcast();
    broadcast.track('video');
    const publisher = await connect(relay, { transport });
    await publish(relay, publisher, 'demo/bbb', broadcast);
    const viewers = await Promise.all(
      [1, 2, 3].map(async () => view(await connect(relay, { transport }), 'demo/bbb', 'video')),
    );
    await until(async () => (await metric(relay, schema.activeSubscribers)) === 3);
    for (let i = 0; i < 30; i++) {
      broadcast.write('video', { groups: 1, frames: 10, bytes: 20_000 });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    broadcast.close();
    await until(() => viewers.every(({ ended }) => ended));
    await until(async () => (await metric(relay, schema.activeSubscriptions)) === 0);
    const seen = { groups: 0, frames: 0, bytes: 0 };
    for (const { groups, frames, bytes } of viewers) {
      seen.groups += groups;
      seen.frames += frames;
      seen.bytes += bytes;
    }
    expect(await traffic('sent', 'video')).toEqual(seen);
    expect(seen.frames).toBeGreaterThan(0);
  },
);

describe.each(PROTOCOLS)('from %s', (from) => {
  test.each(PROTOCOLS)('to %s', async (to) => {
    const publisher = await connect(relay, { protocol: from });
    const viewer = await connect(relay, { protocol: to });
    const broadcast = new TestBroadcast();
    broadcast.catalog({ video: ['hi'] });
    broadcast.track('hi');
    await publish(relay, publisher, 'demo/bbb', broadcast);
    const announced = viewer.announced();
    expect(await announced.next()).toEqual({ path: 'demo/bbb', active: true });
    const video = view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await metric(relay, schema.activeSubscribers)) === 1);
    broadcast.write('hi', { groups: 3, frames: 4, bytes: 100 });
    await until(() => video.frames === 12);
    expect(video.groups).toBe(3);
    await until(async () => (await metric(relay, schema.framesSent)) === 12);
    expect(await metric(relay, schema.groupsSent)).toBe(3);
    expect(await metric(relay, schema.bytesSent)).toBe(1200);
    publisher.close();
    viewer.close();
    await until(async () => (await metric(relay, schema.activeSessions)) === 0);
    expect(await metric(relay, schema.sessionsClosed, { reason: 'client' })).toBe(2);
    expect(await metric(relay, schema.errors)).toBe(0);
  });
});
