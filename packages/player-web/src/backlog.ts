import type { Entry } from './otel/entry.ts';

/** So much is kept until there is somebody to take it: minutes of a start, seconds of playback. */
const LIMIT = 4096;

/** What happens until the part that is loaded later can take it, in order. */
export class Backlog {
  #entries: Entry[] = [];

  /** Keeps an entry. When there are too many the oldest looks at buffers go, which say least. */
  add(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length <= LIMIT) return;
    const kept = this.#entries.filter((each, index) => !isLook(each) || index > LIMIT / 2);
    this.#entries = kept.length < LIMIT ? kept : kept.slice(-LIMIT / 2);
  }

  /** The facts that were not counted yet; from now on they are. */
  count(): readonly Extract<Entry, { type: 'fact' }>[] {
    const uncounted = this.#entries.filter((entry) => entry.type === 'fact' && !entry.counted);
    this.#entries = this.#entries.map((entry) =>
      entry.type === 'fact' ? { ...entry, counted: true } : entry,
    );
    return uncounted as Extract<Entry, { type: 'fact' }>[];
  }

  /** All there is; it is kept no longer. */
  take(): readonly Entry[] {
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }
}

function isLook(entry: Entry): boolean {
  return entry.type === 'event' && ['sample', 'idle', 'progress'].includes(entry.event.type);
}
