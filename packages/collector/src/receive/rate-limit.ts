/** How often one address may send. */
export interface RateLimitOptions {
  /** Requests per second, in the long run. */
  readonly perSecond: number;
  /** Requests at once. */
  readonly burst: number;
  /** Addresses remembered; past it those longest silent start anew. */
  readonly addresses: number;
}

interface Bucket {
  tokens: number;
  /** When the tokens were counted, in milliseconds. */
  at: number;
}

/** Token buckets, one per address. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  /** The longest silent first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Addresses remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Lets a request through, or not.
   *
   * @param now the time in milliseconds, of a clock that never goes back
   * @returns 0 when it may pass, or the seconds until one may
   */
  take(address: string, now: number): number {
    const { perSecond, burst, addresses } = this.#options;
    const bucket = this.#buckets.get(address) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    this.#buckets.delete(address);
    this.#buckets.set(address, bucket);
    if (this.#buckets.size > addresses) this.#forgetOldest();
    if (bucket.tokens < 1) return (1 - bucket.tokens) / perSecond;
    bucket.tokens -= 1;
    return 0;
  }

  #forgetOldest(): void {
    for (const address of this.#buckets.keys()) {
      this.#buckets.delete(address);
      return;
    }
  }
}
