/**
 * Records one after the other in a file: length, CRC-32, and then the record as JSON in UTF-8. Both numbers are 32-bit,
 * little-endian. A record that was not written to its end shows by either of them, and ends the reading.
 */
import { crc32 } from 'node:zlib';

const HEAD = 8;

/** The longest record, in bytes: what claims to be longer is damage. */
const MAX_RECORD = 64 * 1024 * 1024;

/** A record as it lies in the file. */
export function encodeFrame(record: unknown): Buffer {
  const text = JSON.stringify(record);
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(HEAD + length);
  frame.write(text, HEAD, 'utf8');
  frame.writeUInt32LE(length, 0);
  frame.writeUInt32LE(crc32(frame.subarray(HEAD)), 4);
  return frame;
}

/** What a file of records holds. */
export interface Frames {
  /** The records as JSON, to be parsed one by one. */
  readonly payloads: readonly Buffer[];
  /** Bytes at the end that are no whole record. */
  readonly damaged: number;
}

/** Finds the records of a file, up to the first that is not whole. */
export function findFrames(bytes: Buffer): Frames {
  const payloads: Buffer[] = [];
  let at = 0;
  while (at + HEAD <= bytes.length) {
    const length = bytes.readUInt32LE(at);
    const end = at + HEAD + length;
    if (length > MAX_RECORD || end > bytes.length) break;
    const payload = bytes.subarray(at + HEAD, end);
    if (crc32(payload) !== bytes.readUInt32LE(at + 4)) break;
    payloads.push(payload);
    at = end;
  }
  return { payloads, damaged: bytes.length - at };
}

/** A record that was found. */
export function parseFrame(payload: Buffer): unknown {
  return JSON.parse(payload.toString('utf8'));
}
