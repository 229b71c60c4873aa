import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CLOCK_CLIP } from './clip/clip.ts';
import { firstFrame, frameAt, frameTime, groupOf, nextGroupIn, nextLiveGroup } from './schedule.ts';

const HOUR = 3_600_000_000;
const VIDEO = { frameRate: 30, framesPerGroup: 30 };
const AUDIO = { frameRate: 50, framesPerGroup: 25 };

const cadence = fc.record({
  frameRate: fc.integer({ min: 1, max: 1000 }),
  framesPerGroup: fc.integer({ min: 1, max: 300 }),
});
/** From 1970 to past 2100, in microseconds. */
const time = fc.integer({ min: 0, max: 4_200_000_000_000_000 });
/** A frame of that time. */
const framed = fc
  .tuple(time, cadence)
  .map(([time, cadence]) => ({ frame: Math.floor((time / 1_000_000) * cadence.frameRate), cadence }));

describe('frames and times', () => {
  it('a frame is the newest one at its time, and not a microsecond before', () => {
    fc.assert(
      fc.property(framed, ({ frame, cadence }) => {
        expect(frameAt(frameTime(frame, cadence), cadence)).toBe(frame);
        expect(frameAt(frameTime(frame, cadence) - 1, cadence)).toBe(frame - 1);
      }),
    );
  });

  it('the newest frame is due, and the one after it is not', () => {
    fc.assert(
      fc.property(time, cadence, (time, cadence) => {
        const frame = frameAt(time, cadence);
        expect(frameTime(frame, cadence)).toBeLessThanOrEqual(time);
        expect(frameTime(frame + 1, cadence)).toBeGreaterThan(time);
      }),
    );
  });

  it('is exact to the microsecond after years', () => {
    fc.assert(
      fc.property(framed, ({ frame, cadence }) => {
        const exact = (BigInt(frame) * 1_000_000n) / BigInt(cadence.frameRate);
        expect(BigInt(frameTime(frame, cadence))).toBe(exact);
      }),
    );
  });

  it('the position in the clip is the time modulo its length, for every frame of three days', () => {
    const { seconds, tracks } = CLOCK_CLIP;
    for (const track of tracks) {
      const inClip = seconds * track.frameRate;
      const start = frameAt(1_800_000_000_000_000, track);
      for (let frame = start; frame < start + (3 * 24 * HOUR * track.frameRate) / 1e6; frame += 997) {
        const position = frameTime(frame, track) % (seconds * 1_000_000);
        expect(Math.floor(((frame % inClip) * 1_000_000) / track.frameRate)).toBe(position);
      }
    }
  });
});

describe('nextLiveGroup', () => {
  const now = 1_800_000_000_400_000;

  it('begins with the group of the newest frame', () => {
    expect(nextLiveGroup(undefined, now, VIDEO)).toEqual({
      group: 1_800_000_000,
      first: 54_000_000_000,
      end: 54_000_000_030,
    });
  });

  it('goes on with the group after, also when that is not due yet', () => {
    expect(nextLiveGroup(1_800_000_000, now, VIDEO).group).toBe(1_800_000_001);
  });

  it('goes on at the live edge when it was late', () => {
    expect(nextLiveGroup(1_799_999_000, now, VIDEO).group).toBe(1_800_000_000);
    expect(nextLiveGroup(1_800_000_000, now + HOUR, VIDEO).group).toBe(1_800_003_600);
  });

  it('begins every group with a frame that the clip can begin with', () => {
    fc.assert(
      fc.property(time, (now) => {
        const { first } = nextLiveGroup(undefined, now, VIDEO);
        expect((first % 300) % 30).toBe(0);
        expect(now - frameTime(first, VIDEO)).toBeLessThan(1_000_000);
      }),
    );
  });
});

describe('nextGroupIn', () => {
  it('has every frame of the range exactly once, whatever the range', () => {
    const length = fc.integer({ min: 0, max: 5_000_000 });
    fc.assert(
      fc.property(time, length, cadence, (start, length, cadence) => {
        const frames: number[] = [];
        let previous: number | undefined;
        for (;;) {
          const plan = nextGroupIn({ start, end: start + length }, previous, cadence);
          if (!plan) break;
          expect(plan.end).toBeGreaterThan(plan.first);
          for (let frame = plan.first; frame < plan.end; frame++) {
            expect(groupOf(frame, cadence)).toBe(plan.group);
            frames.push(frame);
          }
          previous = plan.group;
        }
        const all = frames.every((frame, index) => frame === (frames[0] ?? 0) + index);
        expect(all).toBe(true);
        expect(frames.every((frame) => frameTime(frame, cadence) >= start)).toBe(true);
        const next = frames.length > 0 ? (frames.at(-1) ?? 0) + 1 : frameAt(start - 1, cadence) + 1;
        expect(frameTime(next, cadence)).toBeGreaterThanOrEqual(start + length);
      }),
      { numRuns: 200 },
    );
  });

  it('gives both kinds of tracks what they are due in ten seconds', () => {
    const start = frameTime(firstFrame(1_800_000_000, VIDEO), VIDEO);
    const count = (cadence: typeof VIDEO): { groups: number; frames: number } => {
      let [groups, frames] = [0, 0];
      let previous: number | undefined;
      for (;;) {
        const plan = nextGroupIn({ start, end: start + 10_000_000 }, previous, cadence);
        if (!plan) return { groups, frames };
        groups++;
        frames += plan.end - plan.first;
        previous = plan.group;
      }
    };
    expect(count(VIDEO)).toEqual({ groups: 10, frames: 300 });
    expect(count(AUDIO)).toEqual({ groups: 20, frames: 500 });
  });
});
