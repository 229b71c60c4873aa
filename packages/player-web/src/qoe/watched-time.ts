/** The denominator of ratios: wall clock from play intent to stop, without pauses and hidden time. */
export class WatchedTime {
  #since: number | undefined;
  #pending = 0;

  /** The viewer watches from `at` on, in milliseconds. */
  start(at: number): void {
    this.#since ??= at;
  }

  /** The viewer watches no more. */
  stop(at: number): void {
    if (this.#since !== undefined) this.#pending += Math.max(0, at - this.#since);
    this.#since = undefined;
  }

  /** Milliseconds watched since they were last taken. */
  take(at: number): number {
    if (this.#since !== undefined) {
      this.stop(at);
      this.#since = at;
    }
    const taken = this.#pending;
    this.#pending = 0;
    return taken;
  }
}
