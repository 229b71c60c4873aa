import type { LatencyUnavailableReason } from './terms.ts';

/** What is known of the relay's clock. */
export interface ClockReading {
  /** Unix time of the relay at 0 of the page's monotonic clock, in milliseconds. */
  readonly offset: number;
  /** By how much that may be wrong, in milliseconds. */
  readonly error: number;
}

/** One question for the time: when it went out and came back on the monotonic clock, and what the relay said. */
export interface ClockSample {
  readonly sent: number;
  readonly received: number;
  /** Unix time, in milliseconds. */
  readonly remote: number;
}

/** A clock that may be wrong by more than this is of no use, in milliseconds. */
const MAX_CLOCK_ERROR = 50;

/** What is further from the time of day than this was not stamped with it, in milliseconds. */
const WALL_CLOCK_RANGE = 3_600_000;

/** Clocks of machines drift apart by up to this share of the time that passes. */
const DRIFT = 100e-6;

/** The clock of the relay by the best of several questions: the round trip halved, the shortest believed. */
export class RelayClock {
  #best: { readonly offset: number; readonly error: number; readonly at: number } | undefined;

  /** Takes an answer; it replaces what is known when it is surer. */
  add({ sent, received, remote }: ClockSample): void {
    const error = (received - sent) / 2;
    if (!(error >= 0) || !Number.isFinite(remote)) return;
    const known = this.read(received);
    if (known && known.error <= error) return;
    this.#best = { offset: remote - (sent + received) / 2, error, at: received };
  }

  /** What is known at `at`; it grows less sure as time passes. */
  read(at: number): ClockReading | undefined {
    if (!this.#best) return undefined;
    const { offset, error, at: since } = this.#best;
    return { offset, error: error + (at - since) * DRIFT };
  }
}

/** A latency in seconds, or why there is none. */
export type Latency = { readonly seconds: number } | { readonly unavailable: LatencyUnavailableReason };

/**
 * Capture to render of a frame, by the Unix time its publisher stamped it with (live latency of CTA-2066). Never
 * guessed: without a wall clock in the stamps or with one of the relay's that is not known well enough there is none.
 *
 * @param at when the frame was rendered, on the page's monotonic clock
 * @param media the frame's stamp, in milliseconds
 * @param clock the relay's clock
 * @param own Unix time at 0 of the monotonic clock by the page's own clock: good enough to know a stamp by
 */
export function latencyOf(at: number, media: number, clock: ClockReading | undefined, own: number): Latency {
  const usable = clock && clock.error <= MAX_CLOCK_ERROR ? clock : undefined;
  const milliseconds = at + (usable?.offset ?? own) - media;
  if (Math.abs(milliseconds) > WALL_CLOCK_RANGE) return { unavailable: 'no_wall_clock' };
  if (!usable) return { unavailable: 'clock_sync' };
  if (milliseconds < 0) return { unavailable: 'negative' };
  return { seconds: milliseconds / 1000 };
}
