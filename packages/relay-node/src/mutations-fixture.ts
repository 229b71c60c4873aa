/** Bytes that are nearly right, the same ones for the same seed. */

/** Bytes at which formats turn: varints of each length, signs, ends of ranges. */
const TURNING_POINTS = [0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff] as const;
/** At most this many changes to one message. */
const MAX_CHANGES = 4;
const MAX_LENGTH = 64 * 1024;

/** Makes mutations of what is in a corpus. */
export class Mutations {
  readonly #random: () => number;

  /** @param random from 0 up to and without 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** A whole number from 0 up to and without this one. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** One of the messages, changed in up to four places; now and then not at all. */
  of(corpus: readonly Uint8Array[]): Buffer {
    let bytes: Buffer = Buffer.from(this.pick(corpus));
    for (let left = this.below(MAX_CHANGES + 1); left > 0; left--) bytes = this.#change(bytes, corpus);
    return bytes.subarray(0, MAX_LENGTH);
  }

  #change(bytes: Buffer, corpus: readonly Uint8Array[]): Buffer {
    const at = this.below(bytes.byteLength + 1);
    const to = Math.min(bytes.byteLength, at + 1 + this.below(8));
    const [head, middle, tail] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
    switch (this.below(8)) {
      case 0: // A bit turned.
        return Buffer.concat([
          head,
          middle.map((byte, i) => (i === 0 ? byte ^ (1 << this.below(8)) : byte)),
          tail,
        ]);
      case 1:
        return Buffer.concat([head, Buffer.from([this.pick(TURNING_POINTS)]), bytes.subarray(at + 1)]);
      case 2:
        return Buffer.concat([head, Buffer.from([this.pick(TURNING_POINTS)]), middle, tail]);
      case 3:
        return Buffer.concat([head, tail]);
      case 4:
        return Buffer.concat([head, middle, middle, tail]);
      case 5:
        return head;
      case 6: // Goes on as another message does.
        return Buffer.concat([head, Buffer.from(this.pick(corpus)).subarray(this.below(16))]);
      default: // An enormous number.
        return Buffer.concat([head, Buffer.alloc(8, 0xff), tail]);
    }
  }
}
