import { type Logger, pino } from 'pino';

/** What the tool's commands need of the process they run in. */
export interface Surroundings {
  readonly log: Logger;
  /** Fires when the process is asked to end. */
  readonly signal: AbortSignal;
  /** Writes the result, a line of JSON, to stdout. */
  readonly result: (value: unknown) => void;
}

/** Everything the levels of logs are called. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** A logger of JSON lines to stderr: stdout is for results. */
export function makeLogger(level: string): Logger {
  return pino(
    {
      level,
      base: { 'service.name': 'moq-load' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** Sends what libraries say on the console to the log: the protocol layer says every reset of a stream there. */
export function routeConsole(log: Logger): void {
  for (const method of ['debug', 'info', 'log', 'warn', 'error'] as const) {
    console[method] = (...words: unknown[]) =>
      log.debug({ words: words.map(String).join(' ').slice(0, 500) }, 'library');
  }
}

/** Logs rejections nobody hears of: the protocol layer leaves some failures of streams so. They are a session's. */
export function tolerateRejections(log: Logger): void {
  process.on('unhandledRejection', (error) => log.warn({ err: error }, 'unhandled rejection'));
}

/** A signal that fires at the first SIGINT or SIGTERM; the second ends the process at once. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return stop.signal;
}
