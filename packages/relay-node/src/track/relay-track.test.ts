import { type Group, Time, Track } from '@moq/net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RelayTrack, type RelayTrackOptions } from './relay-track.ts';
import type { GroupReader } from './group-reader.ts';
import type { SubscriptionObserver, TrackSubscription } from './subscription.ts';

/** Writes down what becomes of a subscription. */
class Log implements SubscriptionObserver {
  readonly told: string[] = [];
  readonly starts: boolean[] = [];
  frames = 0;

  opened(): void {
    this.told.push('opened');
  }

  readonly subscribed = true;

  started(cached: boolean): void {
    this.starts.push(cached);
  }

  groupAccepted(): void {}

  frameAccepted(): void {
    this.frames += 1;
  }

  dropped(reason: string, bytes: number): void {
    this.told.push(`dropped ${bytes} (${reason})`);
  }

  closed(error: Error | undefined): void {
    this.told.push(error ? `closed: ${error.message}` : 'closed');
  }

  released(): void {
    this.told.push('released');
  }
}

let upstream: Track.Producer;
let over: boolean;
let fanouts: number[];
let received: { groups: number; frames: number; bytes: number; closed: boolean };

function open(options: Partial<RelayTrackOptions> = {}, first: Track.Subscription = {}): RelayTrack {
  return new RelayTrack(
    {
      name: 'hi',
      limits: { groupBytes: 100_000, cacheBytes: 100_000, backlogBytes: 1000, backlogAge: 5000 },
      assumedInfo: undefined,
      open: (subscription) => upstream.subscribe(subscription),
      accepted: () => ({
        group: () => (received.groups += 1),
        frame: (bytes) => {
          received.frames += 1;
          received.bytes += bytes;
        },
        delivered: (subscribers) => fanouts.push(subscribers),
        close: () => (received.closed = true),
      }),
      closed: () => (over = true),
      ...options,
    },
    first,
  );
}

function frame(bytes: number): Group.Frame {
  return { payload: new Uint8Array(bytes), timestamp: Time.Timestamp.fromMicros(0) };
}

function write(...bytes: number[]): void {
  const group = upstream.appendGroup();
  for (const size of bytes) group.writeFrame(frame(size));
  group.close();
}

/** Lets everything happen that needs no time. */
function settle(): Promise<void> {
  return vi.advanceTimersByTimeAsync(1) as unknown as Promise<void>;
}

async function drain(group: GroupReader | undefined): Promise<number[]> {
  const sizes: number[] = [];
  for (;;) {
    const read = await group!.readFrame();
    if (!read) break;
    sizes.push(read.payload.byteLength);
  }
  group!.close();
  return sizes;
}

beforeEach(() => {
  vi.useFakeTimers();
  upstream = new Track.Producer('hi').accept({ latencyMax: 1000 });
  over = false;
  fanouts = [];
  received = { groups: 0, frames: 0, bytes: 0, closed: false };
});

afterEach(() => {
  upstream.close();
  vi.useRealTimers();
});

