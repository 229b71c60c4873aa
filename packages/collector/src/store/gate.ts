/** Lets a number of callers in at a time, and so many wait. */
export class Gate {
  readonly #limit: number;
  readonly #queue: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(limit: number, queue: number) {
    this.#limit = limit;
    this.#queue = queue;
  }

  /** Whether one more would be turned away. */
  get full(): boolean {
    return this.#waiting.length >= this.#queue;
  }

  /** Does the work when it is its turn. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#inside < this.#limit) this.#inside += 1;
    // Whoever leaves hands on its place.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inside -= 1;
    }
  }
}
