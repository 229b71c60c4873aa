import type { Duration } from '../query/query.ts';

/** What is told per stream. */
export const byStream = ['namespace', 'broadcast'] as const;
/** What is told per stream and relay. */
export const byStreamAndRelay = ['namespace', 'broadcast', 'instance'] as const;

/** The window of everything that is recorded. */
export const FIVE_MINUTES: Duration = '5m';
/** The window of what has the name of a histogram of players. */
export const ONE_MINUTE: Duration = '1m';
