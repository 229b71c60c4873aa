import { bufferAhead } from './buffer.ts';
import { Cadence } from './cadence.ts';
import type { Supply } from './events.ts';

/** Looks further apart than this say that the page itself was held up, in milliseconds. */
const HELD_UP = 250;

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
  #ahead = 0;

  /** How much media followed the playhead when it was last looked, in milliseconds; undefined at rest. */
  get ahead(): number | undefined {
    return this.#progressAt === undefined || this.#cadence.interval === undefined ? undefined : this.#ahead;
  }

  /** The playhead as it last moved, in milliseconds of media time, and when that was; undefined at rest. */
  get playhead(): { readonly media: number; readonly at: number } | undefined {
    return this.#progressAt === undefined ? undefined : { media: this.#media, at: this.#progressAt };
  }

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
    if (this.#progressAt === undefined || interval === undefined) return;
    // A step and a half: ranges that adjoin lie one frame apart.
    const ahead = bufferAhead(this.#media, buffered, interval * 1.5);
    this.#ahead = ahead;
    const due = this.#progressAt + interval;
    if (this.#since !== undefined || at <= due) return;
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
