import { inspect } from 'node:util';
import type { Logger } from 'pino';
import { printable } from './text.ts';

const METHODS = ['debug', 'info', 'warn', 'error'] as const;

/**
 * Sends what libraries print to the log instead: the protocol layer tells of every request on the console.
 * For programs, not for libraries: the console belongs to the whole process.
 *
 * @returns gives the console back
 */
export function routeConsole(logger: Logger): () => void {
  const log = logger.child({ source: 'console' });
  const before = METHODS.map((method) => [method, console[method]] as const);
  for (const method of METHODS) {
    // What a peer does wrong is an error to the protocol layer and everyday life to a relay.
    console[method] = (...values: unknown[]) => {
      if (!log.isLevelEnabled('debug')) return;
      const text = values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' ');
      log.debug({ level_printed: method }, printable(text, 1024));
    };
  }
  return () => {
    for (const [method, print] of before) console[method] = print;
  };
}
