import type { Group, Track } from '@moq/net';
import { beforeAll, describe, expect, it } from 'vitest';

import { type Clip, loadClip } from '../clip/clip.ts';
import { frameTime, groupOf } from '../schedule.ts';
import { readStamp } from '../stamped-frame.ts';
import { Totals } from '../totals.ts';
import { ClipBroadcast } from './clip-broadcast.ts';
import { PublishWindow } from './publish-window.ts';

const VIDEO = { frameRate: 30, framesPerGroup: 30 };
let clip: Clip;
beforeAll(async () => {
  clip = await loadClip();
});

/** A channel with a clock that runs, and that can be set. */
function makeChannel(
  frames?: number,
  silentAfter?: number,
): {
  broadcast: ClipBroadcast;
  window: PublishWindow;
  totals: Totals;
  clock: { now(): number; ahead: number };
} {
  const clock = {
    ahead: 0,
    now() {
      return (performance.timeOrigin + performance.now()) * 1_000 + this.ahead;
    },
  };
  const totals = new Totals();
  const window = new PublishWindow(clock, VIDEO, frames, silentAfter);
  return { broadcast: new ClipBroadcast({ clip, clock, window, totals }), window, totals, clock };
}

async function readGroup(group: Group.Consumer | undefined): Promise<number[]> {
  const stamps: number[] = [];
  for (;;) {
    const frame = await group?.readFrame();
    if (!frame) break;
    stamps.push(readStamp(frame.payload));
  }
  group?.close();
  return stamps;
}

async function readTrack(subscriber: Track.Subscriber): Promise<number[][]> {
  const groups: Promise<number[]>[] = [];
  for (;;) {
    const group = await subscriber.recvGroup();
    if (!group) break;
    groups.push(readGroup(group));
  }
  subscriber.close();
  return Promise.all(groups);
}

