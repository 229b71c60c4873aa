/** Something that has work to do once per turn of the event loop. */
export interface Turn {
  turn(): void;
}

/**
 * Gathers work of one turn of the event loop: what many packets and writes asked for is done once, after all of them
 * have been taken.
 */
export class Turns {
  #waiting = new Set<Turn>();

  /** Has `turn()` called after the packets of this turn of the event loop have been read. */
  request(turn: Turn): void {
    if (this.#waiting.size === 0) setImmediate(this.#run);
    this.#waiting.add(turn);
  }

  readonly #run = (): void => {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const turn of waiting) turn.turn();
  };
}
