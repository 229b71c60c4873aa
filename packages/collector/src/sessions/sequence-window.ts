/** Reports of one session that came out of order are remembered one by one, up to this many. */
const OUT_OF_ORDER = 64;

/** Remembers which numbers of a sequence were seen; a few bytes while they come in order. */
export class SequenceWindow {
  /** Every number up to this one has been seen, or is too late to count. */
  #floor = 0;
  /** What was seen above the floor; most sequences never need it. */
  #above: Set<number> | undefined;

  /**
   * Takes note of a number.
   *
   * @returns whether it is new
   */
  add(sequence: number): boolean {
    if (this.has(sequence)) return false;
    if (sequence === this.#floor + 1) this.#floor = sequence;
    else (this.#above ??= new Set()).add(sequence);
    if (this.#above) this.#tidy(this.#above);
    return true;
  }

  /** Whether a number was seen, or is too late to count. */
  has(sequence: number): boolean {
    return sequence <= this.#floor || (this.#above?.has(sequence) ?? false);
  }

  /** What has to be kept to remember the same: the floor, and then what lies above it. */
  toJSON(): readonly number[] {
    return [this.#floor, ...(this.#above ?? [])];
  }

  /** Goes on from what was kept. */
  restore([floor = 0, ...above]: readonly number[]): void {
    this.#floor = floor;
    this.#above = above.length > 0 ? new Set(above) : undefined;
  }

  #tidy(above: Set<number>): void {
    // Past the limit the missing numbers below the lowest one seen are given up.
    if (above.size > OUT_OF_ORDER) this.#floor = Math.min(...above) - 1;
    while (above.delete(this.#floor + 1)) this.#floor += 1;
    if (above.size === 0) this.#above = undefined;
  }
}
