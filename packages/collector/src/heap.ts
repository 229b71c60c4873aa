import { setFlagsFromString } from 'node:v8';

/**
 * What V8 is told of collecting garbage.
 *
 * By itself it goes through the whole heap when that has grown by a fifth, or memory beside it by 64 MB: with fifty
 * thousand sessions that was each second, and the reports of that moment waited for 50 ms. Instead the heap may grow to
 * five times of what the last collection left, memory beside it included.
 *
 * Few of the new objects are needed any more when they are collected. One thread is done with them sooner than several
 * that wait for one another, where the database and others want the processor too.
 */
const FLAGS = [
  '--heap-growing-percent=400',
  '--external-memory-accounted-in-global-limit',
  '--no-parallel-scavenge',
];

/** Trades memory for answers that do not wait. For a process that is the collector and nothing else. */
export function collectGarbageSeldom(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
