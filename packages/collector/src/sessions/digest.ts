import { client } from '@moq-observability/moq-metrics';
import type { Addition, MergeableMetric } from '@moq-observability/moq-metrics/merge';
import type { SessionOutcome } from '../store/store.ts';

/** Values observed, summed up. */
interface Mean {
  sum: number;
  count: number;
}

/** What one report says of a session: what was added since the one before, and means. */
export class Digest {
  attempts = 0;
  outcome: SessionOutcome | undefined = undefined;
  watched = 0;
  stalled = 0;
  stalls = 0;
  qualitySwitches = 0;
  framesDecoded = 0;
  framesDropped = 0;
  receivedBytes = 0;
  failures = 0;
  error = '';
  readonly #startup: Mean = { sum: 0, count: 0 };
  readonly #latency: Mean = { sum: 0, count: 0 };
  readonly #rtt: Mean = { sum: 0, count: 0 };
  readonly #buffer = new Map<string, Mean>();
  readonly #bitrate = new Map<string, Mean>();

  /** Takes a fact in; what says nothing of a session as a whole is left out. */
  add(addition: Addition): void {
    Digest.#readers.get(addition.metric)?.(this, addition);
  }

  /** Seconds from play intent to first frame. */
  get startup(): number | undefined {
    return mean(this.#startup);
  }

  /** Seconds. */
  get latency(): number | undefined {
    return mean(this.#latency);
  }

  /** Seconds. */
  get rtt(): number | undefined {
    return mean(this.#rtt);
  }

  /** Seconds ahead of the playhead: of the track that has least, as that one stalls first. */
  get buffer(): number | undefined {
    const means = [...this.#buffer.values()].flatMap((values) => mean(values) ?? []);
    return means.length > 0 ? Math.min(...means) : undefined;
  }

  /** Bits per second, of all tracks together. */
  get bitrate(): number | undefined {
    const means = [...this.#bitrate.values()].flatMap((values) => mean(values) ?? []);
    return means.length > 0 ? means.reduce((sum, value) => sum + value, 0) : undefined;
  }

  static readonly #readers: ReadonlyMap<MergeableMetric, (digest: Digest, addition: Addition) => void> =
    new Map<MergeableMetric, (digest: Digest, addition: Addition) => void>([
      [client.playAttempts, (digest, addition) => (digest.attempts += amount(addition))],
      [client.playOutcomes, (digest, addition) => digest.#decide(addition)],
      [client.watchedSeconds, (digest, addition) => (digest.watched += amount(addition))],
      [client.stalledSeconds, (digest, addition) => (digest.stalled += amount(addition))],
      [client.rebufferCount, (digest, addition) => (digest.stalls += amount(addition))],
      [client.qualitySwitches, (digest, addition) => (digest.qualitySwitches += amount(addition))],
      [client.framesDecoded, (digest, addition) => (digest.framesDecoded += amount(addition))],
      [client.framesDropped, (digest, addition) => (digest.framesDropped += amount(addition))],
      [client.mediaReceivedBytes, (digest, addition) => (digest.receivedBytes += amount(addition))],
      [client.playbackFailures, (digest, addition) => digest.#fail(addition)],
      [client.startupTime, (digest, addition) => observe(digest.#startup, addition)],
      [client.latency, (digest, addition) => observe(digest.#latency, addition)],
      [client.rtt, (digest, addition) => observe(digest.#rtt, addition)],
      [client.bufferLength, (digest, addition) => observeTrack(digest.#buffer, addition)],
      [client.bitrate, (digest, addition) => observeTrack(digest.#bitrate, addition)],
    ]);

  #decide(addition: Addition): void {
    const outcome = client.playOutcomeValues.find((value) => value === addition.labels['outcome']);
    if (outcome && amount(addition) > 0) this.outcome = outcome;
  }

  #fail(addition: Addition): void {
    const failures = amount(addition);
    if (failures === 0) return;
    this.failures += failures;
    this.error = addition.labels['error'] ?? '';
  }
}

function amount(addition: Addition): number {
  return addition.kind === 'counter' ? addition.value : 0;
}

function observe(mean: Mean, addition: Addition): void {
  if (addition.kind !== 'histogram') return;
  for (const count of addition.counts) mean.count += count;
  mean.sum += addition.sum;
}

function observeTrack(means: Map<string, Mean>, addition: Addition): void {
  const track = addition.labels['track_type'] ?? '';
  let mean = means.get(track);
  if (!mean) means.set(track, (mean = { sum: 0, count: 0 }));
  observe(mean, addition);
}

function mean({ sum, count }: Mean): number | undefined {
  return count > 0 ? sum / count : undefined;
}
