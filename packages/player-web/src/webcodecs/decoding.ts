import type { Medium } from '../qoe/events.ts';
import type { DecoderMeter } from './decoder-meter.ts';

/** Somebody decoders work for. */
export interface DecoderOwner {
  readonly meter: DecoderMeter;
  /** Whether a frame of video of this timestamp, in microseconds, is older than what is shown. */
  isLate(timestamp: number): boolean;
}

/** Frames in a decoder whose submission is remembered: decoders hold back a few. */
const REMEMBERED = 128;

/**
 * What one decoder does, told to whom it works for as soon as that is known. Times are milliseconds on one monotonic
 * clock, timestamps microseconds of media time.
 */
export class Decoding {
  readonly #medium: Medium;
  #codec = '';
  #keyframe: number | undefined;
  /** What is in the decoder, in no order: timestamps, and when each was submitted. */
  readonly #timestamps = new Float64Array(REMEMBERED);
  readonly #submitted = new Float64Array(REMEMBERED);
  #inside = 0;
  owner: DecoderOwner | undefined;

  constructor(medium: Medium) {
    this.#medium = medium;
  }

  /** Another codec from now on, as WebCodecs names it: `avc1.42001f`. */
  configure(codec: string): void {
    this.#codec = codec.split('.', 1)[0]!;
    this.#keyframe = undefined;
  }

  /** A frame goes in. */
  submit(at: number, timestamp: number, isKeyframe: boolean): void {
    if (this.#inside === REMEMBERED) this.#remove(0);
    this.#timestamps[this.#inside] = timestamp;
    this.#submitted[this.#inside] = at;
    this.#inside += 1;
    if (!isKeyframe || this.#medium !== 'video') return;
    // Media that goes back, as after a change of publishers, has no interval.
    if (this.#keyframe !== undefined && timestamp > this.#keyframe) {
      this.owner?.meter.keyframe((timestamp - this.#keyframe) / 1e6);
    }
    this.#keyframe = timestamp;
  }

  /** A frame comes out. */
  output(at: number, timestamp: number): void {
    if (this.#medium === 'video') {
      this.owner?.meter.decoded();
      if (this.owner?.isLate(timestamp)) this.owner.meter.dropped('late');
    }
    const slot = this.#timestamps.subarray(0, this.#inside).indexOf(timestamp);
    // Decoders may give sound another timestamp than it came with: how long that took is not known.
    if (slot < 0) return;
    this.owner?.meter.took(this.#codec, (at - this.#submitted[slot]!) / 1000);
    this.#remove(slot);
  }

  /** The decoder refused a frame, and goes on. */
  refuse(): void {
    if (this.#medium === 'video') this.owner?.meter.dropped('decode_error');
  }

  /** The decoder gave up: what is in it is lost. */
  fail(): void {
    this.#discard('decode_error');
  }

  /** The player throws away what is in the decoder, to catch up. */
  reset(): void {
    this.#discard('backlog');
    this.#keyframe = undefined;
  }

  #discard(reason: 'decode_error' | 'backlog'): void {
    if (this.#medium === 'video') this.owner?.meter.dropped(reason, this.#inside);
    this.#inside = 0;
  }

  #remove(slot: number): void {
    this.#inside -= 1;
    this.#timestamps.copyWithin(slot, slot + 1, this.#inside + 1);
    this.#submitted.copyWithin(slot, slot + 1, this.#inside + 1);
  }
}
