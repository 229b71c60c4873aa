/** Each metric, read from the real page after exactly what it tells of has happened. */
import { type Metric, OTHER, relay as schema } from '@moq-observability/moq-metrics';
import { checkExposition, parseExposition } from '@moq-observability/moq-metrics/exposition';
import { Group, Path } from '@moq/net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RelayOptions } from './config.ts';
import { startProxy } from './network-fixture.ts';
import { createRelay, type Relay, relayVersion } from './relay.ts';
import {
  channel,
  connect,
  makeFrame,
  metric,
  observed,
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

async function restart(options: RelayOptions): Promise<void> {
  await relay.close();
  relay = await startRelay(options);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function count(of: Metric, labels = {}): Promise<number> {
  return metric(relay, of, labels);
}

/** How often each event of an announcement was counted. */
async function announced(): Promise<Record<string, number>> {
  const events: Record<string, number> = {};
  for (const event of schema.announcementEvents) events[event] = await count(schema.announcements, { event });
  return events;
}

/** A rendition as catalogs have it. */
function picture(codedWidth: number, codedHeight: number, codec: string): object {
  return { codec, codedWidth, codedHeight };
}

/** A channel at demo/bbb whose catalog has arrived. */
async function live(): Promise<{ broadcast: TestBroadcast; publisher: Awaited<ReturnType<typeof connect>> }> {
  const broadcast = channel();
  const publisher = await connect(relay);
  await publish(relay, publisher, 'demo/bbb', broadcast);
  await until(async () => (await count(schema.framesReceived, { track_type: 'catalog' })) === 1);
  return { broadcast, publisher };
}

test('every metric of the relay is there from the start, or as soon as there is a stream', async () => {
  const { broadcast } = await live();
  const video = view(await connect(relay), 'demo/bbb', 'hi');
  await until(async () => (await count(schema.activeSubscribers)) === 1);
  broadcast.write('hi', { groups: 1, frames: 1, bytes: 10 });
  await until(() => video.frames === 1);
  const page = await (await relay.metrics()).text();
  expect(checkExposition(page, { owner: 'relay' })).toEqual([]);
  const all = Object.values(schema).filter(
    (found): found is Metric => typeof found === 'object' && 'status' in found,
  );
  expect(all.length).toBeGreaterThan(40);
  expect(all.filter(({ status }) => status === 'planned')).toEqual([]);
  for (const { name } of all) expect(page).toContain(`# TYPE ${name} `);
});

test('what runs', async () => {
  const page = await (await relay.metrics()).text();
  expect(page).toContain(
    `${schema.buildInfo.name}{version="${relayVersion()}",node="${process.versions.node}",transports="quiche,websocket"} 1`,
  );
});

describe('sessions', () => {
  test('how long they were', async () => {
    const viewer = await connect(relay);
    await sleep(300);
    viewer.close();
    await until(async () => (await observed(relay, schema.sessionDuration)).count === 1);
    const { sum } = await observed(relay, schema.sessionDuration, { transport: 'websocket' });
    expect(sum).toBeGreaterThan(0.29);
    expect(sum).toBeLessThan(10);
  });

  test('why they ended: the relay closed', async () => {
    const viewers = [await connect(relay), await connect(relay, { transport: 'webtransport' })];
    await until(async () => (await count(schema.activeSessions)) === viewers.length);
    await relay.close();
    const { families } = parseExposition(await (await relay.metrics()).text());
    const drained = families
      .get(schema.sessionsClosed.name)!
      .samples.filter(({ labels }) => labels.get('reason') === 'drain')
      .map(({ labels, value }) => [labels.get('transport'), value]);
    expect(Object.fromEntries(drained)).toEqual({ websocket: 1, webtransport: 1, quic: 0 });
  });

  test('why they ended: a fault of the relay', async () => {
    await relay.close();
    const broken = pino(
      {},
      {
        write: (line: string) => {
          if (line.endsWith('"msg":"session opened"}\n')) throw new Error('the disk is full');
        },
      },
    );
    relay = await createRelay({ port: 0, opsPort: 0, processMetrics: false }, broken);
    const viewer = await connect(relay);
    await viewer.closed;
    await until(async () => (await count(schema.sessionsClosed, { reason: 'internal' })) === 1);
    expect(await count(schema.errors, { stage: 'internal' })).toBe(1);
    expect(await count(schema.activeSessions)).toBe(0);
  });

  test('what QUIC tells of them, those that are over included', async () => {
    const { broadcast } = await live();
    const viewer = await connect(relay, { transport: 'webtransport' });
    const video = view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await count(schema.activeSubscribers)) === 1);
    broadcast.write('hi', { groups: 4, frames: 10, bytes: 5000 });
    await until(() => video.frames === 40);
    await until(async () => (await observed(relay, schema.quicRtt)).count > 1);
    const rtt = await observed(relay, schema.quicRtt);
    // On loopback it may be less than the millisecond that quiche tells.
    expect(rtt.sum / rtt.count).toBeGreaterThanOrEqual(0);
    expect(rtt.sum / rtt.count).toBeLessThan(1);
    await until(async () => (await count(schema.quicBytesSent)) > 200_000);
    viewer.close();
    await until(async () => (await count(schema.activeSessions, { transport: 'webtransport' })) === 0);
    const sent = await count(schema.quicBytesSent);
    expect(sent).toBeLessThan(2_000_000);
    expect(await count(schema.quicPacketsSent)).toBeGreaterThan(150);
    expect(await count(schema.quicPacketsReceived)).toBeGreaterThan(5);
    expect(await count(schema.quicBytesReceived)).toBeGreaterThan(500);
    const lost = await count(schema.quicPacketsLost);
    expect((await count(schema.quicBytesLost)) > 0).toBe(lost > 0);
    const observations = (await observed(relay, schema.quicRtt)).count;
    await sleep(1200);
    expect((await observed(relay, schema.quicRtt)).count).toBe(observations);
    expect(await count(schema.quicBytesSent)).toBe(sent);
  });
});

