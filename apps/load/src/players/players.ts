import { seededRandom } from '../proxy/faults.ts';
import { Increments } from './increments.ts';
import { PlayerSession, type PlayerSessionOptions } from './player-session.ts';
import { ReportSender, type SenderCounts } from './report-sender.ts';
import type { Experience } from './simulated-player.ts';
import { USER_AGENTS } from './user-agents.ts';

/** A fleet of simulated players. */
export interface PlayersOptions {
  /** The collector's OTLP port. */
  readonly collector: URL;
  readonly count: number;
  /** What they watch, each one of these. */
  readonly broadcasts: readonly string[];
  /** From one report of a player to the next, in milliseconds. */
  readonly interval: number;
  /** Connections held open at one time. */
  readonly connections: number;
  /** Share of reports that are sent twice. */
  readonly duplicates: number;
  /** Share of reports whose answer is lost. */
  readonly lostAnswers: number;
  /** Share of players that reload the page, at some time. */
  readonly reloads: number;
  /** By how much a player's clock is off at the most, in milliseconds. */
  readonly skew: number;
  /** How well it plays for all of them, where chance is not to decide. */
  readonly experience?: Experience | undefined;
  /** Whether events and spans are sent too. */
  readonly events: boolean;
  /** How long reports are tried after the end, in milliseconds. */
  readonly patience: number;
  /** Chance is the same for the same seed. */
  readonly seed: number;
  readonly token?: string | undefined;
  /** Ends the watching: the players leave. */
  readonly signal: AbortSignal;
}

/** What the players counted themselves, under one set of labels. */
export interface PlayerTotal {
  /** The name in Prometheus. */
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The value of a counter, or the sum of a histogram. */
  readonly value: number;
  /** Not added up: one count per bucket, and last the one past the highest bound; left out for counters. */
  readonly counts?: readonly number[];
}

/** What a fleet did. */
export interface PlayersReport extends SenderCounts {
  readonly sessions: number;
  readonly reloads: number;
  /** Requests delivered per second. */
  readonly rate: number;
  /** Milliseconds from sending a request to its answer. */
  readonly answers: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly totals: readonly PlayerTotal[];
}

/** How often it is looked whose turn it is, in milliseconds. */
const TICK = 10;

/** Simulates a fleet of players until the signal, and until all they counted is delivered. */
export async function simulatePlayers(options: PlayersOptions): Promise<PlayersReport> {
  const patience = new AbortController();
  const fleet = new Fleet(options, patience.signal);
  const began = performance.now();
  while (!options.signal.aborted) {
    fleet.tick(Date.now());
    await pause(TICK);
  }
  const seconds = (performance.now() - began) / 1000;
  const { delivered } = fleet.sender.counts;
  const limit = setTimeout(() => patience.abort(), options.patience);
  await fleet.leave(Date.now());
  clearTimeout(limit);
  return fleet.summary(Math.round(delivered / seconds));
}

/** Someone in front of a screen. */
interface Viewer {
  readonly habits: Pick<PlayerSessionOptions, 'broadcast' | 'userAgent' | 'skew'>;
  session: PlayerSession | undefined;
  /** When the next report is due, in Unix milliseconds. */
  next: number;
  /** Reports until the page is reloaded. */
  reloadIn: number;
}

class Fleet {
  readonly sender: ReportSender;
  readonly #options: PlayersOptions;
  readonly #random: () => number;
  readonly #totals = new Increments();
  readonly #deliveries = new Set<Promise<void>>();
  /** The one whose turn is next stands at `#turn`: all have the same interval, so the order stays. */
  readonly #viewers: readonly Viewer[];
  #turn = 0;
  #sessions = 0;
  #reloads = 0;

  constructor(options: PlayersOptions, patience: AbortSignal) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.sender = new ReportSender({ ...options, random: this.#random, signal: patience });
    const now = Date.now();
    this.#viewers = Array.from({ length: options.count }, (_, i) => this.#viewer(now, i));
  }

  /** Lets everyone report whose turn it is. */
  tick(now: number): void {
    for (let viewer = this.#viewers[this.#turn]!; viewer.next <= now; viewer = this.#viewers[this.#turn]!) {
      this.#report(viewer, now);
      viewer.next += this.#options.interval;
      this.#turn = (this.#turn + 1) % this.#viewers.length;
    }
  }

  /** Lets everyone leave. Resolves when all is delivered or given up. */
  async leave(now: number): Promise<void> {
    for (const { session } of this.#viewers) if (session) this.#track(session.leave(now));
    await Promise.all(this.#deliveries);
    this.sender.close();
  }

  /** @param rate requests delivered per second */
  summary(rate: number): PlayersReport {
    const times = Float64Array.from(this.sender.times).toSorted();
    const quantile = (share: number): number =>
      times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
    return {
      sessions: this.#sessions,
      reloads: this.#reloads,
      ...this.sender.counts,
      rate,
      answers: { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) },
      totals: Array.from(this.#totals, ({ metric, labels, value, counts }) => ({
        metric: metric.name,
        labels,
        value,
        ...(counts.length > 0 && { counts }),
      })),
    };
  }

  /** The players come one after the other, spread over an interval, so that their reports do too. */
  #viewer(now: number, i: number): Viewer {
    const { broadcasts, skew, reloads, interval, count } = this.#options;
    return {
      habits: {
        broadcast: this.#pick(broadcasts),
        userAgent: this.#pick(USER_AGENTS),
        skew: Math.round((2 * this.#random() - 1) * skew),
      },
      session: undefined,
      next: now + (interval * i) / count,
      reloadIn: this.#random() < reloads ? 2 + Math.floor(this.#random() * 3) : Number.POSITIVE_INFINITY,
    };
  }

  #report(viewer: Viewer, now: number): void {
    if (!viewer.session) {
      viewer.session = this.#open(viewer, now);
      return;
    }
    viewer.reloadIn -= 1;
    if (viewer.reloadIn > 0) {
      this.#track(viewer.session.report(now));
      return;
    }
    this.#reloads += 1;
    viewer.reloadIn = Number.POSITIVE_INFINITY;
    this.#track(viewer.session.leave(now));
    viewer.session = this.#open(viewer, now);
  }

  #open({ habits }: Viewer, now: number): PlayerSession {
    this.#sessions += 1;
    const { events, experience = {} } = this.#options;
    const { sender } = this;
    return new PlayerSession(
      { ...habits, experience, random: this.#random, sender, totals: this.#totals, events },
      now,
    );
  }

  #track(delivery: Promise<void>): void {
    const tracked = delivery.then(() => void this.#deliveries.delete(tracked));
    this.#deliveries.add(tracked);
  }

  #pick<T>(things: readonly T[]): T {
    return things[Math.floor(this.#random() * things.length)]!;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
