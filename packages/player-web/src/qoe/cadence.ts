const REMEMBERED = 20;
const NEEDED = 2;

/**
 * How far apart the frames of a medium are, learnt from their media times. It follows streams of any and of changing
 * frame rate; single jumps, as a gap in the media leaves them, do not mislead it.
 */
export class Cadence {
  #last: number | undefined;
  #steps: number[] = [];
  #interval: number | undefined;

  /** The longest usual step from one frame to the next, in milliseconds; undefined until enough frames were seen. */
  get interval(): number | undefined {
    return this.#interval;
  }

  /** A frame of this media time is shown, in milliseconds. */
  observe(media: number): void {
    const step = this.#last === undefined ? 0 : media - this.#last;
    this.#last = media;
    if (!(step > 0)) return;
    this.#steps.push(step);
    if (this.#steps.length > REMEMBERED) this.#steps.shift();
    if (this.#steps.length < NEEDED) return;
    const ascending = this.#steps.toSorted((a, b) => a - b);
    this.#interval = ascending[ascending.length - 1 - Math.floor(ascending.length / 8)];
  }
}