describe('announcements', () => {
  test('start, are replaced, and end', async () => {
    const { publisher } = await live();
    expect(await announced()).toEqual({ started: 1, ended: 0, replaced: 0 });
    const second = await connect(relay);
    second.publish(Path.from('demo/bbb'), channel().producer);
    await until(async () => (await announced())['replaced'] === 1);
    publisher.close();
    await until(async () => (await count(schema.activeSessions)) === 1);
    expect(await announced()).toEqual({ started: 1, ended: 0, replaced: 1 });
    second.close();
    await until(async () => (await announced())['ended'] === 1);
  });
});

describe('subscriptions', () => {
  test('how soon they were answered, and what', async () => {
    await restart({ maxSubscriptionsPerSession: 1 });
    const { broadcast } = await live();
    void (async () => {
      for (;;) {
        const request = await broadcast.producer.requested();
        if (!request) break;
        request.reject(new Error('no such track'));
      }
    })();
    const answered = async (result: (typeof schema.subscribeResults)[number]): Promise<number> =>
      (await observed(relay, schema.subscribeDuration, { result })).count;
    const viewer = await connect(relay);
    view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await answered('ok')) === 1);
    view(viewer, 'demo/bbb', 'nothing');
    await until(async () => (await answered('not_found')) === 1);
    view(viewer, 'demo/unknown', 'hi');
    await until(async () => (await answered('not_found')) === 2);
    view(viewer, 'demo/bbb', 'sound-of-a-long-name');
    await until(async () => (await answered('denied')) === 1);
    expect(await answered('ok')).toBe(1);
    expect(await answered('error')).toBe(0);
    const { sum } = await observed(relay, schema.subscribeDuration);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThan(10);
  });

  test('that a publisher never answers end as errors', async () => {
    const broadcast = channel();
    const publisher = await connect(relay, { protocol: 'moq-lite-05' });
    await publish(relay, publisher, 'demo/bbb', broadcast);
    const viewer = await connect(relay);
    const video = view(viewer, 'demo/bbb', 'asked-for-and-never-answered');
    await sleep(100);
    publisher.close();
    await until(() => video.ended);
    await until(async () => (await observed(relay, schema.subscribeDuration)).count === 1);
    expect((await observed(relay, schema.subscribeDuration, { result: 'ok' })).count).toBe(0);
  });

  test('open one at the publisher, which the others share', async () => {
    await live();
    // The relay's own, of the catalog.
    expect(await count(schema.upstreamSubscriptions)).toBe(1);
    const viewers = [await connect(relay), await connect(relay), await connect(relay)];
    for (const viewer of viewers) view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await count(schema.activeSubscribers)) === 3);
    expect(await count(schema.upstreamSubscriptions)).toBe(2);
    expect(await count(schema.subscriptionsDeduplicated)).toBe(2);
    view(viewers[0]!, 'demo/bbb', 'catalog.json');
    await until(async () => (await count(schema.subscriptionsDeduplicated)) === 3);
    expect(await count(schema.upstreamSubscriptions)).toBe(2);
  });

  test('that end with an error of the publisher are counted as errors', async () => {
    const { broadcast } = await live();
    const videos = [
      view(await connect(relay), 'demo/bbb', 'hi'),
      view(await connect(relay), 'demo/bbb', 'hi'),
    ];
    await until(async () => (await count(schema.activeSubscribers)) === 2);
    broadcast.track('hi').close(new Error('the encoder broke'));
    await until(() => videos.every(({ ended }) => ended));
    await until(async () => (await count(schema.errors, { stage: 'forward' })) === 2);
    expect(await count(schema.errors)).toBe(2);
    expect(await count(schema.activeSubscriptions)).toBe(0);
  });

  test('begin with a group from memory, or with one the publisher has to send', async () => {
    const { broadcast } = await live();
    const first = view(await connect(relay), 'demo/bbb', 'hi');
    await until(async () => (await count(schema.activeSubscribers)) === 1);
    expect([await count(schema.cacheHits), await count(schema.cacheMisses)]).toEqual([0, 0]);
    broadcast.write('hi', { groups: 2, frames: 1, bytes: 10 });
    await until(() => first.frames === 2);
    expect([await count(schema.cacheHits), await count(schema.cacheMisses)]).toEqual([0, 1]);
    const viewer = await connect(relay);
    const late = view(viewer, 'demo/bbb', 'hi');
    await until(() => late.frames === 1);
    expect([await count(schema.cacheHits), await count(schema.cacheMisses)]).toEqual([1, 1]);

    const track = viewer.consume(Path.from('demo/bbb')).track('hi');
    await (await track.fetchGroup(1)).readFrame();
    expect([await count(schema.cacheHits), await count(schema.cacheMisses)]).toEqual([2, 1]);
    const sound = viewer.consume(Path.from('demo/bbb')).track('sound-of-a-long-name');
    broadcast.write('sound-of-a-long-name', { groups: 1, frames: 1, bytes: 10 });
    await (await sound.fetchGroup(0)).readFrame();
    expect([await count(schema.cacheHits), await count(schema.cacheMisses)]).toEqual([2, 2]);

    const [sent, received] = [await count(schema.groupsSent), await count(schema.groupsReceived)];
    broadcast.track('sound-of-a-long-name').writeGroup(new Group.Producer(7));
    await expect((await sound.fetchGroup(5)).readFrame()).rejects.toThrow();
    await until(async () => (await count(schema.errors, { stage: 'fetch' })) === 1);
    expect([await count(schema.cacheHits), await count(schema.cacheMisses)]).toEqual([2, 3]);
    expect([await count(schema.groupsSent), await count(schema.groupsReceived)]).toEqual([sent, received]);
  });
});

