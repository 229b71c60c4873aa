/** How many go at once. */
const MOST = 64;

/**
 * Lets those who come one by one go on in groups. What is done for each of them is then done for all of a group in a
 * row, which a processor does much faster than in turns with something else. Who comes alone does not wait.
 */
export class Turns {
  readonly #pause: number;
  #waiting: (() => void)[] = [];
  #isDue = false;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** @param pause how long those wait for others that come in close succession, in milliseconds */
  constructor(pause: number) {
    this.#pause = pause;
  }

  /** Resolves together with those who wait too. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === MOST) setImmediate(() => this.#go());
      else if (!this.#isDue) this.#plan();
    });
  }

  #plan(): void {
    this.#isDue = true;
    const go = (): void => {
      this.#isDue = false;
      this.#go();
    };
    if (performance.now() - this.#lastAt > 2 * this.#pause) setImmediate(go);
    else setTimeout(go, this.#pause);
  }

  #go(): void {
    this.#lastAt = performance.now();
    for (const resolve of this.#waiting.splice(0, MOST)) resolve();
    if (this.#waiting.length > 0 && !this.#isDue) this.#plan();
  }
}
