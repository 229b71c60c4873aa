const FIRST = 250;
const MAX = 5_000;

/**
 * How long to wait before trying again, in milliseconds: doubling from a quarter of a second to five seconds, with
 * half of it left to chance, so that many who were cut off together do not come back together.
 *
 * @param failures how often it failed in a row, from 1
 * @param random from 0 up to and without 1
 */
export function backoff(failures: number, random: number): number {
  const most = Math.min(MAX, FIRST * 2 ** (failures - 1));
  return Math.round(most / 2 + (most / 2) * random);
}