describe('delivery', () => {
  test('to how many subscribers each group goes', async () => {
    const { broadcast } = await live();
    const viewers = await Promise.all([connect(relay), connect(relay), connect(relay)]);
    const videos = viewers.map((viewer) => view(viewer, 'demo/bbb', 'hi'));
    await until(async () => (await count(schema.activeSubscribers)) === 3);
    broadcast.write('hi', { groups: 1, frames: 2, bytes: 10 });
    await until(() => videos.every(({ frames }) => frames === 2));
    broadcast.write('hi', { groups: 4, frames: 2, bytes: 10 });
    await until(() => videos.every(({ frames }) => frames === 10));
    await until(async () => (await observed(relay, schema.fanout)).count === 5);
    expect(await observed(relay, schema.fanout)).toEqual({ count: 5, sum: 15 });
  });

  test('how long frames took, once for each subscriber that was there when they came', async () => {
    const { broadcast } = await live();
    const first = view(await connect(relay), 'demo/bbb', 'hi');
    await until(async () => (await count(schema.activeSubscribers)) === 1);
    const group = broadcast.track('hi').appendGroup();
    for (let i = 0; i < 5; i++) group.writeFrame(makeFrame(i, 100));
    await until(() => first.frames === 5);
    await sleep(500);
    const late = view(await connect(relay), 'demo/bbb', 'hi');
    await until(() => late.frames === 5);
    group.writeFrame(makeFrame(5, 100));
    await until(() => first.frames === 6 && late.frames === 6);
    await until(
      async () => (await observed(relay, schema.deliveryLatency, { track_type: 'video' })).count === 7,
    );
    const { sum } = await observed(relay, schema.deliveryLatency);
    expect(sum).toBeGreaterThan(0);
    // The half of a second before the late one came is not in it.
    expect(sum / 7).toBeLessThan(0.07);
  });

  test('how far subscribers are behind, what waits for them, and what they lose', async () => {
    await restart({ maxBacklogBytes: 200_000 });
    const { broadcast } = await live();
    const proxy = await startProxy(relay.url);
    const stuck = view(await connect({ url: proxy.url }), 'demo/bbb', 'hi');
    const video = view(await connect(relay), 'demo/bbb', 'hi');
    await until(async () => (await count(schema.activeSubscribers)) === 2);
    broadcast.write('hi', { groups: 1, frames: 1, bytes: 1000 });
    await until(() => stuck.frames === 1 && video.frames === 1);
    await until(
      async () => (await observed(relay, schema.subscriberLag, { track_type: 'video' })).count >= 2,
    );
    expect((await observed(relay, schema.subscriberLag)).sum).toBe(0);
    expect(await count(schema.queuedBytes)).toBe(0);
    expect(await count(schema.droppedGroups)).toBe(0);

    proxy.freeze('to-client');
    for (let i = 1; (await count(schema.droppedGroups, { reason: 'backlog' })) === 0; i++) {
      broadcast.write('hi', { groups: 1, frames: 20, bytes: 50_000 });
      await until(() => video.frames === 1 + i * 20);
    }
    expect(await count(schema.droppedBytes, { reason: 'backlog' })).toBeGreaterThan(0);
    await until(async () => {
      broadcast.write('hi', { groups: 1, frames: 3, bytes: 50_000 });
      return (await count(schema.queuedBytes)) > 0;
    });
    const { families } = parseExposition(await (await relay.metrics()).text());
    const [waiting, worst] = [schema.queuedBytes, schema.queuedBytesMax].map(
      ({ name }) => families.get(name)!.samples[0]!.value,
    );
    expect(waiting).toBeLessThanOrEqual(200_000);
    expect(worst).toBe(waiting);
    await until(async () => (await observed(relay, schema.subscriberLag)).sum > 0.5);
    proxy[Symbol.dispose]();
    await until(async () => (await count(schema.activeSubscribers)) === 1);
    expect(await count(schema.queuedBytes)).toBe(0);
    expect(await count(schema.droppedGroups, { reason: 'cancelled' })).toBeGreaterThan(0);
    expect(await count(schema.droppedGroups, { reason: 'latency' })).toBe(0);
  });

  test('what is given up because it waited for too long', async () => {
    await restart({ maxBacklogAge: 0.3 });
    const { broadcast } = await live();
    const proxy = await startProxy(relay.url);
    const stuck = view(await connect({ url: proxy.url }), 'demo/bbb', 'hi');
    await until(async () => (await count(schema.activeSubscribers)) === 1);
    broadcast.write('hi', { groups: 1, frames: 1, bytes: 1000 });
    await until(() => stuck.frames === 1);
    proxy.freeze('to-client');
    // What the sockets hold is accepted; what comes after it is not.
    for (let i = 0; i < 100 && (await count(schema.queuedBytes)) === 0; i++) {
      broadcast.write('hi', { groups: 1, frames: 20, bytes: 50_000 });
      await sleep(20);
    }
    broadcast.write('hi', { groups: 2, frames: 1, bytes: 1000 });
    await until(async () => (await count(schema.droppedGroups, { reason: 'latency' })) > 0);
    expect(await count(schema.droppedBytes, { reason: 'latency' })).toBeGreaterThan(0);
    proxy[Symbol.dispose]();
  });
});