describe('a track', () => {
  test('is opened once, and serves every subscriber in full', async () => {
    const track = open();
    const logs = [new Log(), new Log()];
    const subscriptions = logs.map((log) => track.subscribe({}, log));
    await settle();
    expect(logs.map(({ told }) => told)).toEqual([['opened'], ['opened']]);
    write(10, 20);
    await settle();
    for (const subscription of subscriptions) {
      expect(await drain(await subscription.recvGroup())).toEqual([10, 20]);
    }
    expect(received).toEqual({ groups: 1, frames: 2, bytes: 30, closed: false });
    expect(logs.map(({ frames }) => frames)).toEqual([2, 2]);
  });

  test('ends at the publisher with its last subscriber', async () => {
    const track = open();
    const subscriptions: TrackSubscription[] = [
      track.subscribe({}, new Log()),
      track.subscribe({}, new Log()),
    ];
    await settle();
    expect(upstream.used.peek()).toBe(true);
    subscriptions[0]!.close();
    await settle();
    expect([upstream.used.peek(), over]).toEqual([true, false]);
    subscriptions[1]!.close();
    await settle();
    expect([upstream.used.peek(), over, received.closed]).toEqual([false, true, true]);
    expect(() => track.subscribe({}, new Log())).toThrow('ended');
  });

  test('that is refused tells its subscribers why, and never opens', async () => {
    upstream = new Track.Producer('hi');
    const log = new Log();
    const subscription = open().subscribe({}, log);
    upstream.close(new Error('no such track'));
    await expect(subscription.info()).rejects.toThrow('no such track');
    await expect(subscription.recvGroup()).rejects.toThrow('no such track');
    expect(log.told).toEqual(['closed: no such track', 'released']);
    expect(over).toBe(true);
  });

  test('of a publisher that promises to keep everything for hours is refused', async () => {
    upstream = new Track.Producer('hi').accept({ latencyMax: 3_600_000 });
    const log = new Log();
    open().subscribe({}, log);
    await settle();
    expect(log.told[0]).toContain('3600000 ms');
  });

  test('that has ended is read to its end, and a moment later its end is told', async () => {
    const log = new Log();
    const subscription = open().subscribe({}, log);
    await settle();
    write(10);
    write(20);
    upstream.close();
    await settle();
    expect(over).toBe(true);
    const [first, second] = [await subscription.recvGroup(), await subscription.recvGroup()];
    const end = subscription.recvGroup();
    await drain(first);
    await vi.advanceTimersByTimeAsync(1000);
    expect(log.told).toEqual(['opened']);
    await drain(second);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await end).toBeUndefined();
    expect(log.told).toEqual(['opened', 'closed', 'released']);
    expect(log.frames).toBe(2);
  });

  test('that has ended does not wait for a subscriber that reads no more', async () => {
    const log = new Log();
    const subscription = open().subscribe({}, log);
    await settle();
    write(10);
    upstream.close();
    await settle();
    const group = await subscription.recvGroup();
    await vi.advanceTimersByTimeAsync(11_000);
    expect(log.told).toEqual(['opened', 'dropped 10 (backlog)', 'closed']);
    await expect(group!.readFrame()).rejects.toMatchObject({ code: 'lagged' });
    group!.close();
    expect(log.told.at(-1)).toBe('released');
  });

  test('asks the publisher for the strongest of all wishes', async () => {
    const asked: Track.Subscription[] = [];
    const track = open(
      {
        open: (subscription) => {
          asked.push(subscription);
          const opened = upstream.subscribe(subscription);
          const update = opened.update.bind(opened);
          opened.update = (wishes) => {
            asked.push(wishes);
            update(wishes);
          };
          return opened;
        },
      },
      { priority: 1 },
    );
    track.subscribe({ priority: 1 }, new Log());
    const strong = track.subscribe({ priority: 9, latencyMax: 500 }, new Log());
    strong.update({ priority: 7 });
    strong.close();
    expect(asked).toEqual([
      { priority: 1, ordered: false, latencyMax: 0 },
      { priority: 9, ordered: false, latencyMax: 500 },
      { priority: 7, ordered: false, latencyMax: 0 },
      { priority: 1, ordered: false, latencyMax: 0 },
    ]);
  });
});

