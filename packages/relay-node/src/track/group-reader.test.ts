import { Time } from '@moq/net';
import { beforeEach, describe, expect, test } from 'vitest';
import { CachedGroup } from './cached-group.ts';
import { GroupReader, type GroupReaderObserver } from './group-reader.ts';

/** Writes down what a reader tells. */
class Log implements GroupReaderObserver {
  readonly told: string[] = [];
  waitingBytes = 0;

  readonly subscribed = true;

  groupAccepted(): void {
    this.told.push('group');
  }

  frameAccepted(bytes: number): void {
    this.told.push(`frame ${bytes}`);
  }

  waiting(delta: number): void {
    this.waitingBytes += delta;
  }

  done(_: GroupReader, undelivered: number): void {
    this.told.push(`done ${undelivered}`);
  }
}

let log: Log;
let group: CachedGroup;

function append(bytes: number): void {
  group.append({ payload: new Uint8Array(bytes), timestamp: Time.Timestamp.fromMicros(0) }, 0);
}

beforeEach(() => {
  log = new Log();
  group = new CachedGroup(3, 0, 10_000);
});

describe('a reader', () => {
  test('counts a frame when it is asked for the next one', async () => {
    const reader = new GroupReader(group, log);
    append(10);
    append(20);
    expect((await reader.readFrame())!.payload.byteLength).toBe(10);
    expect(log.told).toEqual(['group']);
    await reader.readFrame();
    expect(log.told).toEqual(['group', 'frame 10']);
    group.close();
    expect(await reader.readFrame()).toBeUndefined();
    reader.close();
    expect(log.told).toEqual(['group', 'frame 10', 'frame 20', 'done 0']);
    expect(log.waitingBytes).toBe(0);
  });

  test('does not count a frame that could not be written', async () => {
    const reader = new GroupReader(group, log);
    append(10);
    await reader.readFrame();
    reader.close(new Error('stream reset'));
    expect(log.told).toEqual(['group', 'done 10']);
    expect(log.waitingBytes).toBe(0);
  });

  test('counts an empty group', async () => {
    const reader = new GroupReader(group, log);
    group.close();
    expect(await reader.readFrame()).toBeUndefined();
    expect(log.told).toEqual(['group']);
  });

  test('waits for what comes, and sees how it ends', async () => {
    const reader = new GroupReader(group, log);
    const first = reader.readFrame();
    append(10);
    expect((await first)!.payload.byteLength).toBe(10);
    const second = reader.readFrame();
    group.close(new Error('publisher reset it'));
    await expect(second).rejects.toThrow('publisher reset it');
  });

  test('stops waiting when it is closed', async () => {
    const reader = new GroupReader(group, log);
    const frame = reader.readFrame();
    reader.close();
    expect(await frame).toBeUndefined();
  });

  test('that is given up learns it at the next read, and what was written by then counts', async () => {
    const reader = new GroupReader(group, log);
    append(10);
    append(20);
    await reader.readFrame();
    expect(log.waitingBytes).toBe(30);
    reader.fail(new Error('too slow'));
    expect(log.waitingBytes).toBe(0);
    append(30);
    expect(log.waitingBytes).toBe(0);
    await expect(reader.readFrame()).rejects.toThrow('too slow');
    expect(log.told).toEqual(['group', 'frame 10']);
  });

  test('can start at a later frame; the ones before are neither read nor counted', async () => {
    append(1);
    append(2);
    append(3);
    const reader = new GroupReader(group, log);
    expect(reader.waiting).toBe(6);
    const read = await reader.readFrameSequence({ from: 2 });
    expect([read!.sequence, read!.payload.byteLength]).toEqual([2, 3]);
    group.close();
    expect(await reader.readFrameSequence({ from: 2 })).toBeUndefined();
    expect(log.told).toEqual(['group', 'frame 3']);
  });
});

describe('a group that outgrows its limit', () => {
  test('gives up its oldest frames: who has read them goes on, who has not loses it', async () => {
    const [quick, slow] = [new GroupReader(group, log), new GroupReader(group, new Log())];
    for (let i = 0; i < 9; i++) {
      append(1000);
      await quick.readFrame();
    }
    expect(group.firstFrame).toBeGreaterThan(0);
    expect(group.cost).toBeLessThanOrEqual(10_000);
    expect(group.frameCount).toBe(9);
    append(500);
    expect((await quick.readFrame())!.payload.byteLength).toBe(500);
    await expect(slow.readFrame()).rejects.toMatchObject({ code: 'lagged' });
  });

  test('also when its frames are empty', () => {
    for (let i = 0; i < 1000; i++) append(0);
    expect(group.cost).toBeLessThanOrEqual(10_000);
  });
});
