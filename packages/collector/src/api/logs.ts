import { z } from 'zod';
import type { Page as RowPage, Store, StoredLog } from '../store/store.ts';
import type { Listener, Subscription } from './events.ts';
import { limit, milliseconds, parameters, traceId, word } from './parameters.ts';

/** The least severity number of each level. */
const LEVELS = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;

const level = z
  .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
  .transform((name) => LEVELS[name])
  .optional();

const filterShape = { trace_id: traceId, session: word, service: word, level, q: word };

const searchSchema = z.strictObject({
  ...filterShape,
  from: milliseconds,
  to: milliseconds,
  order: z.enum(['oldest', 'newest']).optional(),
  limit: limit(1_000, 100),
  cursor: word,
});

const tailSchema = z.strictObject(filterShape);

/** Searches the log.  @throws Problem 400, StoreError */
export function searchLogs(query: URLSearchParams, store: Store): Promise<RowPage<StoredLog>> {
  const { trace_id, session, service, level, q, ...rest } = parameters(query, searchSchema);
  return store.logs({ ...rest, traceId: trace_id, sessionId: session, service, minSeverity: level, text: q });
}

/** Lines that wait for one reader; past it the oldest are left out, and their number is told. */
const MOST_WAITING = 2_000;

/** Lines in one event. */
const LINES_PER_EVENT = 200;

/** Tells the lines of the log to whoever listens, as they come. */
export class LogTail {
  readonly #readers = new Set<Reader>();

  /** Whether anybody listens. */
  get isWatched(): boolean {
    return this.#readers.size > 0;
  }

  /** @throws Problem 400 */
  subscribe(query: URLSearchParams): Subscription {
    const reader = new Reader(parameters(query, tailSchema));
    this.#readers.add(reader);
    return { tick: (listener) => reader.tick(listener), end: () => this.#readers.delete(reader) };
  }

  /** Tells a line. */
  add(log: StoredLog): void {
    for (const reader of this.#readers) reader.add(log);
  }
}

class Reader {
  readonly #filter: z.infer<typeof tailSchema>;
  readonly #text: string | undefined;
  #waiting: StoredLog[] = [];
  #missed = 0;

  constructor(filter: z.infer<typeof tailSchema>) {
    this.#filter = filter;
    this.#text = filter.q?.toLowerCase();
  }

  add(log: StoredLog): void {
    if (!this.#fits(log)) return;
    if (this.#waiting.length >= MOST_WAITING) this.#missed += 1;
    else this.#waiting.push(log);
  }

  tick(listener: Listener): void {
    while (this.#waiting.length > 0) {
      if (!listener.send('logs', this.#waiting.slice(0, LINES_PER_EVENT))) return;
      this.#waiting = this.#waiting.slice(LINES_PER_EVENT);
    }
    if (this.#missed > 0 && listener.send('missed', { lines: this.#missed })) this.#missed = 0;
  }

  #fits(log: StoredLog): boolean {
    const { trace_id, session, service, level } = this.#filter;
    return (
      (trace_id === undefined || log.traceId === trace_id) &&
      (session === undefined || log.sessionId === session) &&
      (service === undefined || log.serviceName === service) &&
      (level === undefined || log.severityNumber >= level) &&
      (this.#text === undefined ||
        log.body.toLowerCase().includes(this.#text) ||
        log.eventName.toLowerCase().includes(this.#text))
    );
  }
}
