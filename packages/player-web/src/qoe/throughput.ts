/** Bytes of one medium as they come: a count that may begin anew with another decoder. */
export class Throughput {
  #received: number | undefined;
  #untold = 0;
  #window = 0;
  #since: number | undefined;

  /** So many bytes have come in all by `at`, in milliseconds; the first look tells where counting begins. */
  observe(at: number, received: number): void {
    this.#since ??= at;
    this.#window += this.#count(received);
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

  /** Nothing is to be played now: what comes all the same is counted, but time until the next look is not for rates. */
  rest(received?: number): void {
    if (received !== undefined) this.#count(received);
    this.#since = undefined;
    this.#window = 0;
  }

  #count(received: number): number {
    const before = this.#received ?? received;
    const bytes = received < before ? received : received - before;
    this.#received = received;
    this.#untold += bytes;
    return bytes;
  }
}
