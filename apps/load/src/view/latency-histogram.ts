/** Latencies are kept by the millisecond up to this many; longer ones count as this. */
const MAX = 10_000;

/** A distribution of latencies in bounded memory, to the millisecond. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(MAX + 1);
  #samples = 0;
  #negative = 0;

  /** Adds one, in milliseconds. A negative one says that clocks disagree, and is only counted. */
  add(latency: number): void {
    if (latency < 0) {
      this.#negative += 1;
      return;
    }
    const bin = Math.min(MAX, Math.floor(latency));
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
    this.#samples += 1;
  }

  /** The latency in milliseconds that a share of them does not exceed; `undefined` when there are none. */
  quantile(share: number): number | undefined {
    if (this.#samples === 0) return undefined;
    let left = Math.max(1, Math.ceil(this.#samples * share));
    for (let bin = 0; bin <= MAX; bin++) {
      left -= this.#counts[bin] ?? 0;
      if (left <= 0) return bin;
    }
    return MAX;
  }

  /** How many were added, without the negative ones. */
  get samples(): number {
    return this.#samples;
  }

  /** How many were negative. */
  get negative(): number {
    return this.#negative;
  }
}
