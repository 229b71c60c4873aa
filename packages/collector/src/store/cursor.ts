import { StoreError } from './errors.ts';

/** What a cursor holds: where a page ended, in terms of the question it belongs to. */
export type CursorPart = string | number;

/** Makes a cursor: opaque text that fits into a URL. */
export function encodeCursor(parts: readonly CursorPart[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** Cursors are ours, but come back through strangers. */
const LONGEST = 4096;

/**
 * Reads a cursor.
 *
 * @param types what its parts have to be
 * @throws StoreError `bad_query`
 */
export function decodeCursor(cursor: string, types: readonly ('string' | 'number')[]): readonly CursorPart[] {
  const parts = cursor.length > LONGEST ? undefined : parse(Buffer.from(cursor, 'base64url').toString());
  const fits =
    Array.isArray(parts) &&
    parts.length === types.length &&
    parts.every((part: unknown, index) => typeof part === types[index]);
  if (!fits) throw new StoreError('bad_query', 'the cursor is none of this question');
  return parts as CursorPart[];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever it is, it is no cursor.
    return undefined;
  }
}
