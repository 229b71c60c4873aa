import type { PlaybackFact } from './events.ts';

/** A freeze shorter than this is no stall, in milliseconds. */
const STALL_THRESHOLD = 250;

/** For how long a freeze may be the price of a rendition the viewer asked for, in milliseconds. */
const SWITCH_ALLOWANCE = 3000;

const NOTHING: readonly never[] = [];

/**
 * Stalls: a playhead stands still for want of data after the first frame (rebuffering of CTA-2066, buffer starvation
 * of CMCD v2). A stall lasts from the moment the first medium runs dry until none is dry any more, counts once it has
 * lasted 0.25 s, and is dated back to its start.
 */
export class Stalls {
  #since: number | undefined;
  #counted = false;
  #held = false;
  #switchingUntil = Number.NEGATIVE_INFINITY;
  /** Up to when the time of the stall under way was told. */
  #toldUntil = 0;
  #pending = 0;

  /** Whether a stall that counts is under way. */
  get stalled(): boolean {
    return this.#counted;
  }

  /** Milliseconds in stalls that count since they were last taken: it grows while one lasts. */
  take(at: number): number {
    if (this.#counted) this.#advance(at);
    const taken = this.#pending;
    this.#pending = 0;
    return taken;
  }

  /**
   * How things are at `now`.
   *
   * @param drySince since when a medium has been without data; undefined when none is
   */
  update(now: number, drySince: number | undefined): readonly PlaybackFact[] {
    if (drySince === undefined) return this.#finish(now);
    if (!this.#counted) {
      // While a switch is under way nothing begins; what still stands when the allowance is used up begins then.
      const since = Math.max(drySince, this.#switchingUntil);
      if (this.#since === undefined && since > now) return [];
      this.#since = Math.min(this.#since ?? since, since);
    }
    return this.#count(now);
  }

  /** Nothing is counted for now: it may turn out that the broadcast has ended. */
  hold(): void {
    this.#held = true;
  }

  /** It has not ended: what stands still counts as if nothing had been held. */
  release(): void {
    this.#held = false;
  }

  /** The viewer asked for another rendition: a freeze that begins now is not the network's. */
  switchRequested(at: number): void {
    this.#switchingUntil = at + SWITCH_ALLOWANCE;
  }

  /** The rendition asked for is on the screen. */
  switched(): void {
    this.#switchingUntil = Number.NEGATIVE_INFINITY;
  }

  /** From `at` on nothing is expected to move. */
  end(at: number): readonly PlaybackFact[] {
    this.#held = false;
    return this.#finish(at);
  }

  #finish(at: number): readonly PlaybackFact[] {
    const since = this.#since;
    if (since === undefined) return NOTHING;
    const facts: PlaybackFact[] = [...this.#count(at)];
    if (this.#counted) {
      this.#advance(at);
      facts.push({ type: 'stall-end', at, seconds: Math.max(0, at - since) / 1000 });
    }
    this.#since = undefined;
    this.#counted = false;
    return facts;
  }

  #count(now: number): readonly PlaybackFact[] {
    if (this.#counted || this.#held || this.#since === undefined) return [];
    if (now - this.#since < STALL_THRESHOLD) return [];
    this.#counted = true;
    this.#toldUntil = this.#since;
    return [{ type: 'stall', at: this.#since }];
  }

  #advance(at: number): void {
    this.#pending += Math.max(0, at - this.#toldUntil);
    this.#toldUntil = Math.max(this.#toldUntil, at);
  }
}
