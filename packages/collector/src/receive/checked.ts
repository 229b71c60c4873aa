/**
 * Reading trees that a stranger sent: JSON as it was parsed, or Protobuf decoded to the shape of its JSON. Whatever is
 * not of the right type refuses the whole request.
 */
import { Refused } from './refused.ts';

/** An object of unknown fields. */
export type Tree = Readonly<Record<string, unknown>>;

/** Protobuf's JSON takes null for a field that is not there. */
export function optional<T>(
  value: unknown,
  read: (value: unknown, what: string) => T,
  what: string,
): T | undefined {
  return value === undefined || value === null ? undefined : read(value, what);
}

/** @throws Refused when it is no object */
export function object(value: unknown, what: string): Tree {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Tree;
  throw new Refused(400, `${what} is not an object`);
}

/** A list; empty when it is not there.  @throws Refused when it is something else */
export function list(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new Refused(400, `${what} is not a list`);
}

/** @throws Refused when it is no text */
export function text(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new Refused(400, `${what} is not a string`);
}

/** Text with nothing in it that breaks UTF-8, and no longer than `max`; empty when it is not there. */
export function boundedText(value: unknown, what: string, max: number): string {
  const given = optional(value, text, what) ?? '';
  return (given.length > max ? given.slice(0, max) : given).toWellFormed();
}

/** False when it is not there.  @throws Refused when it is something else */
export function boolean(value: unknown, what: string): boolean {
  const given = value ?? false;
  if (typeof given === 'boolean') return given;
  throw new Refused(400, `${what} is not a boolean`);
}

/**
 * A 64-bit integer, which JSON carries as a number or as a string; those past 2^53 lose precision here.
 *
 * @throws Refused when it is none
 */
export function integer(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  // Most buckets are empty.
  if (value === '0') return 0;
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return Number(value);
  throw new Refused(400, `${what} is not an integer`);
}

/** A 64-bit integer that counts nanoseconds; 0 when it is not there.  @throws Refused when it is none */
export function nanoseconds(value: unknown, what: string): bigint {
  if (value === undefined || value === null) return 0n;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
  throw new Refused(400, `${what} is not a time in nanoseconds`);
}

/** @throws Refused when it is no number */
export function double(value: unknown, what: string): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  if (typeof value === 'string' && /^-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?$/.test(value)) {
    return Number(value);
  }
  throw new Refused(400, `${what} is not a number`);
}

/**
 * The id of a trace or span: hex in JSON, bytes in Protobuf; lower case. Empty when it is not there, all zero, or no
 * id of this many bytes.
 */
export function idOf(value: unknown, bytes: 8 | 16): string {
  const hex = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  if (typeof hex !== 'string' || hex.length !== 2 * bytes || !/^[0-9a-f]+$/i.test(hex)) return '';
  return /^0+$/.test(hex) ? '' : hex.toLowerCase();
}