describe('late subscribers', () => {
  test('find the newest group, however old it is', async () => {
    const track = open();
    track.subscribe({}, new Log());
    await settle();
    write(1);
    write(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(track.groups.map(({ sequence }) => sequence)).toEqual([0, 1]);
    write(3);
    await settle();
    expect(track.groups.map(({ sequence }) => sequence)).toEqual([2]);
    await vi.advanceTimersByTimeAsync(60_000);
    const late = track.subscribe({}, new Log());
    expect(late.latest()).toBe(2);
    expect(late.largest()).toEqual({ group: 2, frame: 0 });
    expect(await drain(late.tryRecvGroup())).toEqual([3]);
  });

  test('start where they ask to, as far as it is kept', async () => {
    const track = open();
    track.subscribe({}, new Log());
    await settle();
    for (let i = 0; i < 4; i++) write(i);
    await settle();
    const late = track.subscribe({}, new Log());
    late.startAt(1);
    late.endAt(2);
    const sequences = [late.tryRecvGroup(), late.tryRecvGroup(), late.tryRecvGroup()].map((g) => g?.sequence);
    expect(sequences).toEqual([1, 2, undefined]);
    late.endAt();
    expect(late.tryRecvGroup()!.sequence).toBe(3);
  });

  test('cannot start in a group whose begin is gone', async () => {
    const track = open({
      limits: { groupBytes: 5000, cacheBytes: 5000, backlogBytes: 5000, backlogAge: 5000 },
    });
    const early = track.subscribe({}, new Log());
    await settle();
    const group = upstream.appendGroup();
    await settle();
    const reading = await early.recvGroup();
    for (let i = 0; i < 10; i++) {
      group.writeFrame(frame(1000));
      await reading!.readFrame();
    }
    const late = track.subscribe({}, new Log());
    expect(late.tryRecvGroup()).toBeUndefined();
    write(1);
    await settle();
    expect((await late.recvGroup())!.sequence).toBe(1);
  });
});

describe('what is kept', () => {
  test('is bounded, without the newest group', async () => {
    const track = open({
      limits: { groupBytes: 100_000, cacheBytes: 3000, backlogBytes: 1000, backlogAge: 5000 },
    });
    track.subscribe({}, new Log());
    await settle();
    for (let i = 0; i < 10; i++) write(1000);
    await settle();
    expect(track.groups.map(({ sequence }) => sequence)).toEqual([7, 8, 9]);
  });

  test('is bounded also when the publisher closes no group', async () => {
    const track = open({
      limits: { groupBytes: 100_000, cacheBytes: 3000, backlogBytes: 1000, backlogAge: 5000 },
    });
    track.subscribe({}, new Log());
    await settle();
    const groups = Array.from({ length: 10 }, () => upstream.appendGroup());
    for (const group of groups) group.writeFrame(frame(1000));
    await settle();
    upstream.appendGroup();
    await settle();
    expect(track.groups).toHaveLength(3);
    await settle();
  });

  test('is in order, however the groups come', async () => {
    const track = open();
    const subscription = track.subscribe({}, new Log());
    await settle();
    const { Producer } = await import('@moq/net').then(({ Group }) => Group);
    for (const sequence of [5, 3, 4]) {
      upstream.writeGroup(new Producer(sequence));
      await settle();
    }
    expect(track.groups.map(({ sequence }) => sequence)).toEqual([3, 4, 5]);
    expect(track.group(4)).toBe(track.groups[1]);
    const got = [subscription.tryRecvGroup(), subscription.tryRecvGroup(), subscription.tryRecvGroup()];
    expect(got.map((group) => group!.sequence)).toEqual([3, 4, 5]);
  });
});

describe('a subscriber that is too slow', () => {
  test('loses all groups but the newest, and nobody else does', async () => {
    const track = open();
    const [slowLog, quickLog] = [new Log(), new Log()];
    const [slow, quick] = [track.subscribe({}, slowLog), track.subscribe({}, quickLog)];
    await settle();
    const stuck: GroupReader[] = [];
    for (let i = 0; i < 4; i++) {
      write(300);
      await settle();
      const group = (await slow.recvGroup())!;
      stuck.push(group);
      await group.readFrame();
      await drain(await quick.recvGroup());
    }
    expect(slow.waitingBytes).toBe(300);
    expect(slowLog.told).toEqual([
      'opened',
      'dropped 300 (backlog)',
      'dropped 300 (backlog)',
      'dropped 300 (backlog)',
    ]);
    for (const group of stuck.slice(0, 3)) await expect(group.readFrame()).rejects.toThrow('given up');
    expect(await stuck[3]!.readFrame()).toBeUndefined();
    expect(quickLog.told).toEqual(['opened']);
    expect(quickLog.frames).toBe(4);
  });

  test('loses the newest group too when that alone is too large', async () => {
    const log = new Log();
    const subscription = open().subscribe({}, log);
    await settle();
    const group = upstream.appendGroup();
    await settle();
    const reader = await subscription.recvGroup();
    group.writeFrame(frame(600));
    group.writeFrame(frame(600));
    await settle();
    expect(log.told).toEqual(['opened', 'dropped 1200 (backlog)']);
    await expect(reader!.readFrame()).rejects.toThrow('given up');
    reader!.close();
    write(10);
    await settle();
    expect(await drain(await subscription.recvGroup())).toEqual([10]);
  });

  test('is not blamed for what was there before it came', async () => {
    const track = open();
    const early = track.subscribe({}, new Log());
    await settle();
    const group = upstream.appendGroup();
    await settle();
    const reading = await early.recvGroup();
    for (let i = 0; i < 5; i++) {
      group.writeFrame(frame(900));
      await reading!.readFrame();
    }
    const log = new Log();
    const late = track.subscribe({}, log);
    const reader = late.tryRecvGroup()!;
    expect(late.waitingBytes).toBe(4500);
    group.writeFrame(frame(900));
    await settle();
    expect(log.told).toEqual(['opened']);
    group.writeFrame(frame(900));
    await settle();
    expect(log.told).toEqual(['opened', 'dropped 6300 (backlog)']);
    reader.close();
  });

  test('holds no more than it may when it picks up no groups at all', async () => {
    const log = new Log();
    const subscription = open().subscribe({}, log);
    await settle();
    for (let i = 0; i < 10; i++) write(400);
    await settle();
    expect(log.told.filter((line) => line === 'dropped 400 (backlog)').length).toBeGreaterThanOrEqual(8);
    expect((await subscription.recvGroup())!.sequence).toBeGreaterThanOrEqual(8);
  });
});

test('a subscriber that leaves loses what was under way, at once', async () => {
  const track = open();
  const log = new Log();
  const subscription = track.subscribe({}, log);
  track.subscribe({}, new Log());
  await settle();
  write(10, 20);
  await settle();
  const group = await subscription.recvGroup();
  await group!.readFrame();
  await group!.readFrame();
  subscription.close();
  expect(log.told).toEqual(['opened', 'closed', 'dropped 20 (cancelled)', 'released']);
  await expect(group!.readFrame()).rejects.toMatchObject({ code: 'lagged' });
  expect(log.frames).toBe(1);
  expect(await subscription.recvGroup()).toBeUndefined();
  expect(await subscription.recvDatagram()).toBeUndefined();
});

test('a fork reads on its own, and counts as the same subscription', async () => {
  const track = open();
  const log = new Log();
  const subscription = track.subscribe({}, log);
  await settle();
  write(10);
  await settle();
  const fork = subscription.fork();
  await drain(fork.tryRecvGroup());
  await drain(subscription.tryRecvGroup());
  fork.close();
  expect(log.frames).toBe(2);
  expect(log.told).toEqual(['opened']);
});
