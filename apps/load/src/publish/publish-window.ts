import type { Clock } from '../clock/slewed-clock.ts';
import { type Cadence, firstFrame, frameAt, frameTime, groupOf, type TimeRange } from '../schedule.ts';

/**
 * Microseconds from the first subscription to the start of a finite channel at the least: time for the others, and for
 * everybody on the way. Who subscribes later begins with the newest group.
 */
const LEAD = 500_000;

/**
 * From when to when a channel is on air: from always until it is stopped, or, of a finite one, from the next group
 * after somebody first asks for it until as many frames later.
 */
export class PublishWindow {
  /** From when on no media is sent though the channel is on air, in microseconds since the Unix epoch. */
  readonly silentFrom: number;
  readonly #clock: Clock;
  readonly #cadence: Cadence;
  readonly #frames: number | undefined;
  readonly #stop = new AbortController();
  #range: TimeRange | undefined;
  #end = Infinity;

  /**
   * @param cadence of the track by which a finite channel is measured
   * @param frames how many of its frames make a finite channel
   * @param silentAfter milliseconds after which the channel falls silent, as when an encoder hangs
   */
  constructor(clock: Clock, cadence: Cadence, frames?: number, silentAfter: number = Infinity) {
    this.#clock = clock;
    this.#cadence = cadence;
    this.#frames = frames;
    this.silentFrom = clock.now() + silentAfter * 1_000;
  }

  /** What is to be sent whole, to whoever asks; `undefined` when the channel is live. */
  get range(): TimeRange | undefined {
    return this.#range && { start: this.#range.start, end: Math.min(this.#range.end, this.#end) };
  }

  /** The first time that is not on air any more, in microseconds since the Unix epoch. */
  get end(): number {
    return Math.min(this.#range?.end ?? Infinity, this.#end);
  }

  /** Fires when the channel is stopped before its end. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** Somebody asks for media: a finite channel begins, unless it has. */
  begin(): void {
    if (this.#frames === undefined || this.#range) return;
    const group = groupOf(frameAt(this.#clock.now() + LEAD, this.#cadence), this.#cadence) + 1;
    const first = firstFrame(group, this.#cadence);
    this.#range = {
      start: frameTime(first, this.#cadence),
      end: frameTime(first + this.#frames, this.#cadence),
    };
  }

  /** Ends the channel now. */
  stop(): void {
    this.#end = Math.min(this.#end, this.#clock.now());
    this.#stop.abort();
  }
}
