import { type SpanContext, TraceFlags } from '@opentelemetry/api';

/** How many spans are exported. */
export interface SamplingLimits {
  /** The share of sessions, from 0 to 1. */
  readonly ratio: number;
  /** At most this many spans each second. */
  readonly spansPerSecond: number;
  /** A number from 0 to 1. */
  readonly random?: () => number;
  /** A clock, in milliseconds. */
  readonly now?: () => number;
}

/**
 * Decides for each session anew, whatever its parent elsewhere decided, and not by the trace id, which a stranger
 * chooses; what happens within a session goes with the session. A budget bounds all of it.
 */
export class Sampler {
  readonly #limits: SamplingLimits;
  readonly #random: () => number;
  readonly #now: () => number;
  #second = Number.NEGATIVE_INFINITY;
  #left = 0;

  constructor(limits: SamplingLimits) {
    this.#limits = limits;
    this.#random = limits.random ?? Math.random;
    this.#now = limits.now ?? (() => performance.now());
  }

  /** Whether a span is to be exported. */
  sample(parent: SpanContext | undefined): boolean {
    const isWanted =
      parent && !parent.isRemote
        ? (parent.traceFlags & TraceFlags.SAMPLED) !== 0
        : this.#random() < this.#limits.ratio;
    return isWanted && this.#spend();
  }

  #spend(): boolean {
    const now = this.#now();
    if (now - this.#second >= 1000) {
      this.#second = now;
      this.#left = this.#limits.spansPerSecond;
    }
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
