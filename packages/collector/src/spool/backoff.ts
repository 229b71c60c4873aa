/** How long to wait between attempts, in milliseconds. */
export interface BackoffOptions {
  /** The longest first wait; every further one may be twice as long. */
  readonly first: number;
  /** The longest wait of all. */
  readonly longest: number;
}

/**
 * Exponential backoff with half of it left to chance, so that many do not come back at the same moment.
 *
 * @param failures in a row, the first being 1
 * @param chance 0 to 1
 */
export function backoffDelay(
  failures: number,
  { first, longest }: BackoffOptions,
  chance: number = Math.random(),
): number {
  const delay = Math.min(longest, first * 2 ** Math.min(failures - 1, 30));
  return delay * (0.5 + chance / 2);
}
