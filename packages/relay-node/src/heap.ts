import { setFlagsFromString } from 'node:v8';

/**
 * What V8 is told of collecting garbage.
 *
 * By itself it goes through the whole heap whenever memory beside it has grown by 64 MB, and frames are just that: with
 * fifty viewers of one stream that was each other second, and a tenth of the processor. Instead the heap, with the
 * memory beside it, may grow to twice of what the last collection left.
 *
 * Few of the new objects are needed any more when they are collected: one thread is done with them sooner than several
 * that wait for one another.
 */
const FLAGS = [
  '--heap-growing-percent=100',
  '--external-memory-accounted-in-global-limit',
  '--no-parallel-scavenge',
];

/** Trades some memory for processor time. For a process that is the relay and nothing else. */
export function collectGarbageSeldom(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
