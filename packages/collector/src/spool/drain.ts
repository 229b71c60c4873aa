import type { Batch, Spool } from './spool.ts';

/** What became of a batch: it is done with, or has to be tried again, after so many milliseconds if that is known. */
export type Delivery = 'done' | { readonly retryAfter: number | undefined };

/** How a lane is emptied. */
export interface DrainOptions<Lane extends string> {
  readonly spool: Spool<Lane>;
  readonly lane: Lane;
  /** Delivers one batch. Must not reject; the signal tells it to give up. */
  readonly deliver: (batch: Batch<Lane>, signal: AbortSignal) => Promise<Delivery>;
  /** Milliseconds to wait after so many failures in a row, the first being 1, when the delivery does not say. */
  readonly backoff: (failures: number) => number;
}

/** Empties a lane of a spool: oldest first, one batch at a time, each until it is done. */
export class Drain<Lane extends string> implements AsyncDisposable {
  readonly #options: DrainOptions<Lane>;
  readonly #stop = new AbortController();
  #delivering: Promise<void> | undefined;
  #pause: NodeJS.Timeout | undefined;
  #failures = 0;

  constructor(options: DrainOptions<Lane>) {
    this.#options = options;
  }

  /** Failures in a row; 0 when the last batch was delivered. */
  get failures(): number {
    return this.#failures;
  }

  /** Goes on if there is something to deliver, and it is neither at it nor waiting to try again. */
  wake(): void {
    if (this.#delivering || this.#pause || this.#stop.signal.aborted) return;
    const { spool, lane } = this.#options;
    const batch = spool.take(lane);
    if (!batch) return;
    this.#delivering = this.#deliver(batch).finally(() => {
      this.#delivering = undefined;
      this.wake();
    });
  }

  /** Tries again at once instead of waiting. */
  hurry(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.wake();
  }

  /** Gives up what is under way, and resolves when it has ended. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#pause);
    await this.#delivering;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #deliver(batch: Batch<Lane>): Promise<void> {
    const { spool, deliver, backoff } = this.#options;
    const delivery = await deliver(batch, this.#stop.signal);
    if (delivery === 'done') {
      this.#failures = 0;
      await spool.remove(batch);
      return;
    }
    spool.release(batch);
    this.#failures += 1;
    if (this.#stop.signal.aborted) return;
    this.#pause = setTimeout(() => this.hurry(), delivery.retryAfter ?? backoff(this.#failures));
  }
}
