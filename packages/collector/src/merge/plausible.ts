import { client } from '@moq-observability/moq-metrics';
import type { Addition, MergeableMetric } from '@moq-observability/moq-metrics/merge';

/** How long a session can have been going on, as far as the collector can tell, in seconds. */
export interface SessionTime {
  /** Since the report before this one was added; since it was first heard of, for the first. */
  readonly sinceLast: number;
  /** Since it was first heard of. */
  readonly sinceFirst: number;
  /** Seconds watched and stalled that were added before. */
  readonly watched: number;
  readonly stalled: number;
  /**
   * What the player may have waiting when it is first heard of, or again: as many reports as it keeps while the
   * collector is away.
   */
  readonly backlog: number;
}

/** Seconds that the same report was found to add before. */
type Reported = Pick<SessionTime, 'watched' | 'stalled'>;

/** Per second, and generously: what is above is no measurement. */
const MOST_PER_SECOND: ReadonlyMap<MergeableMetric, number> = new Map<MergeableMetric, number>([
  [client.rebufferCount, 4],
  [client.qualitySwitches, 60],
  [client.framesDecoded, 1_000],
  [client.framesDropped, 1_000],
  [client.mediaReceivedBytes, 1.25e9],
  [client.playAttempts, 10],
  [client.playOutcomes, 10],
  [client.playbackFailures, 10],
  [client.connections, 10],
  [client.latencyUnavailable, 10],
  [client.startupTime, 10],
  [client.startupPhase, 50],
  [client.bufferLength, 10],
  [client.latency, 10],
  [client.avSyncDrift, 10],
  [client.bitrate, 10],
  [client.rtt, 10],
  [client.rebufferDuration, 4],
  [client.decodeTime, 1_000],
  [client.keyframeInterval, 1_000],
]);

/**
 * Whether a session can have counted this much in the time there was. Watched and stalled time cannot be longer than
 * the time since the session was first heard of, but for what was waiting then. Clocks of players are not asked.
 *
 * @returns what is impossible about it, in words; `undefined` when nothing is
 */
export function impossible(addition: Addition, time: SessionTime, reported: Reported): string | undefined {
  const { metric } = addition;
  if (addition.kind === 'counter') {
    const { value } = addition;
    if (metric === client.watchedSeconds)
      return tooLong('watched', time.watched + reported.watched + value, time);
    if (metric === client.stalledSeconds)
      return tooLong('stalled', time.stalled + reported.stalled + value, time);
  }
  const most = MOST_PER_SECOND.get(metric);
  if (most === undefined) return undefined;
  const counted = addition.kind === 'counter' ? addition.value : total(addition.counts);
  return counted > most * (time.sinceLast + time.backlog)
    ? `${counted} is more than there can be in the time since the last report`
    : undefined;
}

function tooLong(what: string, seconds: number, { sinceFirst, backlog }: SessionTime): string | undefined {
  return seconds > sinceFirst + backlog
    ? `${seconds} s ${what} by a session that was first heard of ${Math.round(sinceFirst)} s ago`
    : undefined;
}

function total(counts: readonly number[]): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
