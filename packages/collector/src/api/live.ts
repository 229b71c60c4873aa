import { z } from 'zod';
import { rowOf, type Session } from '../sessions/session.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Listener, Subscription } from './events.ts';
import { flag, parameters, word } from './parameters.ts';
import { type StreamView, streamViews } from './streams.ts';

const querySchema = z.strictObject({
  /** Only what concerns this broadcast. */
  broadcast: word,
  /** Only what concerns this session. */
  session: word,
  /** Whether changes of sessions are told; they are. */
  sessions: flag,
});

/** From one time the streams are told to the next, in milliseconds. */
const STREAMS_EVERY = 1_000;

/** Sessions in one event, and told per tick. */
const SESSIONS_PER_EVENT = 200;
const SESSIONS_PER_TICK = 2_000;

/** Tells whoever listens how streams are, and which sessions changed. */
export class LiveFeed {
  readonly #sessions: Sessions;
  readonly #watchers = new Set<Watcher>();
  #streams: { readonly at: number; readonly views: readonly StreamView[] } | undefined;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /** Told of every session about which something new is known. */
  changed(session: Session): void {
    for (const watcher of this.#watchers) watcher.changed(session);
  }

  /** @throws Problem 400 */
  subscribe(query: URLSearchParams): Subscription {
    const watcher = new Watcher(parameters(query, querySchema), () => this.streams());
    this.#watchers.add(watcher);
    return { tick: (listener) => watcher.tick(listener), end: () => this.#watchers.delete(watcher) };
  }

  /** The streams as they were at most a moment ago: looked at once, however many ask. */
  streams(): readonly StreamView[] {
    const now = performance.now();
    if (!this.#streams || now - this.#streams.at > STREAMS_EVERY / 2) {
      this.#streams = { at: now, views: streamViews(this.#sessions.all()) };
    }
    return this.#streams.views;
  }
}

class Watcher {
  readonly #query: z.infer<typeof querySchema>;
  readonly #streams: () => readonly StreamView[];
  readonly #changed = new Set<Session>();
  #toldStreamsAt = Number.NEGATIVE_INFINITY;

  constructor(query: z.infer<typeof querySchema>, streams: () => readonly StreamView[]) {
    this.#query = query;
    this.#streams = streams;
  }

  changed(session: Session): void {
    const { broadcast, session: id, sessions } = this.#query;
    if (sessions === false) return;
    if (id !== undefined && session.id !== id) return;
    if (broadcast !== undefined && session.broadcast !== broadcast) return;
    this.#changed.add(session);
  }

  tick(listener: Listener): void {
    if (performance.now() - this.#toldStreamsAt >= STREAMS_EVERY) this.#tellStreams(listener);
    this.#tellSessions(listener);
  }

  #tellStreams(listener: Listener): void {
    const { broadcast } = this.#query;
    const streams = this.#streams().filter(
      (stream) => broadcast === undefined || stream.broadcast === broadcast,
    );
    if (listener.send('streams', streams)) this.#toldStreamsAt = performance.now();
  }

  #tellSessions(listener: Listener): void {
    for (let told = 0; told < SESSIONS_PER_TICK && this.#changed.size > 0; told += SESSIONS_PER_EVENT) {
      const sessions = first(this.#changed, SESSIONS_PER_EVENT);
      if (!listener.send('sessions', sessions.map(rowOf))) return;
      for (const session of sessions) this.#changed.delete(session);
    }
  }
}

function first<T>(things: Iterable<T>, most: number): readonly T[] {
  const taken: T[] = [];
  for (const thing of things) {
    if (taken.length >= most) break;
    taken.push(thing);
  }
  return taken;
}
