import { Broadcast, type Group, Time } from '@moq/net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RelayBroadcast } from './broadcast.ts';
import { RelayMetrics } from './telemetry/metrics.ts';
import type { GroupReader, GroupReaderObserver } from './track/group-reader.ts';
import type { SubscriptionObserver } from './track/subscription.ts';

const LIMITS = {
  groupBytes: 100_000,
  cacheBytes: 100_000,
  backlogBytes: 100_000,
  backlogAge: 60_000,
  tracksPerBroadcast: 3,
  trackNameBytes: 20,
};

const NOBODY: SubscriptionObserver & GroupReaderObserver = {
  subscribed: true,
  opened: () => {},
  started: () => {},
  groupAccepted: () => {},
  frameAccepted: () => {},
  dropped: () => {},
  closed: () => {},
  released: () => {},
  waiting: () => {},
  done: () => {},
};

let publisher: Broadcast.Producer;
let asked: string[];
let broadcast: RelayBroadcast | undefined;

/** A broadcast of the publisher; what is asked of it is written down. */
function start(tellsTrackInfo = true): RelayBroadcast {
  const source = publisher.consume();
  broadcast = new RelayBroadcast({
    path: 'demo/bbb',
    source: {
      subscribe: (name, options) => {
        asked.push(`subscribe ${name}`);
        return source.subscribe(name, options);
      },
      resolveTrackInfo: (name) => {
        asked.push(`info ${name}`);
        return source.resolveTrackInfo(name);
      },
      fetchGroup: (name, sequence, options) => {
        asked.push(`fetch ${name} ${sequence}`);
        return source.fetchGroup(name, sequence, options);
      },
      close: () => source.close(),
    },
    tellsTrackInfo,
    limits: LIMITS,
    describes: true,
    metrics: new RelayMetrics({ version: '0', processMetrics: false }).broadcast('demo/bbb'),
  });
  return broadcast;
}

function catalog(...names: string[]): Group.Producer {
  const group = track('catalog.json').appendGroup();
  group.writeJson({ video: { renditions: Object.fromEntries(names.map((name) => [name, {}])) } });
  return group;
}

const tracks = new Map<string, ReturnType<Broadcast.Producer['createTrack']>>();

function track(name: string): ReturnType<Broadcast.Producer['createTrack']> {
  let found = tracks.get(name);
  if (!found) {
    found = publisher.createTrack(name, { timescale: Time.Timescale(90_000) });
    tracks.set(name, found);
  }
  return found;
}

/** A group of twelve bytes. */
function write(): void {
  const group = track('hi').appendGroup();
  group.writeString('twelve bytes');
  group.close();
}

function settle(): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(1);
}

async function read(group: GroupReader): Promise<number> {
  let bytes = 0;
  for (;;) {
    const frame = await group.readFrame();
    if (!frame) break;
    bytes += frame.payload.byteLength;
  }
  group.close();
  return bytes;
}

beforeEach(() => {
  vi.useFakeTimers();
  publisher = new Broadcast.Producer();
  tracks.clear();
  asked = [];
});

afterEach(() => {
  broadcast?.end();
  publisher.close();
  vi.useRealTimers();
});

describe('the catalog', () => {
  test('is subscribed to from the begin, and says what tracks carry', async () => {
    catalog('hi');
    start();
    expect(broadcast!.trackType('hi')).toBe('other');
    await settle();
    expect(asked).toEqual(['subscribe catalog.json']);
    expect(broadcast!.trackType('hi')).toBe('video');
    expect(broadcast!.trackType('sound')).toBe('other');
    expect(broadcast!.trackType('audio/en')).toBe('audio');
    expect(broadcast!.trackType('catalog.json.z')).toBe('catalog');
  });

  test('is followed from group to group, also when none is ever closed', async () => {
    const first = catalog('one');
    start();
    await settle();
    catalog('two');
    await settle();
    expect(broadcast!.trackType('one')).toBe('other');
    expect(broadcast!.trackType('two')).toBe('video');
    // Whatever still comes in an old group is old.
    first.writeJson({ video: { renditions: { three: {} } } });
    await settle();
    expect(broadcast!.trackType('three')).toBe('other');
  });

  test('that is refused is asked for again, less and less often, until the broadcast ends', async () => {
    void (async () => {
      for (;;) {
        const request = await publisher.requested();
        if (!request) break;
        request.reject(new Error('no catalog'));
      }
    })();
    start();
    await vi.advanceTimersByTimeAsync(40_000);
    expect(asked).toHaveLength(5);
    catalog('hi');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(broadcast!.trackType('hi')).toBe('video');
    broadcast!.end();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(asked).toHaveLength(6);
  });
});

