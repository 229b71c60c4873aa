/** Between attempts, in milliseconds. */
export interface Backoff {
  readonly initial: number;
  readonly max: number;
}

/**
 * How long to wait before the next attempt, in milliseconds: twice as long each time, with half of it left to chance,
 * so that a fleet of players does not come back in one moment. An endpoint that says when to come back is waited for.
 *
 * @param failures attempts in a row that failed, from 1
 * @param random in [0, 1)
 * @param retryAfter what the endpoint asked for, in milliseconds
 */
export function retryDelay(failures: number, backoff: Backoff, random: number, retryAfter = 0): number {
  const ceiling = Math.min(backoff.max, backoff.initial * 2 ** (failures - 1));
  return Math.max(ceiling * (0.5 + random / 2), Math.min(retryAfter, backoff.max));
}

/** A `Retry-After` header in milliseconds from `now` (Unix milliseconds): seconds or a date; 0 when it is neither. */
export function parseRetryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return milliseconds > 0 ? milliseconds : 0;
}
