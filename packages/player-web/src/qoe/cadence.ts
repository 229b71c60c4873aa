const REMEMBERED = 20;
const NEEDED = 2;

/** Steps that differ by less are the same but for rounding, in milliseconds. */
const ROUNDING = 0.01;

/**
 * How far apart the frames of a medium are, learnt from their media times. It follows streams of any and of changing
 * frame rate; single jumps, as a gap in the media leaves them, do not mislead it.
 */
export class Cadence {
  #last: number | undefined;
  /** The latest steps, a ring. */
  readonly #steps = new Float64Array(REMEMBERED);
  #count = 0;
  #interval: number | undefined;
  #stale = false;

  /** The longest usual step from one frame to the next, in milliseconds; undefined until enough frames were seen. */
  get interval(): number | undefined {
    if (!this.#stale) return this.#interval;
    this.#stale = false;
    // There are more frames than looks: it is worked out when it is asked for.
    const known = Math.min(this.#count, REMEMBERED);
    const ascending = this.#steps.subarray(0, known).toSorted();
    this.#interval = ascending[known - 1 - Math.floor(known / 8)];
    return this.#interval;
  }

  /** A frame of this media time is shown, in milliseconds. */
  observe(media: number): void {
    const step = this.#last === undefined ? 0 : media - this.#last;
    this.#last = media;
    if (!(step > 0)) return;
    const place = this.#count % REMEMBERED;
    // At a steady rate the step that goes is the one that comes, and nothing is to be worked out anew.
    const isSame = this.#count >= REMEMBERED && Math.abs(this.#steps[place]! - step) < ROUNDING;
    this.#steps[place] = step;
    this.#count += 1;
    if (!isSame) this.#stale = this.#count >= NEEDED;
  }
}
