import { readVarint, varintLength, varints } from './varint.ts';

/** What a reader of records does with those of a type. */
export type Taking =
  /** Collect it, up to the limit, and hand it over whole. */
  | 'whole'
  /** Hand its bytes over as they come. */
  | 'pieces'
  /** Let it pass. */
  | 'skip';

/** Who takes the records. */
export interface RecordTaker {
  /** The longest record that is collected, in bytes. */
  readonly limit: number;
  /** Called at the begin of each record. May throw, as may the others; the reader then is of no use any more. */
  begin(type: number): Taking;
  whole(type: number, value: Buffer): void;
  piece(type: number, bytes: Buffer): void;
}

/** A record was longer than what is accepted of its kind. */
export class RecordTooLong extends Error {
  constructor(type: number, length: number) {
    super(`a record of type 0x${type.toString(16)} has ${length} bytes`);
    this.name = 'RecordTooLong';
  }
}

/**
 * Reads records of type, length and value from a stream that arrives in pieces: the frames of HTTP/3
 * (RFC 9114, section 7.1) and the capsules within them (RFC 9297, section 3.2) have the same form.
 */
export class RecordReader {
  readonly #taker: RecordTaker;
  /** The begin of a record's type and length, or of a value that is collected. */
  #held: Buffer = Buffer.alloc(0);
  #type = 0;
  #taking: Taking | undefined;
  /** Bytes of the value that are still to come. */
  #left = 0;

  constructor(taker: RecordTaker) {
    this.#taker = taker;
  }

  /** Whether the last record is still incomplete. */
  get unfinished(): boolean {
    return this.#taking !== undefined || this.#held.byteLength > 0;
  }

  push(arrived: Buffer): void {
    let bytes = this.#held.byteLength > 0 ? Buffer.concat([this.#held, arrived]) : arrived;
    this.#held = Buffer.alloc(0);
    for (;;) {
      if (this.#taking === undefined) {
        const rest = this.#header(bytes);
        if (!rest) break;
        bytes = rest;
      }
      if (this.#taking === 'whole' && bytes.byteLength < this.#left) break;
      const value = bytes.subarray(0, Math.min(this.#left, bytes.byteLength));
      bytes = bytes.subarray(value.byteLength);
      this.#left -= value.byteLength;
      if (this.#taking === 'whole') this.#taker.whole(this.#type, value);
      else if (this.#taking === 'pieces' && value.byteLength > 0) this.#taker.piece(this.#type, value);
      if (this.#left > 0) return;
      this.#taking = undefined;
    }
    // The source may be a buffer that is used again.
    this.#held = Buffer.from(bytes);
  }

  /** Takes a type and a length, and returns what follows; nothing when they are incomplete. */
  #header(bytes: Buffer): Buffer | undefined {
    const type = readVarint(bytes, 0);
    if (type === undefined) return undefined;
    const lengthAt = varintLength(bytes[0]!);
    const length = readVarint(bytes, lengthAt);
    if (length === undefined) return undefined;

    const taking = this.#taker.begin(type);
    if (taking === 'whole' && length > this.#taker.limit) throw new RecordTooLong(type, length);
    this.#type = type;
    this.#taking = taking;
    this.#left = length;
    return bytes.subarray(lengthAt + varintLength(bytes[lengthAt]!));
  }
}

/** A record. */
export function record(type: number, value: Uint8Array): Buffer {
  return Buffer.concat([varints(type, value.byteLength), value]);
}
