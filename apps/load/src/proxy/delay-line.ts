/** Delivers things when they are due, in the order in which they are due. */
export class DelayLine<T> {
  readonly #deliver: (item: T) => void;
  readonly #notBefore: () => number;
  readonly #waiting: { readonly item: T; readonly due: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param deliver must not throw
   * @param notBefore the time before which nothing is delivered, asked at every delivery; all times are milliseconds
   *   of `performance.now()`
   */
  constructor(deliver: (item: T) => void, notBefore: () => number = () => 0) {
    this.#deliver = deliver;
    this.#notBefore = notBefore;
  }

  /** How many things wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Delivers `item` at `due`: now, when that is past and nothing waits. */
  push(item: T, due: number): void {
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1]?.due ?? 0) > due) at -= 1;
    this.#waiting.splice(at, 0, { item, due });
    if (at === 0) this.#run();
  }

  /** Forgets whatever waits. */
  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #run(): void {
    clearTimeout(this.#timer);
    for (;;) {
      const next = this.#waiting[0];
      if (!next) return;
      const wait = Math.max(next.due, this.#notBefore()) - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#run(), Math.ceil(wait));
        return;
      }
      this.#waiting.shift();
      this.#deliver(next.item);
    }
  }
}
