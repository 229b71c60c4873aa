import { type Faults, Path, seededRandom } from './faults.ts';

/** What went one way. Only grows. */
export interface DirectionStats {
  /** UDP packets that arrived. */
  readonly packets: number;
  /** Bytes that arrived, of UDP and TCP. */
  readonly bytes: number;
  /** UDP packets lost by chance. */
  readonly lost: number;
  /** UDP packets lost because too many waited for their turn. */
  readonly overflowed: number;
  /** UDP packets lost because the path was cut. */
  readonly cut: number;
}

/** One way of the path. */
export interface Direction {
  readonly path: Path;
  readonly stats: { -readonly [K in keyof DirectionStats]: DirectionStats[K] };
}

function makeDirection(random: () => number): Direction {
  return { path: new Path(random), stats: { packets: 0, bytes: 0, lost: 0, overflowed: 0, cut: 0 } };
}

/** The state of the path that UDP and TCP share. Times are milliseconds of `performance.now()`. */
export class Conditions {
  faults: Faults;
  /** Towards the target. */
  readonly up: Direction;
  /** Back from the target. */
  readonly down: Direction;
  #cutUntil = 0;

  constructor(faults: Faults, seed: number) {
    this.faults = faults;
    // Two sequences of chance, so that what is lost one way does not depend on what goes the other.
    this.up = makeDirection(seededRandom(seed));
    this.down = makeDirection(seededRandom(seed + 1));
  }

  /** When the cut is over; in the past when there is none. */
  get cutUntil(): number {
    return this.#cutUntil;
  }

  /** Whether nothing gets through. */
  get isCut(): boolean {
    return performance.now() < this.#cutUntil;
  }

  /** Lets nothing through for this many milliseconds from now, or longer when a cut lasts longer already. */
  cut(duration: number): void {
    this.#cutUntil = Math.max(this.#cutUntil, performance.now() + duration);
  }
}