describe("a track's properties", () => {
  test('are those of the publisher, asked for once at a time', async () => {
    track('hi');
    start();
    const infos = await Promise.all([broadcast!.info('hi'), broadcast!.info('hi')]);
    expect(infos.map(({ timescale }) => timescale)).toEqual([90_000, 90_000]);
    expect(asked.filter((line) => line === 'info hi')).toHaveLength(1);
    broadcast!.subscribe('hi', {}, NOBODY);
    await settle();
    expect((await broadcast!.info('hi')).timescale).toBe(90_000);
    expect(asked.filter((line) => line === 'info hi')).toHaveLength(1);
  });

  test('are assumed where the protocol does not tell them', async () => {
    track('hi');
    start(false);
    const assumed = await broadcast!.info('hi');
    expect(assumed).toMatchObject({ timescale: 1_000_000, latencyMax: 5000 });
    expect(await broadcast!.subscribe('hi', {}, NOBODY).info()).toEqual(assumed);
    expect(asked).not.toContain('info hi');
  });

  test('are not waited for without end', async () => {
    start();
    const answer = expect(broadcast!.info('hi')).rejects.toMatchObject({ code: 'timeout' });
    await vi.advanceTimersByTimeAsync(11_000);
    await answer;
    const again = broadcast!.info('hi');
    expect(asked.filter((line) => line === 'info hi')).toHaveLength(2);
    publisher.close(new Error('gone'));
    await expect(again).rejects.toThrow('gone');
  });
});

describe('limits', () => {
  test('hold for tracks, their names, and after the end', async () => {
    start();
    for (const name of ['one', 'two']) broadcast!.subscribe(name, {}, NOBODY);
    expect(() => broadcast!.subscribe('three', {}, NOBODY)).toThrow('has 3 tracks already');
    broadcast!.subscribe('two', {}, NOBODY);
    await expect(broadcast!.info('a name of many letters')).rejects.toMatchObject({ code: 'limit' });
    broadcast!.end();
    expect(() => broadcast!.subscribe('two', {}, NOBODY)).toThrow('has ended');
    await expect(broadcast!.info('one')).rejects.toMatchObject({ code: 'ended' });
    await expect(broadcast!.fetchGroup('one', 0, {}, NOBODY)).rejects.toMatchObject({ code: 'ended' });
  });
});

describe('a group', () => {
  test('is fetched once for all who ask meanwhile', async () => {
    write();
    start();
    const groups = await Promise.all(
      [0, 0].map((sequence) => broadcast!.fetchGroup('hi', sequence, {}, NOBODY)),
    );
    expect(await Promise.all(groups.map(read))).toEqual([12, 12]);
    expect(asked.filter((line) => line.startsWith('fetch'))).toEqual(['fetch hi 0']);
    await settle();
    await read(await broadcast!.fetchGroup('hi', 0, {}, NOBODY));
    expect(asked.filter((line) => line.startsWith('fetch'))).toHaveLength(2);
  });

  test('that is kept is not fetched', async () => {
    track('hi');
    start();
    broadcast!.subscribe('hi', {}, NOBODY);
    write();
    await settle();
    expect(await read(await broadcast!.fetchGroup('hi', 0, {}, NOBODY))).toBe(12);
    expect(asked.filter((line) => line.startsWith('fetch'))).toEqual([]);
  });

  test('that does not come is not waited for without end', async () => {
    track('hi');
    start();
    const answer = expect(broadcast!.fetchGroup('hi', 7, {}, NOBODY)).rejects.toMatchObject({
      code: 'timeout',
    });
    await vi.advanceTimersByTimeAsync(11_000);
    await answer;
  });

  test('that nobody reads any more is not fetched to its end', async () => {
    track('hi').appendGroup().writeString('twelve bytes');
    start();
    const group = await broadcast!.fetchGroup('hi', 0, {}, NOBODY);
    await group.readFrame();
    expect(track('hi').used.peek()).toBe(true);
    group.close();
    await settle();
    expect(track('hi').used.peek()).toBe(false);
  });
});
