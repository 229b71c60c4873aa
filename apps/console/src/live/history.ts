/** What was told in the last minutes, once a second: for the small pictures beside numbers. */

/** Numbers with their times, the oldest first; only so many are kept. */
export class History {
  readonly #limit: number;
  #times: number[] = [];
  #values: number[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Unix milliseconds. */
  get times(): readonly number[] {
    return this.#times;
  }

  /** NaN where nothing was known. */
  get values(): readonly number[] {
    return this.#values;
  }

  get last(): number | undefined {
    return this.#values.at(-1);
  }

  add(time: number, value: number | null | undefined): void {
    this.#times.push(time);
    this.#values.push(value ?? Number.NaN);
    // Cut in larger pieces, so that each number is moved once.
    if (this.#times.length < this.#limit * 2) return;
    this.#times = this.#times.slice(-this.#limit);
    this.#values = this.#values.slice(-this.#limit);
  }

  /** Puts what was known of before in front of what was told. */
  precede(times: readonly number[], values: readonly number[]): void {
    const first = this.#times[0] ?? Number.POSITIVE_INFINITY;
    const end = times.findIndex((time) => time >= first);
    const earlier = end < 0 ? times.length : end;
    this.#times = [...times.slice(0, earlier), ...this.#times].slice(-this.#limit);
    this.#values = [...values.slice(0, earlier), ...this.#values].slice(-this.#limit);
  }

  /** What was told from a time on. */
  since(time: number): { readonly times: readonly number[]; readonly values: readonly number[] } {
    const found = this.#times.findIndex((each) => each >= time);
    const from = found < 0 ? this.#times.length : found;
    return { times: this.#times.slice(from), values: this.#values.slice(from) };
  }
}
