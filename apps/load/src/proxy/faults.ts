import { LoadError } from '../error.ts';

/** What is done to the traffic, in each direction alike. */
export interface Faults {
  /** Share of UDP packets that get lost, from 0 to 1. TCP loses nothing: there a loss is a delay. */
  readonly loss: number;
  /** Milliseconds that everything takes longer. A round trip takes twice that. */
  readonly delay: number;
  /** Milliseconds of which up to as many are added at random. UDP packets may overtake one another by it. */
  readonly jitter: number;
  /**
   * Bits per second that get through, `undefined` for as many as come. Of TCP, the system's own buffers hold some
   * megabytes more, so a sender feels a low rate late.
   */
  readonly rate: number | undefined;
}

/** A path without faults. */
export const NO_FAULTS: Faults = { loss: 0, delay: 0, jitter: 0, rate: undefined };

/**
 * Some faults changed.
 *
 * @throws LoadError `option` when one is out of its range.
 */
export function changeFaults(faults: Faults, change: Partial<Faults>): Faults {
  const changed = { ...faults, ...change };
  const { loss, delay, jitter, rate = 1 } = changed;
  for (const [name, value, max] of [
    ['loss', loss, 1],
    ['delay', delay, MAX_DELAY],
    ['jitter', jitter, MAX_DELAY],
  ] as const) {
    if (!(value >= 0 && value <= max))
      throw new LoadError('option', `${name} must be from 0 to ${max}, not ${value}`);
  }
  if (!(rate > 0)) throw new LoadError('option', `rate must be more than 0, not ${rate}`);
  return changed;
}

/** Longest delay and jitter, in milliseconds. */
const MAX_DELAY = 60_000;

/** Longest queue at a limited rate, in milliseconds: UDP packets past it are lost, TCP senders have to wait. */
export const MAX_QUEUE_DELAY = 250;

/** What becomes of a packet: it arrives after this many milliseconds, or it does not. */
export type Fate = { readonly after: number } | { readonly lost: 'loss' | 'queue' };

/** One direction of a path: decides what becomes of packets. Time and chance are given to it. */
export class Path {
  readonly #random: () => number;
  #busyUntil = 0;

  /** @param random a number from 0 up to and without 1, different at each call */
  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * The fate of a packet that may get lost.
   *
   * @param bytes its length
   * @param now milliseconds of a clock that never goes back
   */
  packet(bytes: number, now: number, faults: Faults): Fate {
    if (faults.loss > 0 && this.#random() < faults.loss) return { lost: 'loss' };
    if (faults.rate !== undefined && this.#busyUntil - now > MAX_QUEUE_DELAY) return { lost: 'queue' };
    return { after: this.#transmit(bytes, now, faults) };
  }

  /** Milliseconds until bytes of a stream arrive, which cannot get lost. */
  stream(bytes: number, now: number, faults: Faults): number {
    return this.#transmit(bytes, now, faults);
  }

  #transmit(bytes: number, now: number, { delay, jitter, rate }: Faults): number {
    const start = Math.max(now, this.#busyUntil);
    const sent = rate === undefined ? now : start + (bytes * 8_000) / rate;
    this.#busyUntil = sent;
    return sent - now + delay + (jitter > 0 ? this.#random() * jitter : 0);
  }
}

/** Numbers from 0 up to and without 1 that are the same for the same seed (Marsaglia's xorshift of 32 bits). */
export function seededRandom(seed: number): () => number {
  // Zero would stay zero; spreading keeps small seeds from beginning alike.
  let state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
