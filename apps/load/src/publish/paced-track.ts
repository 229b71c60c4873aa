import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

import { Group, Time, Track } from '@moq/net';

import type { ClipTrack } from '../clip/clip.ts';
import type { Clock } from '../clock/slewed-clock.ts';
import { LoadError } from '../error.ts';
import { frameTime, type GroupPlan, nextGroupIn, nextLiveGroup } from '../schedule.ts';
import { stampFrame } from '../stamped-frame.ts';
import type { TrackTotals } from '../totals.ts';
import type { PublishWindow } from './publish-window.ts';

/** A group this much older than it should be, in microseconds, is given up: the path is too slow for it. */
const MAX_LATENESS = 500_000;

/**
 * A receiver drops what is still on its way when it hears that a track has ended. So it hears of it this many
 * milliseconds after the last group was written.
 */
const END_DELAY = 300;

/** What a track is sent by. */
export interface Pacing {
  readonly clock: Clock;
  readonly window: PublishWindow;
  readonly totals: TrackTotals;
}

/**
 * One subscription of a track of the clip. Frames come into being when the protocol layer reads them and they are
 * due, so nothing ever waits in a queue: a path that is too slow costs groups, not memory or time.
 */
export class PacedTrack {
  readonly #track: ClipTrack;
  readonly #pacing: Pacing;
  readonly #closed = new AbortController();
  /** Fires when there is nothing more to wait for: the subscription is over, or the channel was stopped. */
  readonly #over: AbortSignal;
  readonly #open = new Set<PacedGroup>();
  #previous: number | undefined;
  #drained: (() => void) | undefined;

  constructor(track: ClipTrack, pacing: Pacing) {
    this.#track = track;
    this.#pacing = pacing;
    this.#over = AbortSignal.any([this.#closed.signal, pacing.window.stopped]);
  }

  /** The subscription for the protocol layer. */
  subscribe(options: Track.Subscription | undefined): Track.Subscriber {
    const subscriber = new Track.Producer(this.#track.name).accept(trackInfo(this.#track)).subscribe(options);
    // Groups are not pushed into a queue but made when they are asked for.
    subscriber.recvGroup = () => this.#nextGroup();
    subscriber.closed.subscribe(() => this.#close());
    return subscriber;
  }

  /** Fires when the subscription is over. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  async #nextGroup(): Promise<Group.Consumer | undefined> {
    for (;;) {
      const plan = this.#plan();
      if (!plan) return this.#end();
      await waitUntil(frameTime(plan.first, this.#track), this.#pacing.clock, this.#over);
      if (this.#closed.signal.aborted) return undefined;
      if (frameTime(plan.first, this.#track) >= this.#pacing.window.silentFrom) {
        await aborted(this.#over);
        return undefined;
      }
      // What was planned may be over by now: the process slept, or the channel was stopped.
      if (this.#plan()?.group !== plan.group) continue;
      this.#previous = plan.group;
      const group = new PacedGroup(plan, this.#track, this.#pacing, this.#over);
      this.#open.add(group);
      return group.open(() => {
        this.#open.delete(group);
        if (this.#open.size === 0) this.#drained?.();
      });
    }
  }

  #plan(): GroupPlan | undefined {
    const { clock, window } = this.#pacing;
    const { range } = window;
    if (range) return nextGroupIn(range, this.#previous, this.#track);
    const plan = nextLiveGroup(this.#previous, clock.now(), this.#track);
    return frameTime(plan.first, this.#track) < window.end ? plan : undefined;
  }

  // Returns once nothing is open any more, and a little later.
  async #end(): Promise<undefined> {
    const { signal } = this.#closed;
    if (this.#open.size > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    // Being closed meanwhile is fine too.
    await wait(END_DELAY, undefined, { signal }).catch(() => {});
    return undefined;
  }

  #close(): void {
    this.#closed.abort();
    for (const group of this.#open) group.close();
  }
}

/** One group on its way to one subscriber. */
class PacedGroup {
  readonly #plan: GroupPlan;
  readonly #track: ClipTrack;
  readonly #pacing: Pacing;
  readonly #group: Group.Producer;
  readonly #over: AbortSignal;
  #next: number;

  constructor(plan: GroupPlan, track: ClipTrack, pacing: Pacing, over: AbortSignal) {
    this.#plan = plan;
    this.#track = track;
    this.#pacing = pacing;
    this.#group = new Group.Producer(plan.group);
    this.#over = over;
    this.#next = plan.first;
  }

  /** The group for the protocol layer, which closes it when it is done with it. */
  open(onClose: () => void): Group.Consumer {
    const consumer = this.#group.consume();
    consumer.readFrame = () => this.#readFrame();
    consumer.readFrameSequence = () => this.#readFrame();
    consumer.closed.subscribe(() => {
      const complete =
        this.#next === this.#plan.end || frameTime(this.#next, this.#track) >= this.#pacing.window.end;
      if (!complete) this.#pacing.totals.aborted += 1;
      onClose();
    });
    return consumer;
  }

  close(): void {
    this.#group.close();
  }

  async #readFrame(): Promise<(Group.Frame & { sequence: number }) | undefined> {
    const { clock, window, totals } = this.#pacing;
    const { first, end } = this.#plan;
    const frame = this.#next;
    if (frame === first) totals.groups += 1;
    if (frame >= end) return undefined;
    const time = frameTime(frame, this.#track);
    await waitUntil(time, clock, this.#over);
    if (time >= window.end || this.#group.isClosed) return undefined;
    // A finite channel is sent whole, however long it takes.
    if (!window.range && clock.now() - frameTime(end, this.#track) > MAX_LATENESS) {
      throw new LoadError('frame', `group ${this.#plan.group} is too late`);
    }
    const { frames } = this.#track;
    const payload = stampFrame(time, frames[frame % frames.length] ?? new Uint8Array());
    this.#next += 1;
    totals.frames += 1;
    totals.bytes += payload.length;
    return { payload, timestamp: Time.Timestamp.fromMicros(time), sequence: frame - first };
  }
}

/** What a track says of itself over MoQ: audio goes before video, as everywhere in hang. */
export function trackInfo({ kind }: ClipTrack): Track.Info {
  return Track.infoDefaults({ timescale: Time.Timescale.MICRO, priority: kind === 'audio' ? 80 : 60 });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** Resolves at a time, or when the signal fires, whichever comes first. */
async function waitUntil(time: number, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    const left = time - clock.now();
    if (left <= 0 || signal.aborted) return;
    // Aborting the wait is one way for it to end.
    await wait(Math.ceil(left / 1_000), undefined, { signal }).catch(() => {});
  }
}
