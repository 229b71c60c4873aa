/** Notices when a session's transport takes nothing of what waits for it. */
export class StuckWatch {
  #accepted = 0;
  #movedAt: number;

  /** @param now in milliseconds */
  constructor(now: number) {
    this.#movedAt = now;
  }

  /**
   * For how long nothing has moved although something waits, in milliseconds.
   *
   * @param busy whether anything waits
   * @param accepted how much was accepted so far
   */
  look(now: number, busy: boolean, accepted: number): number {
    if (!busy || accepted !== this.#accepted) this.#movedAt = now;
    this.#accepted = accepted;
    return now - this.#movedAt;
  }
}
