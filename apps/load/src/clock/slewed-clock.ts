/** Time in microseconds since the Unix epoch. */
export interface Clock {
  now(): number;
}

/** What setting a clock did. */
export interface ClockCorrection {
  /** How far the clock was ahead, in microseconds. */
  readonly error: number;
  /** Whether it jumped. */
  readonly stepped: boolean;
}

/** Microseconds of correction per microsecond at the most: the clock runs at most half a percent too fast or slow. */
const MAX_RATE = 0.005;

/** A correction larger than this is a step, in microseconds: no one could wait for the slew. */
const MAX_SLEW = 500_000;

/**
 * A wall clock that is corrected without jumps, so that what is timed by it goes on evenly, and never goes back but
 * by a step.
 */
export class SlewedClock implements Clock {
  readonly #monotonic: () => number;
  /** Wall clock minus monotonic clock where the correction under way began, where it ends, and since when it runs. */
  #from: number;
  #to: number;
  #since: number;

  /**
   * @param monotonic microseconds of a clock that never jumps
   * @param offset what to add to it for the wall clock, in microseconds
   */
  constructor(monotonic: () => number, offset: number) {
    this.#monotonic = monotonic;
    this.#from = offset;
    this.#to = offset;
    this.#since = monotonic();
  }

  now(): number {
    const monotonic = this.#monotonic();
    return monotonic + this.#offsetAt(monotonic);
  }

  /** What is added to the monotonic clock at the moment, in microseconds. */
  get offset(): number {
    return this.#offsetAt(this.#monotonic());
  }

  /** Sets the clock by a newly measured offset: little by little, or at once when it is too far off. */
  set(offset: number): ClockCorrection {
    const { offset: current } = this;
    const error = current - offset;
    if (Math.abs(error) > MAX_SLEW) return this.step(offset);
    this.#from = current;
    this.#to = offset;
    this.#since = this.#monotonic();
    return { error, stepped: false };
  }

  /** Sets the clock at once. */
  step(offset: number): ClockCorrection {
    const error = this.offset - offset;
    this.#from = offset;
    this.#to = offset;
    return { error, stepped: true };
  }

  #offsetAt(monotonic: number): number {
    const most = (monotonic - this.#since) * MAX_RATE;
    const left = this.#to - this.#from;
    return Math.abs(left) <= most ? this.#to : this.#from + Math.sign(left) * most;
  }
}