describe('a live channel', () => {
  it('falls silent when it is told to, and stays open until it is stopped', async () => {
    const { broadcast, window, totals } = makeChannel(undefined, 1_500);
    const subscriber = broadcast.subscribe('360p');
    await readGroup(await subscriber.recvGroup());
    let ended = false;
    const rest = readTrack(subscriber).finally(() => {
      ended = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(ended).toBe(false);
    expect(totals.snapshot()['360p']!.groups).toBeLessThanOrEqual(3);
    window.stop();
    await rest;
    expect(broadcast.subscriptions).toBe(0);
  });

  it('begins with the keyframe before now, at once, and goes on frame by frame when they are due', async () => {
    const { broadcast, clock, totals } = makeChannel();
    const subscriber = broadcast.subscribe('720p');
    const asked = clock.now();
    const group = await subscriber.recvGroup();
    expect(group?.sequence).toBe(Math.floor(asked / 1_000_000));
    const stamps: number[] = [];
    for (let frame = 0; frame < 35; frame++) {
      const read = await group?.readFrame();
      if (!read) break;
      const stamp = readStamp(read.payload);
      expect(read.timestamp.asMicros()).toBe(stamp);
      expect(clock.now()).toBeGreaterThanOrEqual(stamp);
      stamps.push(stamp);
    }
    expect(stamps).toEqual(
      Array.from({ length: 30 }, (_, index) => frameTime((group?.sequence ?? 0) * 30 + index, VIDEO)),
    );
    group?.close();
    expect((await subscriber.recvGroup())?.sequence).toBe((group?.sequence ?? 0) + 1);
    subscriber.close();
    expect(totals.snapshot()['720p']).toMatchObject({ groups: 1, frames: 30, aborted: 0 });
  });

  it('sends the frame of the clip that belongs to the time', async () => {
    const { broadcast } = makeChannel();
    const [subscriber, other] = [broadcast.subscribe('720p'), broadcast.subscribe('720p')];
    const frame = await (await subscriber.recvGroup())?.readFrame();
    const position = Math.round(
      ((readStamp(frame?.payload ?? new Uint8Array()) / 1_000_000) % clip.seconds) * 30,
    );
    const expected = clip.tracks[0]?.frames[position] ?? new Uint8Array();
    expect(
      Buffer.from(frame?.payload ?? [])
        .subarray(8)
        .equals(expected),
    ).toBe(true);
    expect((await (await other.recvGroup())?.readFrame())?.payload).toEqual(frame?.payload);
    subscriber.close();
    other.close();
  });

  it('gives up a group that is too late, and goes on at the live edge', async () => {
    const { broadcast, clock, totals } = makeChannel();
    const subscriber = broadcast.subscribe('audio');
    const group = await subscriber.recvGroup();
    await group?.readFrame();
    clock.ahead += 3_600_000_000;
    await expect(group?.readFrame()).rejects.toThrow('too late');
    group?.close(new Error('reset'));
    const next = await subscriber.recvGroup();
    expect(next?.sequence).toBe(
      groupOf(Math.floor((clock.now() * 50) / 1_000_000), { frameRate: 50, framesPerGroup: 25 }),
    );
    expect(totals.snapshot()['audio']).toMatchObject({ groups: 1, frames: 1, aborted: 1 });
    subscriber.close();
  });

  it('ends what waits when it is left', async () => {
    const { broadcast } = makeChannel();
    const subscriber = broadcast.subscribe('720p');
    const group = await subscriber.recvGroup();
    const reading = readGroup(group);
    const waiting = subscriber.recvGroup();
    expect(broadcast.subscriptions).toBe(1);
    subscriber.close();
    expect(await waiting).toBeUndefined();
    expect((await reading).length).toBeLessThanOrEqual(30);
    await broadcast.idle();
    expect(broadcast.subscriptions).toBe(0);
  });

  it('ends in order when it is stopped', async () => {
    const { broadcast, window, totals } = makeChannel();
    const tracks = [broadcast.subscribe('360p'), broadcast.subscribe('audio')].map(readTrack);
    await new Promise((resolve) => setTimeout(resolve, 100));
    window.stop();
    const groups = await Promise.all(tracks);
    expect(groups.flat(2).every((stamp) => stamp < window.end)).toBe(true);
    expect(totals.snapshot()).toMatchObject({ '360p': { aborted: 0 }, audio: { aborted: 0 } });
  });
});

describe('a finite channel', () => {
  it('begins when somebody asks, and has every frame exactly once for everybody', async () => {
    const { broadcast, window, totals, clock } = makeChannel(40);
    expect(window.range).toBeUndefined();
    const [video, audio] = [broadcast.subscribe('360p'), broadcast.subscribe('audio')];
    const { start = 0, end = 0 } = window.range ?? {};
    expect(start - clock.now()).toBeGreaterThan(400_000);
    expect(start - clock.now()).toBeLessThanOrEqual(1_500_000);
    // Slower than anything: a finite channel waits.
    clock.ahead += 10_000_000;
    const [pictures = [], sounds = []] = await Promise.all([readTrack(video), readTrack(audio)]);
    expect(pictures.map((group) => group.length)).toEqual([30, 10]);
    expect(pictures.flat()).toEqual(
      Array.from({ length: 40 }, (_, index) => frameTime(Math.round((start * 30) / 1e6) + index, VIDEO)),
    );
    expect(sounds.map((group) => group.length)).toEqual([25, 25, 17]);
    expect(sounds.flat().every((stamp) => stamp >= start && stamp < end)).toBe(true);
    expect(totals.snapshot()).toMatchObject({
      '360p': { groups: 2, frames: 40, aborted: 0 },
      audio: { groups: 3, frames: 67, aborted: 0 },
    });
  });
});

describe('what else is asked of it', () => {
  it('gives the catalog to everybody, and keeps it open', async () => {
    const { broadcast, totals } = makeChannel();
    const subscriber = broadcast.subscribe('catalog.json');
    const group = await subscriber.recvGroup();
    expect(JSON.parse((await group?.readString()) ?? '')).toHaveProperty('video');
    expect(group?.isClosed).toBe(false);
    broadcast.close();
    expect(await group?.readFrame()).toBeUndefined();
    expect(await subscriber.recvGroup()).toBeUndefined();
    expect(totals.snapshot()['catalog.json']).toMatchObject({ groups: 1, frames: 1 });
  });

  it('tells of tracks, and refuses those it has not', async () => {
    const { broadcast } = makeChannel();
    expect(await broadcast.track('audio').info()).toMatchObject({ timescale: 1_000_000, priority: 80 });
    expect(await broadcast.track('720p').info()).toMatchObject({ priority: 60 });
    await expect(broadcast.track('1080p').info()).rejects.toThrow('"1080p"');
    expect(() => broadcast.subscribe('1080p')).toThrow('"1080p"');
    await expect(broadcast.fetchGroup('720p', 1)).rejects.toThrow('not kept');
  });
});
