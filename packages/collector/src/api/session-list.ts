/** Sessions in pages: those held in memory first, then those that only the store knows. */
import { collector } from '@moq-observability/moq-metrics';
import { z } from 'zod';
import { isLive, rowOf, type Session } from '../sessions/session.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { type SessionRow, type SessionSort, sessionSorts, type Store } from '../store/store.ts';
import { flag, limit, milliseconds, number, parameters, word } from './parameters.ts';
import { Problem } from './reply.ts';

/** What is asked of sessions. */
const querySchema = z.strictObject({
  broadcast: word,
  state: z.enum(collector.sessionStates).optional(),
  transport: word,
  browser: word,
  region: word,
  /** Only those with a failure, or only those without. */
  errors: flag,
  /** Only those that are watched now, or only those of the past. */
  live: flag,
  /** Text that the id, the broadcast or the remote address contains, in whatever case. */
  q: word,
  /** Seconds. */
  min_latency: number,
  min_stalls: number,
  /** A column, highest or latest first; with a `-` before it, lowest or earliest first. */
  sort: z
    .string()
    .regex(/^-?[a-z_]+$/)
    .default('started_at'),
  from: milliseconds,
  to: milliseconds,
  limit: limit(1_000, 100),
  cursor: z.string().max(1_024).optional(),
});
type ListQuery = z.infer<typeof querySchema>;

/** A page of sessions. */
export interface SessionPage {
  readonly sessions: readonly SessionRow[];
  /** To be handed back for what follows; not there after the last. */
  readonly cursor?: string | undefined;
  /** Why sessions of the past are missing, if they are. */
  readonly incomplete?: string | undefined;
}

/** Where the next page begins: after a session in memory, or at a place in the store. */
const cursorSchema = z.union([
  z.tuple([z.literal('m'), z.number().nullable().or(z.string()), z.string()]),
  z.tuple([z.literal('s'), z.string().nullable()]),
]);
type Cursor = z.infer<typeof cursorSchema>;

type SortKey = string | number | undefined;

const KEYS: Readonly<Record<SessionSort, (session: Session) => SortKey>> = {
  started_at: ({ startedAt }) => startedAt,
  updated_at: ({ updatedAt }) => updatedAt,
  broadcast: ({ broadcast }) => broadcast,
  startup: ({ startup }) => startup,
  latency: ({ latency }) => latency,
  stalled: ({ stalled }) => stalled,
  stalls: ({ stalls }) => stalls,
  watched: ({ watched }) => watched,
  failures: ({ failures }) => failures,
};

/** Lists sessions.  @throws Problem 400 */
export async function listSessions(
  query: URLSearchParams,
  sessions: Sessions,
  store: Store,
): Promise<SessionPage> {
  const asked = parameters(query, querySchema);
  const ascending = asked.sort.startsWith('-');
  const sort = sessionSorts.find((each) => each === asked.sort.replace('-', ''));
  if (!sort)
    throw new Problem(400, `sort: one of ${sessionSorts.join(', ')}, with a - before it to turn it round`);
  const cursor = asked.cursor === undefined ? undefined : parseCursor(asked.cursor);
  const order = { key: KEYS[sort], ascending };
  const held = cursor?.[0] === 's' ? [] : fromMemory(sessions, asked, order, cursor);
  if (held.length > asked.limit) {
    const page = held.slice(0, asked.limit);
    const last = page.at(-1)!;
    return { sessions: page.map(rowOf), cursor: formatCursor(['m', order.key(last) ?? null, last.id]) };
  }
  const after = cursor?.[0] === 's' ? (cursor[1] ?? undefined) : undefined;
  const past = await fromStore(store, sessions, asked, {
    sort,
    ascending,
    after,
    limit: asked.limit - held.length,
  });
  return { ...past, sessions: [...held.map(rowOf), ...past.sessions] };
}

interface Order {
  readonly key: (session: Session) => SortKey;
  readonly ascending: boolean;
}

/** The next sessions in memory: one more than fit, if there are. */
function fromMemory(
  sessions: Sessions,
  asked: ListQuery,
  { key, ascending }: Order,
  cursor: Cursor | undefined,
): readonly Session[] {
  const after = cursor?.[0] === 'm' ? { key: cursor[1] ?? undefined, id: cursor[2] } : undefined;
  const compare = (a: { key: SortKey; id: string }, b: { key: SortKey; id: string }): number =>
    compareKeys(a.key, b.key, ascending) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  const best = new Smallest<{ key: SortKey; id: string; session: Session }>(asked.limit + 1, compare);
  const text = asked.q?.toLowerCase();
  for (const session of sessions.all()) {
    if (!fits(session, asked) || !contains(session, text)) continue;
    const entry = { key: key(session), id: session.id, session };
    if (!after || compare(entry, after) > 0) best.add(entry);
  }
  return best.sorted().map(({ session }) => session);
}

