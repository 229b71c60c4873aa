/** A metric as a report tells it. */
export interface PlainMetric {
  /** What OpenTelemetry calls it. */
  readonly name: string;
  readonly unit: string;
  /** Of a histogram. */
  readonly buckets?: readonly number[];
}

/** The counters of a start. */
export type StartCounter =
  | 'playAttempts'
  | 'playOutcomes'
  | 'playbackFailures'
  | 'connections'
  | 'watchedSeconds'
  | 'rebufferCount';

/** The histograms of a start. */
export type StartHistogram = 'startupTime' | 'startupPhase';

/**
 * The metrics of a start as the schema has them, written out: the schema itself, with all it says of each metric, is
 * too heavy to be there before the first frame. A test holds them against it.
 */
export const START_METRICS: Readonly<
  Record<StartCounter, PlainMetric> & Record<StartHistogram, Required<PlainMetric>>
> = {
  playAttempts: { name: 'moq.client.play_attempts', unit: '{attempt}' },
  playOutcomes: { name: 'moq.client.play_outcomes', unit: '{attempt}' },
  playbackFailures: { name: 'moq.client.playback_failures', unit: '{failure}' },
  connections: { name: 'moq.client.connections', unit: '{connection}' },
  watchedSeconds: { name: 'moq.client.watched', unit: 's' },
  rebufferCount: { name: 'moq.client.rebuffer_count', unit: '{stall}' },
  startupTime: {
    name: 'moq.client.startup_time',
    unit: 's',
    buckets: [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 15],
  },
  startupPhase: {
    name: 'moq.client.startup_phase',
    unit: 's',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 15],
  },
};
