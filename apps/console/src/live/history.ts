/** What was told in the last minutes, once a second: for the small pictures beside numbers. */

/** Numbers with their times, the oldest first; only so many are kept, in room that is taken once. */
export class History {
  readonly #times: Float64Array;
  readonly #values: Float64Array;
  #length = 0;

  /** @param limit how many numbers are kept */
  constructor(limit: number) {
    this.#times = new Float64Array(limit);
    this.#values = new Float64Array(limit);
  }

  /** Unix milliseconds. */
  get times(): readonly number[] {
    return [...this.#times.subarray(0, this.#length)];
  }

  /** NaN where nothing was known. */
  get values(): readonly number[] {
    return [...this.#values.subarray(0, this.#length)];
  }

  /** When something was told last, in Unix milliseconds. */
  get lastTime(): number | undefined {
    return this.#length === 0 ? undefined : this.#times[this.#length - 1];
  }

  add(time: number, value: number | null | undefined): void {
    if (this.#length === this.#times.length) {
      this.#times.copyWithin(0, 1);
      this.#values.copyWithin(0, 1);
      this.#length -= 1;
    }
    this.#times[this.#length] = time;
    this.#values[this.#length] = value ?? Number.NaN;
    this.#length += 1;
  }

  /** Puts what was known of before in front of what was told. */
  precede(times: readonly number[], values: readonly number[]): void {
    const first = this.#length === 0 ? Number.POSITIVE_INFINITY : this.#times[0]!;
    const end = times.findIndex((time) => time >= first);
    const earlier = end < 0 ? times.length : end;
    const limit = this.#times.length;
    const told = [...times.slice(0, earlier), ...this.times].slice(-limit);
    this.#values.set([...values.slice(0, earlier), ...this.values].slice(-limit));
    this.#times.set(told);
    this.#length = told.length;
  }
}
