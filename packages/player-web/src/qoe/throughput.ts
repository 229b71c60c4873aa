/** Bytes of one medium as they come: a count that may begin anew with another decoder. */
export class Throughput {
  #received: number | undefined;
  #untold = 0;
  #window = 0;
  #since: number | undefined;

  /** So many bytes have come in all by `at`, in milliseconds; the first look tells where counting begins. */
  observe(at: number, received: number): void {
    this.#since ??= at;
    const before = this.#received ?? received;
    const bytes = received < before ? received : received - before;
    this.#received = received;
    this.#untold += bytes;
    this.#window += bytes;
  }

  /** Bytes that came since they were last taken. */
  takeBytes(): number {
    const taken = this.#untold;
    this.#untold = 0;
    return taken;
  }

  /** Bits per second since it was last taken; undefined when that is no time, or at rest. */
  takeRate(at: number): number | undefined {
    const since = this.#since;
    const bytes = this.#window;
    this.#window = 0;
    if (since === undefined) return undefined;
    this.#since = at;
    return at > since ? (bytes * 8000) / (at - since) : undefined;
  }

  /** Nothing is expected: time until the next look does not count for rates. */
  rest(): void {
    this.#since = undefined;
    this.#window = 0;
  }
}
