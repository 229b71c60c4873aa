import { gzip } from './gzip.ts';
import type { Answer, Outbox, Pace, Report } from './outbox.ts';
import { type Backoff, parseRetryAfter, retryDelay } from './retry.ts';

/**
 * Delivers what is in an outbox in order, compressed. What cannot be delivered is tried again with growing pauses.
 * Never throws.
 */
export class Delivery implements Pace {
  readonly #outbox: Outbox;
  readonly #backoff: Backoff;
  readonly #packing = new Set<Report>();
  #failures = 0;
  #closed = false;
  #delivering = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(outbox: Outbox, backoff: Backoff = { initial: 1000, max: 60_000 }) {
    this.#outbox = outbox;
    this.#backoff = backoff;
    outbox.pace = this;
    void this.#deliver();
  }

  pushed(report: Report): void {
    void this.#pack(report);
  }

  answered({ isFinal, fault, retryAfter = null, text = '' }: Answer): void {
    const rejection = partialFailure(text);
    if (rejection !== undefined) this.#outbox.warn(rejection);
    if (isFinal) {
      this.#failures = 0;
    } else if (fault !== undefined) {
      this.#failures += 1;
      this.#pause(parseRetryAfter(retryAfter, Date.now()));
    }
  }

  /** Nothing is tried any more but what is flushed. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #pack(report: Report): Promise<void> {
    // Who is in a hurry sends it as it is, meanwhile.
    if (!this.#outbox.hurried) {
      this.#packing.add(report);
      report.packed = await gzip(report.body);
      this.#packing.delete(report);
    }
    await this.#deliver();
  }

  /** Delivers what waits, one after the other, until all is delivered or an attempt fails. */
  async #deliver(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    while (this.#timer === undefined && !this.#closed) {
      const next = this.#outbox.waiting.find((report) => !this.#packing.has(report));
      if (!next) break;
      await this.#outbox.attempt(next);
    }
    this.#delivering = false;
  }

  #pause(after: number): void {
    if (this.#closed || this.#timer !== undefined) return;
    const delay = retryDelay(this.#failures, this.#backoff, Math.random(), after);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#deliver();
    }, delay);
  }
}

/** What an endpoint that accepted a report says it did not take of it. */
function partialFailure(answer: string): string | undefined {
  if (!answer.includes('rejected')) return undefined;
  try {
    const { partialSuccess } = JSON.parse(answer) as { readonly partialSuccess?: Record<string, unknown> };
    const { errorMessage, ...counts } = partialSuccess ?? {};
    const rejected = Object.values(counts).reduce<number>((sum, count) => sum + Number(count ?? 0), 0);
    if (!(rejected > 0)) return undefined;
    return `it rejected ${rejected} of what it got (${String(errorMessage ?? 'no reason given').slice(0, 200)})`;
  } catch {
    return undefined; // An acknowledgement that is no JSON acknowledges all the same.
  }
}
