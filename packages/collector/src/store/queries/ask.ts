/** What all questions have in common: their limits, and how times and page sizes are bound. */

import type { SqlParams } from '../engine.ts';
import { StoreError } from '../errors.ts';
import type { TimeRange } from '../store.ts';

/** Runs a question, whose text says what its rows look like. */
export type Ask = <Row>(sql: string, params: SqlParams) => Promise<readonly Row[]>;

/** Rows of one page at most. */
export const LARGEST_PAGE = 10_000;

/** Ends every question: it cannot write, and it is cut off when it becomes too expensive. */
export const LIMITS = `
SETTINGS readonly = 1, max_execution_time = 10, max_memory_usage = 600000000, max_result_rows = 20001,
  max_result_bytes = 33554432, result_overflow_mode = 'throw', timeout_overflow_mode = 'throw', max_threads = 4,
  output_format_json_quote_64bit_integers = 0, output_format_json_quote_denormals = 0`;

/**
 * A time of the tables in Unix milliseconds with a fraction. Divided by a million as one number it would be wrong in
 * the fourth place.
 */
export function milliseconds(time: string): string {
  return `toUnixTimestamp64Milli(${time}) + (toUnixTimestamp64Nano(${time}) % 1000000) / 1e6`;
}

/**
 * How many rows a page has.
 *
 * @throws StoreError `bad_query`
 */
export function pageSize(
  limit: number | undefined,
  fallback: number,
  largest: number = LARGEST_PAGE,
): number {
  if (limit === undefined) return fallback;
  if (Number.isInteger(limit) && limit >= 1 && limit <= largest) return limit;
  throw new StoreError('bad_query', `limit ${limit} is no whole number from 1 to ${largest}`);
}

/** Characters of a value that is bound: it travels in a URL, and nothing that is searched for is as long. */
const LONGEST_VALUE = 4096;

/**
 * Turns down values nobody needs.
 *
 * @throws StoreError `bad_query`
 */
export function checkParams(params: SqlParams): void {
  for (const [name, value] of Object.entries(params)) {
    if (typeof value === 'string' && value.length > LONGEST_VALUE) {
      throw new StoreError('bad_query', `${name} has more than ${LONGEST_VALUE} characters`);
    }
  }
}

/** 2100-01-01: the tables' smaller times end in 2106. */
const LATEST = 4_102_444_800_000;

/** Unix milliseconds as Unix nanoseconds. */
function nanoseconds(time: number): bigint {
  const whole = Math.floor(time);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((time - whole) * 1e6));
}

/**
 * A range of time in Unix nanoseconds, for `{from:Int64}` and `{to:Int64}`.
 *
 * @throws StoreError `bad_query`
 */
export function nanosecondRange({ from, to }: TimeRange): { readonly from: bigint; readonly to: bigint } {
  return { from: nanoseconds(bound('from', from, 0)), to: nanoseconds(bound('to', to, LATEST)) };
}

/** The same in whole Unix milliseconds. */
export function millisecondRange({ from, to }: TimeRange): { readonly from: number; readonly to: number } {
  return { from: Math.ceil(bound('from', from, 0)), to: Math.ceil(bound('to', to, LATEST)) };
}

function bound(name: string, time: number | undefined, fallback: number): number {
  if (time === undefined) return fallback;
  if (Number.isFinite(time)) return Math.min(LATEST, Math.max(0, time));
  throw new StoreError('bad_query', `${name} ${time} is no time`);
}

/** A row without what was only needed to find the next page. */
export function without<Row extends object, Name extends keyof Row>(
  row: Row,
  ...names: readonly Name[]
): Omit<Row, Name> {
  const rest = { ...row };
  for (const name of names) delete rest[name];
  return rest;
}