function fits(session: Session, asked: ListQuery): boolean {
  return (
    (asked.broadcast === undefined || session.broadcast === asked.broadcast) &&
    (asked.state === undefined || session.state === asked.state) &&
    (asked.transport === undefined || session.transport === asked.transport) &&
    (asked.browser === undefined || session.audience.browser === asked.browser) &&
    (asked.region === undefined || session.audience.region === asked.region) &&
    (asked.errors === undefined || session.failures > 0 === asked.errors) &&
    (asked.live === undefined || isLive(session.state) === asked.live) &&
    (asked.min_latency === undefined || (session.latency ?? -1) >= asked.min_latency) &&
    (asked.min_stalls === undefined || session.stalls >= asked.min_stalls) &&
    (asked.from === undefined || session.startedAt >= asked.from) &&
    (asked.to === undefined || session.startedAt < asked.to)
  );
}

function contains({ id, broadcast, remoteAddress }: Session, text: string | undefined): boolean {
  return (
    text === undefined ||
    id.toLowerCase().includes(text) ||
    broadcast.toLowerCase().includes(text) ||
    remoteAddress.toLowerCase().includes(text)
  );
}

async function fromStore(
  store: Store,
  sessions: Sessions,
  asked: ListQuery,
  {
    sort,
    ascending,
    after,
    limit,
  }: { sort: SessionSort; ascending: boolean; after: string | undefined; limit: number },
): Promise<SessionPage> {
  if (limit === 0) return { sessions: [], cursor: formatCursor(['s', null]) };
  // Who watches now is held in memory.
  if (store.driver === 'off' || asked.live) return { sessions: [] };
  const { broadcast, state, transport, browser, region, errors, q, min_latency, min_stalls, from, to } =
    asked;
  try {
    const page = await store.sessions({
      broadcast,
      state,
      transport,
      browser,
      region,
      errors,
      text: q,
      minLatency: min_latency,
      minStalls: min_stalls,
      from,
      to,
      sort,
      ascending,
      limit,
      cursor: after,
    });
    return {
      // Those in memory were listed before, as they are now.
      sessions: page.rows.filter(({ sessionId }) => !sessions.find(sessionId)),
      cursor: page.cursor === undefined ? undefined : formatCursor(['s', page.cursor]),
    };
  } catch (error) {
    if (after !== undefined) throw error;
    // What is watched now does not need the store.
    return { sessions: [], incomplete: error instanceof Error ? error.message : String(error) };
  }
}

/** Highest first unless ascending; sessions without the value come last either way. */
function compareKeys(a: SortKey, b: SortKey, ascending: boolean): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return a < b === ascending ? -1 : 1;
}

function formatCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function parseCursor(text: string): Cursor {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch {
    throw new Problem(400, 'cursor: it is none of a page before');
  }
}

/** The smallest of many things, without sorting all of them: a heap with the largest on top. */
class Smallest<T> {
  readonly #limit: number;
  readonly #compare: (a: T, b: T) => number;
  readonly #heap: T[] = [];

  constructor(limit: number, compare: (a: T, b: T) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  add(thing: T): void {
    const heap = this.#heap;
    if (heap.length < this.#limit) {
      heap.push(thing);
      this.#rise(heap.length - 1);
    } else if (this.#compare(thing, heap[0]!) < 0) {
      heap[0] = thing;
      this.#sink();
    }
  }

  sorted(): readonly T[] {
    return this.#heap.toSorted(this.#compare);
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#compare(this.#heap[at]!, this.#heap[parent]!) <= 0) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      let largest = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#heap.length && this.#compare(this.#heap[child]!, this.#heap[largest]!) > 0) {
          largest = child;
        }
      }
      if (largest === at) return;
      this.#swap(at, largest);
      at = largest;
    }
  }

  #swap(a: number, b: number): void {
    const thing = this.#heap[a]!;
    this.#heap[a] = this.#heap[b]!;
    this.#heap[b] = thing;
  }
}