describe('streams', () => {
  const stream = { namespace: 'demo', broadcast: 'demo/bbb' };

  test('when they last sent media, and since when they are watched', async () => {
    const { broadcast, publisher } = await live();
    expect(await count(schema.streamLastFrameTimestamp, stream)).toBe(0);
    expect(await count(schema.streamWatchedSinceTimestamp, stream)).toBe(0);
    const before = Date.now() / 1000;
    const viewer = await connect(relay);
    const video = view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await count(schema.streamWatchedSinceTimestamp, stream)) > 0);
    const since = await count(schema.streamWatchedSinceTimestamp, stream);
    expect(since).toBeGreaterThan(before - 0.01);
    expect(since).toBeLessThan(Date.now() / 1000 + 0.01);
    view(viewer, 'demo/bbb', 'catalog.json');
    expect(await count(schema.streamLastFrameTimestamp, stream)).toBe(0);
    await sleep(100);
    broadcast.write('hi', { groups: 1, frames: 1, bytes: 10 });
    await until(() => video.frames === 1);
    const last = await count(schema.streamLastFrameTimestamp, stream);
    expect(last).toBeGreaterThan(since + 0.09);
    expect(last).toBeLessThan(Date.now() / 1000 + 0.01);
    expect(await count(schema.streamWatchedSinceTimestamp, stream)).toBe(since);

    viewer.close();
    await until(async () => (await count(schema.streamWatchedSinceTimestamp, stream)) === 0);
    publisher.close();
    await until(async () => (await count(schema.activeStreams)) === 0);
    expect(await count(schema.streamLastFrameTimestamp, stream)).toBe(last);
  });

  test('what they are made of, as the catalog has it now', async () => {
    const broadcast = new TestBroadcast();
    const group = broadcast.track('catalog.json').appendGroup();
    group.writeJson({
      video: {
        renditions: { lo: picture(640, 360, 'avc1.42c01e'), hi: picture(1280, 720, 'av01.0.08M.08') },
      },
      audio: { renditions: { sound: { codec: 'opus' } } },
    });
    const publisher = await connect(relay);
    await publish(relay, publisher, 'demo/bbb', broadcast);
    const hd = { ...stream, video_codec: 'av01', audio_codec: 'opus', resolution: '1280x720' };
    await until(async () => (await count(schema.streamInfo, hd)) === 1);
    group.writeJson({ video: { renditions: { hi: null } } });
    const sd = { ...stream, video_codec: 'avc1', audio_codec: 'opus', resolution: '640x360' };
    await until(async () => (await count(schema.streamInfo, sd)) === 1);
    expect(await count(schema.streamInfo, stream)).toBe(1);
    publisher.close();
    await until(async () => (await count(schema.streamInfo, stream)) === 0);
  });

  test('what they are made of is told only if wanted', async () => {
    await restart({ streamInfo: false });
    await live();
    expect(await count(schema.streamInfo)).toBe(0);
  });

  test('that must be live are told, live or not', async () => {
    await restart({ expectedBroadcasts: ['demo/bbb', 'news/one'] });
    expect(await count(schema.streamExpected, stream)).toBe(1);
    expect(await count(schema.streamExpected, { namespace: 'news', broadcast: 'news/one' })).toBe(1);
    const page = await (await relay.metrics()).text();
    expect(page).toContain(`${schema.activeSubscribers.name}{namespace="demo",broadcast="demo/bbb"} 0`);
    await publish(relay, await connect(relay), 'other', channel());
    await until(async () => (await count(schema.activeStreams)) === 1);
    expect(await count(schema.streamExpected)).toBe(2);
    const many = Array.from({ length: 201 }, (_, i) => `demo/${i}`);
    await expect(startRelay({ expectedBroadcasts: many })).rejects.toMatchObject({
      code: 'bad_option',
      option: 'expectedBroadcasts',
    });
  });

  test('without a place of their own share one, which has no times', async () => {
    // A session has about a hundred streams, and each track takes one.
    await restart({ maxBroadcastsPerSession: 41 });
    const publishers = await Promise.all(Array.from({ length: 5 }, () => connect(relay)));
    const broadcasts = Array.from({ length: 202 }, () => channel());
    for (const [i, broadcast] of broadcasts.entries()) {
      publishers[i % 5]!.publish(Path.from(`demo/${i}`), broadcast.producer);
    }
    await until(async () => (await count(schema.activeStreams)) === 202);
    const viewers = await Promise.all(Array.from({ length: 5 }, () => connect(relay)));
    const videos = broadcasts.map((_, i) => view(viewers[i % 5]!, `demo/${i}`, 'hi'));
    await until(async () => (await count(schema.activeSubscriptions)) === 202);
    for (const broadcast of broadcasts) broadcast.write('hi', { groups: 1, frames: 1, bytes: 10 });
    await until(() => videos.every(({ frames }) => frames === 1));
    const folded = { namespace: OTHER, broadcast: OTHER };
    expect(await count(schema.activeSubscribers)).toBe(202);
    expect(await count(schema.activeSubscribers, folded)).toBe(2);
    expect(await count(schema.streamLastFrameTimestamp, folded)).toBe(0);
    expect(await count(schema.seriesOverflow, { metric: schema.activeSubscribers.name })).toBe(2);
    expect(checkExposition(await (await relay.metrics()).text(), { owner: 'relay' })).toEqual([]);
    for (const viewer of viewers) viewer.close();
    await until(async () => (await count(schema.activeSubscribers)) === 0);
  });
});

test('how long scrapes took', async () => {
  await relay.metrics();
  await until(async () => (await observed(relay, schema.scrapeDuration)).count >= 2);
  expect((await observed(relay, schema.scrapeDuration)).sum).toBeGreaterThan(0);
});
