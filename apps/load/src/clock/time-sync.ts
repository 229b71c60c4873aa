import { setTimeout as wait } from 'node:timers/promises';

import { LoadError, messageOf } from '../error.ts';
import { type Clock, type ClockCorrection, SlewedClock } from './slewed-clock.ts';

/** One reading of another clock. */
export interface TimeSample {
  /** The other clock minus the own monotonic one, in microseconds. */
  readonly offset: number;
  /** Microseconds the reading took; the offset is wrong by at most half of it. */
  readonly roundTrip: number;
}

/** What {@link TimeSync} is told. */
export interface TimeSyncOptions {
  /** The relay, whose `/time` is asked. */
  readonly relay: URL;
  /** Milliseconds from one synchronisation to the next. Default half a minute. */
  readonly interval?: number;
  /** Told of every synchronisation. */
  readonly onSync?: (result: TimeSyncResult) => void;
}

/** How a synchronisation went. */
export interface TimeSyncResult extends ClockCorrection {
  /** Whose clock it was: the relay's, or this machine's because the relay did not tell. */
  readonly source: 'relay' | 'machine';
  /** Why the relay did not tell. */
  readonly reason?: string;
}

const SAMPLES = 5;
const TIMEOUT = 2_000;

/** A clock that goes by the relay's, and by this machine's when the relay does not tell the time. */
export class TimeSync implements Clock, AsyncDisposable {
  readonly #options: TimeSyncOptions;
  readonly #clock: SlewedClock;
  readonly #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #knowsRelay = false;
  #started = false;

  private constructor(options: TimeSyncOptions) {
    this.#options = options;
    this.#clock = new SlewedClock(monotonicMicros, machineOffset());
  }

  /** Synchronises once, and goes on doing so until it is disposed of. */
  static async start(options: TimeSyncOptions): Promise<TimeSync> {
    const sync = new TimeSync(options);
    await sync.refresh();
    sync.#started = true;
    sync.#running = sync.#repeat();
    return sync;
  }

  /** Microseconds since the Unix epoch. */
  now(): number {
    return this.#clock.now();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** Synchronises now. Never fails: without an answer the clock goes on as it is. */
  async refresh(): Promise<void> {
    const { relay, onSync } = this.#options;
    try {
      const sample = await measureOffset(() => askTime(relay, this.#abort.signal), monotonicMicros);
      this.#knowsRelay = true;
      onSync?.({ source: 'relay', ...this.#set(sample) });
    } catch (error) {
      // Once the relay's time is known, it is better than this machine's.
      if (this.#abort.signal.aborted || this.#knowsRelay) return;
      onSync?.({
        source: 'machine',
        ...this.#set({ offset: machineOffset(), roundTrip: 0 }),
        reason: messageOf(error),
      });
    }
  }

  #set({ offset, roundTrip }: TimeSample): ClockCorrection {
    // Before anything is timed by the clock, a jump disturbs nobody.
    if (!this.#started) return this.#clock.step(offset);
    // Whatever the reading cannot tell from the truth is left alone: a slow reading must not spoil a good clock.
    const uncertain = roundTrip / 2;
    return this.#clock.set(Math.min(Math.max(this.#clock.offset, offset - uncertain), offset + uncertain));
  }

  async #repeat(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      // Aborting the wait is how it ends.
      await wait(this.#options.interval ?? 30_000, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted) await this.refresh();
    }
  }
}

/**
 * How far another clock is from the own one: the best of a few readings, which is the quickest.
 *
 * @param ask the other clock's time in microseconds
 * @param monotonic the own clock in microseconds
 */
export async function measureOffset(
  ask: () => Promise<number>,
  monotonic: () => number,
): Promise<TimeSample> {
  let best: TimeSample | undefined;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const before = monotonic();
    const time = await ask();
    const roundTrip = monotonic() - before;
    if (!best || roundTrip < best.roundTrip) best = { offset: time - (before + roundTrip / 2), roundTrip };
  }
  if (!best) throw new LoadError('time', 'no reading of the time');
  return best;
}

/** The relay's time in microseconds since the Unix epoch. */
async function askTime(relay: URL, signal: AbortSignal): Promise<number> {
  const url = new URL('/time', relay);
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]) });
  if (!response.ok) throw new LoadError('time', `${url.href} answers ${response.status}`);
  const body: unknown = await response.json();
  const now = typeof body === 'object' && body !== null && 'now' in body ? body.now : undefined;
  if (typeof now !== 'number' || !Number.isFinite(now)) {
    throw new LoadError('time', `${url.href} does not tell the time in milliseconds as "now"`);
  }
  return now * 1_000;
}

function monotonicMicros(): number {
  return performance.now() * 1_000;
}

/** What this machine's wall clock says now, minus the monotonic clock. */
function machineOffset(): number {
  return Date.now() * 1_000 - monotonicMicros();
}
