import { Cadence } from './cadence.ts';
import type { BufferedRange, Supply } from './events.ts';

/** Looks further apart than this say that the page itself was held up, in milliseconds. */
const HELD_UP = 200;

/** This much media or less is nothing to play on with, in milliseconds: rounding leaves some. */
const NOTHING = 5;

/** Who still has media ahead when nothing has come for this long waits for what lies before it, in milliseconds. */
const CUT_OFF = 500;

/**
 * Since when one medium has been without data. It is dry when its next frame is overdue and nothing that follows the
 * playhead has arrived, or what has arrived has been of no use for a while and nothing else comes: a piece before it
 * is missing. Frames that are there and wait (for their time, for the decoder, for a busy page) are no drought, and a
 * page that was held up looks again before it blames the network.
 */
export class Drought {
  readonly #cadence = new Cadence();
  #media = 0;
  #progressAt: number | undefined;
  #sampledAt: number | undefined;
  #received = 0;
  #receivedAt = 0;
  #heldUpUntil = Number.NEGATIVE_INFINITY;
  #since: number | undefined;

  /** When the medium ran dry; undefined while it is not. */
  get since(): number | undefined {
    return this.#since;
  }

  /** The playhead moved to `media`. */
  progress(at: number, media: number): void {
    this.#cadence.observe(media);
    this.#media = media;
    this.#progressAt = at;
    this.#since = undefined;
  }

  /** A look at what has arrived. */
  sample(at: number, { buffered, received }: Supply): void {
    const before = this.#sampledAt;
    this.#sampledAt = at;
    if (before === undefined || received !== this.#received) {
      this.#received = received;
      this.#receivedAt = at;
    }
    if (before !== undefined && at - before > HELD_UP) {
      this.#heldUpUntil = at;
      return;
    }
    const { interval } = this.#cadence;
    if (this.#since !== undefined || this.#progressAt === undefined || interval === undefined) return;
    const due = this.#progressAt + interval;
    if (at <= due) return;
    // A step and a half: ranges that adjoin lie one frame apart.
    const ahead = aheadOf(this.#media, buffered, interval * 1.5);
    if (ahead <= NOTHING || at - Math.max(due, this.#receivedAt) > CUT_OFF) {
      this.#since = Math.max(due, this.#heldUpUntil);
    }
  }

  /** The medium is not expected to move: nothing is judged until it moves again. */
  rest(): void {
    this.#progressAt = undefined;
    this.#sampledAt = undefined;
    this.#since = undefined;
  }
}

/** The media that follows a playhead without a hole wider than `seam`. */
function aheadOf(playhead: number, ranges: readonly BufferedRange[], seam: number): number {
  let end = playhead;
  for (const range of ranges) {
    if (range.start > end + seam) break;
    end = Math.max(end, range.end);
  }
  return end - playhead;
}
