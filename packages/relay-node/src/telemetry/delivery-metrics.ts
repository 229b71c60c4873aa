import {
  type CounterHandle,
  type GaugeHandle,
  type HistogramHandle,
  type Instruments,
  relay,
  type TrackType,
  trackTypes,
} from '@moq-observability/moq-metrics';
import { openAll } from './handles.ts';
import type { Exemplar } from './session-trace.ts';

/** Observes values, some with an example that they stand for. */
export interface Observer {
  observe(value: number, exemplar?: Exemplar): void;
}

/** How requests are answered and groups delivered, over all broadcasts. */
export class DeliveryMetrics {
  readonly #subscribeDurations: ReadonlyMap<relay.SubscribeResult, Observer>;
  readonly #subscriptions: ReadonlyMap<TrackType, GaugeHandle>;
  readonly #upstream: CounterHandle;
  readonly #deduplicated: CounterHandle;
  readonly #hits: CounterHandle;
  readonly #misses: CounterHandle;
  readonly #fanout: HistogramHandle;
  readonly #latencies: ReadonlyMap<TrackType, HistogramHandle>;
  readonly #lags: ReadonlyMap<TrackType, HistogramHandle>;
  readonly #droppedGroups: ReadonlyMap<relay.DropReason, CounterHandle>;
  readonly #droppedBytes: ReadonlyMap<relay.DropReason, CounterHandle>;

  constructor(instruments: Instruments) {
    const durations = instruments.histogram(relay.subscribeDuration);
    this.#subscribeDurations = openAll(relay.subscribeResults, (result) => durations.series({ result }));
    const subscriptions = instruments.gauge(relay.activeSubscriptions);
    this.#subscriptions = openAll(trackTypes, (type) => subscriptions.series({ track_type: type }));
    this.#upstream = instruments.counter(relay.upstreamSubscriptions).series();
    this.#deduplicated = instruments.counter(relay.subscriptionsDeduplicated).series();
    this.#hits = instruments.counter(relay.cacheHits).series();
    this.#misses = instruments.counter(relay.cacheMisses).series();
    this.#fanout = instruments.histogram(relay.fanout).series();
    const latencies = instruments.histogram(relay.deliveryLatency);
    this.#latencies = openAll(trackTypes, (type) => latencies.series({ track_type: type }));
    const lags = instruments.histogram(relay.subscriberLag);
    this.#lags = openAll(trackTypes, (type) => lags.series({ track_type: type }));
    const groups = instruments.counter(relay.droppedGroups);
    this.#droppedGroups = openAll(relay.dropReasons, (reason) => groups.series({ reason }));
    const bytes = instruments.counter(relay.droppedBytes);
    this.#droppedBytes = openAll(relay.dropReasons, (reason) => bytes.series({ reason }));
  }

  /** A SUBSCRIBE was answered, this many milliseconds after it came. */
  answered(result: relay.SubscribeResult, milliseconds: number, exemplar?: Exemplar): void {
    this.#subscribeDurations.get(result)?.observe(milliseconds / 1000, exemplar);
  }

  /** A subscription to a track was accepted. */
  opened(type: TrackType): void {
    this.#subscriptions.get(type)?.add(1);
  }

  /** A subscription that was accepted is over. */
  closed(type: TrackType): void {
    this.#subscriptions.get(type)?.add(-1);
  }

  /** A track was subscribed to at its publisher. */
  upstream(): void {
    this.#upstream.add(1);
  }

  /** A subscriber came to a track that is subscribed to at its publisher already. */
  deduplicated(): void {
    this.#deduplicated.add(1);
  }

  /** The first group of a SUBSCRIBE or FETCH was there already, or had to come from the publisher. */
  firstGroup(cached: boolean): void {
    (cached ? this.#hits : this.#misses).add(1);
  }

  /** A group has ended, and this many subscribers got it. */
  fanout(subscribers: number): void {
    this.#fanout.observe(subscribers);
  }

  /** Where the time between the arrival of frames and their delivery is observed, in seconds. */
  latency(type: TrackType): HistogramHandle {
    return this.#latencies.get(type)!;
  }

  /** How far a subscription is behind, in milliseconds. */
  lag(type: TrackType, milliseconds: number): void {
    this.#lags.get(type)?.observe(milliseconds / 1000);
  }

  /** A subscriber did not get a group, or not to its end. */
  dropped(reason: relay.DropReason, bytes: number): void {
    this.#droppedGroups.get(reason)?.add(1);
    this.#droppedBytes.get(reason)?.add(bytes);
  }
}
