import { namespaceOf } from '@moq-observability/moq-metrics';
import { isLive, type LiveState, liveStates, type Session } from '../sessions/session.ts';

/** How it is for those who watch now. */
export interface Audience {
  readonly viewers: number;
  /** Viewers by state. */
  readonly sessions: Readonly<Record<LiveState, number>>;
  /** Seconds, over the last report of each viewer. */
  readonly latency: { readonly mean: number; readonly p50: number; readonly p95: number } | null;
  /** Seconds, mean over the last report of each viewer. */
  readonly buffer: number | null;
  /** Bits per second, mean over the last report of each viewer. */
  readonly bitrate: number | null;
  /** Bits per second that all viewers together receive, as far as they tell. */
  readonly bandwidth: number;
  /** Seconds to the first frame, mean over those who have seen it. */
  readonly startup: number | null;
  /** Share of the time watched by those who watch now that was spent in stalls. */
  readonly stalledRatio: number | null;
  readonly stalls: number;
  readonly failures: number;
}

/** A broadcast that is watched. */
export interface StreamView extends Audience {
  readonly namespace: string;
  readonly broadcast: string;
}

/** All that is watched. */
export interface FleetView extends Audience {
  /** Broadcasts with a viewer. */
  readonly streams: number;
}

/** What is watched now. */
export interface Views {
  readonly fleet: FleetView;
  /** The most watched first. */
  readonly streams: readonly StreamView[];
}

/** Adds up what sessions are watching now. */
export function viewsOf(sessions: Iterable<Session>): Views {
  const streams = new Map<string, AudienceSums>();
  const fleet = new AudienceSums();
  for (const session of sessions) {
    const { broadcast, state } = session;
    if (!broadcast || !isLive(state)) continue;
    let sums = streams.get(broadcast);
    if (!sums) streams.set(broadcast, (sums = new AudienceSums()));
    sums.add(session, state);
    fleet.add(session, state);
  }
  return {
    fleet: { streams: streams.size, ...fleet.view() },
    streams: [...streams]
      .map(([broadcast, sums]) => ({ namespace: namespaceOf(broadcast), broadcast, ...sums.view() }))
      .toSorted((a, b) => b.viewers - a.viewers || (a.broadcast < b.broadcast ? -1 : 1)),
  };
}

class AudienceSums {
  readonly #states: Record<LiveState, number> = { loading: 0, playing: 0, stalled: 0, paused: 0 };
  readonly #latencies: number[] = [];
  readonly #buffer = { sum: 0, count: 0 };
  readonly #bitrate = { sum: 0, count: 0 };
  readonly #startup = { sum: 0, count: 0 };
  #watched = 0;
  #stalled = 0;
  #stalls = 0;
  #failures = 0;

  add(session: Session, state: LiveState): void {
    this.#states[state] += 1;
    if (session.latency !== undefined) this.#latencies.push(session.latency);
    addTo(this.#buffer, session.buffer);
    addTo(this.#bitrate, session.bitrate);
    addTo(this.#startup, session.startup);
    this.#watched += session.watched;
    this.#stalled += session.stalled;
    this.#stalls += session.stalls;
    this.#failures += session.failures;
  }

  view(): Audience {
    return {
      viewers: liveStates.reduce((sum, state) => sum + this.#states[state], 0),
      sessions: this.#states,
      latency: latencyOf(this.#latencies),
      buffer: meanOf(this.#buffer),
      bitrate: meanOf(this.#bitrate),
      bandwidth: this.#bitrate.sum,
      startup: meanOf(this.#startup),
      stalledRatio: this.#watched > 0 ? this.#stalled / this.#watched : null,
      stalls: this.#stalls,
      failures: this.#failures,
    };
  }
}

function addTo(mean: { sum: number; count: number }, value: number | undefined): void {
  if (value === undefined) return;
  mean.sum += value;
  mean.count += 1;
}

function meanOf({ sum, count }: { sum: number; count: number }): number | null {
  return count > 0 ? sum / count : null;
}

function latencyOf(latencies: readonly number[]): Audience['latency'] {
  if (latencies.length === 0) return null;
  const sorted = Float64Array.from(latencies).toSorted();
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const quantile = (q: number): number => sorted[Math.ceil(q * sorted.length) - 1]!;
  return { mean, p50: quantile(0.5), p95: quantile(0.95) };
}
