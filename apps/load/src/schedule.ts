/**
 * When which frame is due. Frames are counted from the Unix epoch, so the number of a frame says its time and its
 * place in the clip, two publishers of one clip agree without talking, and nothing drifts: all is integer arithmetic
 * on absolute time. Times are microseconds since the Unix epoch.
 */

const SECOND = 1_000_000;

/** How the frames of a track follow one another. */
export interface Cadence {
  /** Frames per second: a whole number, at most 1000. */
  readonly frameRate: number;
  /** Frames per group. */
  readonly framesPerGroup: number;
}

/** The time at which a frame is due, which is also its stamp. */
export function frameTime(frame: number, { frameRate }: Cadence): number {
  const second = Math.floor(frame / frameRate);
  return second * SECOND + Math.floor(((frame - second * frameRate) * SECOND) / frameRate);
}

/** The newest frame that is due at a time: the largest whose {@link frameTime} is not after it. */
export function frameAt(time: number, { frameRate }: Cadence): number {
  const micros = Math.floor(time);
  const second = Math.floor(micros / SECOND);
  return second * frameRate + Math.ceil(((micros - second * SECOND + 1) * frameRate) / SECOND) - 1;
}

/** The group that a frame belongs to, counted from the Unix epoch. */
export function groupOf(frame: number, { framesPerGroup }: Cadence): number {
  return Math.floor(frame / framesPerGroup);
}

/** The first frame of a group. */
export function firstFrame(group: number, { framesPerGroup }: Cadence): number {
  return group * framesPerGroup;
}

/** The frames to send of a group, from `first` up to and without `end`. */
export interface GroupPlan {
  readonly group: number;
  readonly first: number;
  readonly end: number;
}

/** From when to when there is something to send. */
export interface TimeRange {
  readonly start: number;
  /** The first time that is not part of it. */
  readonly end: number;
}

/**
 * The next group of a live track to begin: the one after `previous`, or the current one when that is over already,
 * so a sender that was late goes on at the live edge.
 *
 * @param previous the group before, `undefined` at the beginning
 * @param now the current time
 */
export function nextLiveGroup(previous: number | undefined, now: number, cadence: Cadence): GroupPlan {
  const current = groupOf(frameAt(now, cadence), cadence);
  const group = previous === undefined ? current : Math.max(previous + 1, current);
  return { group, first: firstFrame(group, cadence), end: firstFrame(group + 1, cadence) };
}

/** The next group of a range that is sent whole, whatever the time; `undefined` after the last one. */
export function nextGroupIn(
  range: TimeRange,
  previous: number | undefined,
  cadence: Cadence,
): GroupPlan | undefined {
  const start = frameFrom(range.start, cadence);
  const end = frameFrom(range.end, cadence);
  const group = previous === undefined ? groupOf(start, cadence) : previous + 1;
  const first = Math.max(start, firstFrame(group, cadence));
  if (first >= end) return undefined;
  return { group, first, end: Math.min(end, firstFrame(group + 1, cadence)) };
}

/** The first frame that is due at a time or after it. */
function frameFrom(time: number, cadence: Cadence): number {
  return frameAt(time - 1, cadence) + 1;
}
