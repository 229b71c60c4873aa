import { RelayError } from '../errors.ts';

/** What went wrong, in a word: for attributes of spans and fields of log lines. */
export function errorType(error: Error): string {
  return error instanceof RelayError ? error.code : error.name;
}
