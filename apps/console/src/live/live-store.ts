import type { Audience, FleetView, SessionRow, StreamView } from '@moq-observability/collector/api';
import { listen, type StreamState } from '../api/event-source.ts';
import { address } from '../api/http.ts';
import { History } from './history.ts';

/** What is kept of an audience over time. */
export const measures = ['viewers', 'bandwidth', 'latency', 'stalling'] as const;
/** What is kept of an audience over time. */
export type Measure = (typeof measures)[number];

/** An audience over the last minutes. */
export type Histories = Readonly<Record<Measure, History>>;

/** What is known now; a new object whenever something is told. */
export interface LiveState {
  readonly connection: StreamState;
  /** Since when the connection is as it is, in Unix milliseconds. */
  readonly since: number;
  readonly fleet: FleetView | undefined;
  readonly streams: readonly StreamView[];
  /** When it was told, in Unix milliseconds; 0 before. */
  readonly toldAt: number;
}

/** Seconds that are kept of what is told once a second. */
export const KEPT_SECONDS = 600;

/** Streams that are gone for so long are forgotten, in milliseconds. */
const FORGOTTEN_AFTER = KEPT_SECONDS * 1000;

/** What sessions a reader hears of: all, those of one broadcast, or one; none without such a question. */
export interface SessionsWanted {
  readonly broadcast?: string | undefined;
  readonly session?: string | undefined;
}

/** The fleet as the collector tells it, once a second. One for the whole page, whatever it shows. */
export class LiveStore {
  readonly #readers = new Set<() => void>();
  readonly #streams = new Map<string, Histories>();
  readonly #fleet: Histories = histories();
  #state: LiveState = {
    connection: 'connecting',
    since: Date.now(),
    fleet: undefined,
    streams: [],
    toldAt: 0,
  };
  #pending: FleetView | undefined;

  /** Listens until it is disposed. */
  connect(): Disposable {
    return listen(address('/api/live', { sessions: false }), {
      onState: (connection) => {
        if (connection !== this.#state.connection) this.#set({ connection, since: Date.now() });
      },
      on: {
        fleet: (fleet: FleetView) => {
          this.#pending = fleet;
        },
        // Comes right after the fleet: one picture of both.
        streams: (streams: readonly StreamView[]) => this.#take(this.#pending, streams, Date.now()),
      },
    });
  }

  get state(): LiveState {
    return this.#state;
  }

  get fleet(): Histories {
    return this.#fleet;
  }

  /** What is known of a stream's last minutes. */
  stream(broadcast: string): Histories {
    let found = this.#streams.get(broadcast);
    if (!found) this.#streams.set(broadcast, (found = histories()));
    return found;
  }

  /** Told of every change, for `useSyncExternalStore`. */
  subscribe = (reader: () => void): (() => void) => {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  };

  #take(fleet: FleetView | undefined, streams: readonly StreamView[], now: number): void {
    if (fleet) remember(this.#fleet, fleet, now);
    for (const stream of streams) remember(this.stream(stream.broadcast), stream, now);
    for (const [broadcast, { viewers }] of this.#streams) {
      if (now - (viewers.lastTime ?? now) > FORGOTTEN_AFTER) this.#streams.delete(broadcast);
    }
    this.#set({ fleet, streams, toldAt: now });
  }

  #set(change: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...change };
    for (const reader of this.#readers) reader();
  }
}

/** Hears of changes of sessions, in batches, until it is disposed. */
export function listenToSessions(
  { broadcast, session }: SessionsWanted,
  take: (rows: readonly SessionRow[]) => void,
): Disposable {
  return listen(address('/api/live', { broadcast, session }), { on: { sessions: take } });
}

function histories(): Histories {
  return {
    viewers: new History(KEPT_SECONDS),
    bandwidth: new History(KEPT_SECONDS),
    latency: new History(KEPT_SECONDS),
    stalling: new History(KEPT_SECONDS),
  };
}

function remember(kept: Histories, audience: Audience, now: number): void {
  kept.viewers.add(now, audience.viewers);
  kept.bandwidth.add(now, audience.bandwidth);
  kept.latency.add(now, audience.latency?.p95);
  kept.stalling.add(now, audience.sessions.stalled);
}
