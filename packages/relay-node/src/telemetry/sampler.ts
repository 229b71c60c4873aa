import {
  type Attributes,
  type Context,
  type Link,
  type SpanKind,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { type Sampler, SamplingDecision, type SamplingResult } from '@opentelemetry/sdk-trace';

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
export class RelaySampler implements Sampler {
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

  shouldSample(
    context: Context,
    _traceId: string,
    _name: string,
    _kind: SpanKind,
    _attributes: Attributes,
    _links: Link[],
  ): SamplingResult {
    const parent = trace.getSpanContext(context);
    const wanted =
      parent && !parent.isRemote
        ? (parent.traceFlags & TraceFlags.SAMPLED) !== 0
        : this.#random() < this.#limits.ratio;
    const sampled = wanted && this.#spend();
    return { decision: sampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
  }

  toString(): string {
    return `RelaySampler{${this.#limits.ratio}, ${this.#limits.spansPerSecond}/s}`;
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
