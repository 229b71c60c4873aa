import { z } from 'zod';
import { rowOf, type Session } from '../sessions/session.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Listener, Subscription } from './events.ts';
import { flag, parameters, word } from './parameters.ts';
import { type Views, viewsOf } from './streams.ts';

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
  #views: { readonly at: number; readonly views: Views } | undefined;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /** Told of every session about which something new is known. */
  changed(session: Session): void {
    for (const watcher of this.#watchers) watcher.changed(session);
  }

  /** @throws Problem 400 */
  subscribe(query: URLSearchParams): Subscription {
    const watcher = new Watcher(parameters(query, querySchema), () => this.views());
    this.#watchers.add(watcher);
    return { tick: (listener) => watcher.tick(listener), end: () => this.#watchers.delete(watcher) };
  }

  /** What was watched at most a moment ago: looked at once, however many ask. */
  views(): Views {
    const now = performance.now();
    if (!this.#views || now - this.#views.at > STREAMS_EVERY / 2) {
      this.#views = { at: now, views: viewsOf(this.#sessions.all()) };
    }
    return this.#views.views;
  }
}

class Watcher {
  readonly #query: z.infer<typeof querySchema>;
  readonly #views: () => Views;
  readonly #changed = new Set<Session>();
  #toldViewsAt = Number.NEGATIVE_INFINITY;

  constructor(query: z.infer<typeof querySchema>, views: () => Views) {
    this.#query = query;
    this.#views = views;
  }

  changed(session: Session): void {
    const { broadcast, session: id, sessions } = this.#query;
    if (sessions === false) return;
    if (id !== undefined && session.id !== id) return;
    if (broadcast !== undefined && session.broadcast !== broadcast) return;
    this.#changed.add(session);
  }

  tick(listener: Listener): void {
    if (performance.now() - this.#toldViewsAt >= STREAMS_EVERY) this.#tellViews(listener);
    this.#tellSessions(listener);
  }

  /** A broadcast's reader is told of that alone, all others of the fleet too. */
  #tellViews(listener: Listener): void {
    const { broadcast } = this.#query;
    const { fleet, streams } = this.#views();
    const told =
      broadcast === undefined
        ? listener.send('fleet', fleet) && listener.send('streams', streams)
        : listener.send(
            'streams',
            streams.filter((stream) => stream.broadcast === broadcast),
          );
    if (told) this.#toldViewsAt = performance.now();
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
