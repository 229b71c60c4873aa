import { setTimeout as wait } from 'node:timers/promises';

import type { Logger } from 'pino';

import { TimeSync } from '../clock/time-sync.ts';
import type { TransportChoice } from '../connect.ts';
import { Totals, type TrackTotals } from '../totals.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { type TrackChoice, Viewer } from './viewer.ts';

/** What {@link view} is told. */
export interface ViewOptions {
  readonly relay: URL;
  readonly transport: TransportChoice;
  /** The path of the broadcast, below the relay's URL. */
  readonly broadcast: string;
  /** How many viewers. */
  readonly count: number;
  readonly tracks: TrackChoice;
  /** Whether to return when all tracks have ended. */
  readonly untilEnd: boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Told how it goes. */
  readonly onProgress?: (progress: ViewProgress) => void;
  /** Milliseconds from one progress to the next. Default one second. */
  readonly progressInterval?: number;
}

/** How it goes at the moment. */
export interface ViewProgress {
  readonly viewers: number;
  /** Viewers that are subscribed to media. */
  readonly watching: number;
  /** Frames per second since the last time, over all viewers. */
  readonly framesPerSecond: number;
  /** Bits of payload per second since the last time, over all viewers. */
  readonly bitsPerSecond: number;
  /** Connections that had to be made again. */
  readonly reconnects: number;
  /** Since the start, in milliseconds; `undefined` before the first. */
  readonly latency: { readonly p50: number | undefined; readonly p95: number | undefined };
}

/** What was seen of a track, over all viewers. */
export interface TrackReport extends TrackTotals {
  /** From a frame's stamp to its arrival, in milliseconds, without each viewer's first group. */
  readonly latency?: {
    readonly p50: number | undefined;
    readonly p95: number | undefined;
    readonly samples: number;
    /** Frames from the future: the clocks disagree by more than the way takes. */
    readonly negative: number;
  };
}

/** What was seen. */
export interface ViewReport {
  readonly broadcast: string;
  readonly viewers: number;
  readonly seconds: number;
  /** Connections that had to be made again. */
  readonly reconnects: number;
  /** Viewers by what carried them, such as `webtransport moq-lite-05`. */
  readonly transports: Readonly<Record<string, number>>;
  readonly tracks: Readonly<Record<string, TrackReport>>;
}

/** From the start of one viewer to that of the next, in milliseconds: people do not come all at once. */
const RAMP = 10;

/** Watches a broadcast with many viewers until all have seen its end, when told to, or the signal fires. */
export async function view(options: ViewOptions): Promise<ViewReport> {
  const { relay, broadcast, count, signal, log } = options;
  const start = performance.now();
  await using clock = await TimeSync.start({
    relay,
    onSync: ({ source, reason }) => {
      if (source === 'machine') log.warn({ reason }, 'the relay does not tell the time: latency is a guess');
    },
  });
  const totals = new Totals();
  const latencies = new Map<string, LatencyHistogram>();
  const latency = (track: string): LatencyHistogram => {
    const histogram = latencies.get(track) ?? new LatencyHistogram();
    latencies.set(track, histogram);
    return histogram;
  };
  const viewers = Array.from({ length: count }, () => new Viewer({ ...options, clock, totals, latency }));
  const progress = startProgress(viewers, totals, latencies, options);
  try {
    await Promise.all(
      viewers.map(async (viewer, index) => {
        // Being stopped ends the wait.
        await wait(index * RAMP, undefined, { signal }).catch(() => {});
        await viewer.run();
      }),
    );
  } finally {
    clearInterval(progress);
  }
  return {
    broadcast,
    viewers: count,
    seconds: Math.round(performance.now() - start) / 1_000,
    reconnects: countReconnects(viewers),
    transports: countTransports(viewers),
    tracks: Object.fromEntries(
      Object.entries(totals.snapshot()).map(([name, track]) => [
        name,
        reportTrack(track, latencies.get(name)),
      ]),
    ),
  };
}

function startProgress(
  viewers: readonly Viewer[],
  totals: Totals,
  latencies: ReadonlyMap<string, LatencyHistogram>,
  { onProgress, progressInterval = 1_000 }: ViewOptions,
): NodeJS.Timeout | undefined {
  if (!onProgress) return undefined;
  let last = { time: performance.now(), frames: 0, bytes: 0 };
  return setInterval(() => {
    const now = { time: performance.now(), frames: 0, bytes: 0 };
    for (const { frames, bytes } of Object.values(totals.snapshot())) {
      now.frames += frames;
      now.bytes += bytes;
    }
    const seconds = (now.time - last.time) / 1_000;
    onProgress({
      viewers: viewers.length,
      watching: viewers.filter(({ watching }) => watching).length,
      framesPerSecond: (now.frames - last.frames) / seconds,
      bitsPerSecond: ((now.bytes - last.bytes) * 8) / seconds,
      reconnects: countReconnects(viewers),
      latency: { p50: slowest(latencies, 0.5), p95: slowest(latencies, 0.95) },
    });
    last = now;
  }, progressInterval);
}

/** The quantile of the track that is slowest, which is the one people wait for. */
function slowest(latencies: ReadonlyMap<string, LatencyHistogram>, share: number): number | undefined {
  const values = Array.from(latencies.values(), (latency) => latency.quantile(share) ?? -1);
  return values.some((value) => value >= 0) ? Math.max(...values) : undefined;
}

function countReconnects(viewers: readonly Viewer[]): number {
  return viewers.reduce((sum, { connections }) => sum + Math.max(0, connections - 1), 0);
}

function countTransports(viewers: readonly Viewer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { transport } of viewers) {
    if (transport !== undefined) counts[transport] = (counts[transport] ?? 0) + 1;
  }
  return counts;
}

function reportTrack(totals: TrackTotals, latency: LatencyHistogram | undefined): TrackReport {
  if (!latency) return totals;
  const { samples, negative } = latency;
  return {
    ...totals,
    latency: { p50: latency.quantile(0.5), p95: latency.quantile(0.95), samples, negative },
  };
}
