/** The load, in a process of its own: one publisher and many viewers at each of some relays. */
import { setTimeout as pause } from 'node:timers/promises';
import { Broadcast, type Group, Path, Time, type Track } from '@moq/net';
import { connect } from '../src/client.ts';
import { replacePromiseRace } from '../src/promise-race.ts';

/** What the load is asked to do. */
export type AudienceOrder = GatherOrder | PlayOrder;

/** Connect a publisher and viewers to each of these relays. */
export interface GatherOrder {
  readonly order: 'gather';
  readonly urls: readonly string[];
  readonly transport: 'webtransport' | 'websocket';
  /** At each relay. */
  readonly viewers: number;
  readonly broadcast: string;
}

/** Publish to some of the relays for a while, to all of them at once. */
export interface PlayOrder {
  readonly order: 'play';
  /** Their places among the relays. */
  readonly relays: readonly number[];
  readonly seconds: number;
}

/** What arrived meanwhile, over all viewers of one relay. */
export interface AudienceReport {
  readonly frames: number;
  /** Payload. */
  readonly bytes: number;
  /** From the publisher's write to the viewer's read, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

const FRAME_RATE = 30;
const AUDIO_RATE = 50;
/** Video frames of a group, and audio frames. */
const GROUP = 60;
const AUDIO_GROUP = 25;
/** In bytes; together they come to 4 Mbit/s. */
const KEY_FRAME = 60_000;
const DELTA_FRAME = 15_450;
const AUDIO_FRAME = 160;

interface Site {
  readonly video: Track.Producer;
  readonly audio: Track.Producer;
  /** Kept open, that it is not forgotten. */
  readonly catalog: Group.Producer;
  readonly received: Received;
}

/** What the viewers of one relay got. */
interface Received {
  frames: number;
  bytes: number;
  latencies: number[];
}

let sites: Site[] = [];

for (const method of ['debug', 'info', 'warn', 'error'] as const) console[method] = () => {};
process.on('unhandledRejection', () => {});
replacePromiseRace();
process.on('disconnect', () => process.exit());
process.on('message', (order: AudienceOrder) => {
  void follow(order).then((reports) => process.send!(reports));
});

async function follow(order: AudienceOrder): Promise<readonly AudienceReport[]> {
  if (order.order === 'gather') {
    sites = [];
    for (const url of order.urls) sites.push(await gather(new URL(url), order));
    return [];
  }
  return Promise.all(
    order.relays.map(async (relay) => {
      const { received } = sites[relay]!;
      Object.assign(received, { frames: 0, bytes: 0, latencies: [] });
      await play(sites[relay]!, order.seconds);
      return report(received);
    }),
  );
}

function report({ frames, bytes, latencies }: Received): AudienceReport {
  const sorted = Float64Array.from(latencies).toSorted();
  const quantile = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return { frames, bytes, p50: quantile(0.5), p99: quantile(0.99) };
}

async function gather(url: URL, { transport, viewers, broadcast }: GatherOrder): Promise<Site> {
  const path = Path.from(broadcast);
  const producer = new Broadcast.Producer();
  const [catalogTrack, video, audio] = ['catalog.json', 'video', 'audio'].map((name) =>
    producer.createTrack(name, { timescale: Time.Timescale.MICRO, latencyMax: 5000 }),
  ) as [Track.Producer, Track.Producer, Track.Producer];
  const catalog = catalogTrack.appendGroup();
  const rendition = { codec: 'none' };
  catalog.writeJson({
    video: { renditions: { video: rendition } },
    audio: { renditions: { audio: rendition } },
  });
  const publisher = await connect(url, { transport });
  publisher.publish(path, producer);
  const received: Received = { frames: 0, bytes: 0, latencies: [] };
  for (let i = 0; i < viewers; i++) {
    const viewer = await connect(url, { transport });
    await viewer.announced().next();
    for (const track of ['video', 'audio']) {
      void watch(viewer.consume(path).subscribe(track), received);
    }
  }
  return { video, audio, catalog, received };
}

async function watch(subscription: Track.Subscriber, received: Received): Promise<void> {
  for (let group = await subscription.recvGroup(); group; group = await subscription.recvGroup()) {
    void read(group, received).catch(() => {});
  }
}

async function read(group: Group.Consumer, received: Received): Promise<void> {
  for (let frame = await group.readFrame(); frame; frame = await group.readFrame()) {
    const { payload } = frame;
    received.frames += 1;
    received.bytes += payload.byteLength;
    received.latencies.push(
      performance.now() - new DataView(payload.buffer, payload.byteOffset).getFloat64(0),
    );
  }
}

/** Writes in real time, and waits for what is still on its way. */
async function play({ video, audio }: Site, seconds: number): Promise<void> {
  const began = performance.now();
  const writers = [
    {
      media: writer(video, GROUP, (index) => (index === 0 ? KEY_FRAME : DELTA_FRAME)),
      interval: 1000 / FRAME_RATE,
    },
    { media: writer(audio, AUDIO_GROUP, () => AUDIO_FRAME), interval: 1000 / AUDIO_RATE },
  ].map((each) => ({ ...each, written: 0 }));
  for (;;) {
    const elapsed = performance.now() - began;
    if (elapsed >= seconds * 1000) break;
    for (const each of writers) {
      for (; each.written * each.interval <= elapsed; each.written++) each.media.frame(each.written);
    }
    await pause(5);
  }
  // A group left open takes a stream of the session for as long as that lasts.
  for (const { media } of writers) media.end();
  await pause(500);
}

function writer(
  track: Track.Producer,
  groupFrames: number,
  size: (index: number) => number,
): { frame(n: number): void; end(): void } {
  let group: Group.Producer | undefined;
  const frame = (n: number): void => {
    const index = n % groupFrames;
    if (index === 0) {
      group?.close();
      group = track.appendGroup();
    }
    const payload = new Uint8Array(size(index));
    new DataView(payload.buffer).setFloat64(0, performance.now());
    group!.writeFrame({
      payload,
      timestamp: Time.Timestamp.fromMicros(Math.round(performance.now() * 1000)),
    });
  };
  return { frame, end: () => group?.close() };
}
