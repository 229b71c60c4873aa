/**
 * A batch is a file of records, each with its length and its checksum in front, so that whatever a crash left at the
 * end of the file is recognised and cut off.
 */

import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

/** Length of the payload, how many things it counts for, and the checksum of both and of the payload: 32 bits each. */
const HEADER_BYTES = 12;

/** What was handed over at one time. */
export interface SpoolRecord {
  readonly payload: Uint8Array;
  /** How many things it stands for: rows, requests. */
  readonly count: number;
}

/** What a batch file holds. */
export interface BatchContent {
  readonly records: readonly SpoolRecord[];
  /** Sum of the counts of what could be read. */
  readonly count: number;
  /** Bytes that could be read; fewer than the file has when its end is torn. */
  readonly bytes: number;
}

/** Bytes a record takes in the file. */
export function recordBytes({ payload }: SpoolRecord): number {
  return HEADER_BYTES + payload.byteLength;
}

/** Records as they lie in the file. */
export function encodeRecords(records: readonly SpoolRecord[]): Buffer {
  const file = Buffer.allocUnsafe(records.reduce((bytes, record) => bytes + recordBytes(record), 0));
  let at = 0;
  for (const { payload, count } of records) {
    file.writeUInt32LE(payload.byteLength, at);
    file.writeUInt32LE(count, at + 4);
    file.writeUInt32LE(crc32(payload, crc32(file.subarray(at, at + 8))), at + 8);
    file.set(payload, at + HEADER_BYTES);
    at += HEADER_BYTES + payload.byteLength;
  }
  return file;
}

/** Reads records up to the first that is torn or damaged. */
export function decodeRecords(file: Buffer): BatchContent {
  const records: SpoolRecord[] = [];
  let total = 0;
  let at = 0;
  while (at + HEADER_BYTES <= file.length) {
    const end = at + HEADER_BYTES + file.readUInt32LE(at);
    if (end > file.length) break;
    const payload = file.subarray(at + HEADER_BYTES, end);
    if (crc32(payload, crc32(file.subarray(at, at + 8))) !== file.readUInt32LE(at + 8)) break;
    const count = file.readUInt32LE(at + 4);
    records.push({ payload, count });
    total += count;
    at = end;
  }
  return { records, count: total, bytes: at };
}

/**
 * Reads a batch file; one that is gone holds nothing.
 *
 * @param limit bytes at most; what lies behind them was never acknowledged
 * @throws the file system's own error
 */
export async function readBatch(
  path: string,
  limit: number = Number.MAX_SAFE_INTEGER,
): Promise<BatchContent> {
  const file = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  return decodeRecords(file.subarray(0, limit));
}
