import { type ClockReading, type ClockSample, RelayClock } from './qoe/latency.ts';

/** Questions in a row at the beginning. */
const SAMPLES = 5;

/** From one later question to the next, in milliseconds. */
const INTERVAL = 30_000;

/** An answer that takes longer says nothing of the time, in milliseconds. */
const TIMEOUT = 2000;

/** Keeps to the clock of the relay, by its `/time`. A relay that does not tell the time is asked again later. */
export class ClockSync {
  readonly #relay: () => URL | undefined;
  readonly #closing = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #clock = new RelayClock();
  #origin: string | undefined;
  #asking = false;

  /** @param relay the URL that is connected to */
  constructor(relay: () => URL | undefined) {
    this.#relay = relay;
    this.#timer = setInterval(() => this.#ask(1), INTERVAL);
    this.#ask(SAMPLES);
  }

  /** What is known of the relay's clock at a time of `performance.now()`. */
  read(at: number): ClockReading | undefined {
    return this.#clock.read(at);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closing.abort();
  }

  #ask(times: number): void {
    const origin = this.#relay()?.origin;
    if (origin === undefined) return;
    const isNew = origin !== this.#origin;
    if (isNew) {
      // Another relay has another clock.
      this.#origin = origin;
      this.#clock = new RelayClock();
    }
    if (!this.#asking) void this.#sample(origin, isNew ? SAMPLES : times);
  }

  async #sample(origin: string, times: number): Promise<void> {
    this.#asking = true;
    const clock = this.#clock;
    for (let i = 0; i < times; i++) {
      const sample = await this.#question(origin);
      // One that does not tell the time now is asked again later; latency says so by its reason.
      if (!sample) break;
      clock.add(sample);
    }
    this.#asking = false;
  }

  async #question(origin: string): Promise<ClockSample | undefined> {
    try {
      const sent = performance.now();
      const response = await fetch(`${origin}/time`, {
        cache: 'no-store',
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT)]),
      });
      const received = performance.now();
      const { now } = (await response.json()) as { readonly now?: unknown };
      return response.ok && typeof now === 'number' ? { sent, received, remote: now } : undefined;
    } catch {
      return undefined; // A relay without that page, or none at all.
    }
  }
}
