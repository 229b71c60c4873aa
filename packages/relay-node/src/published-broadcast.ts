import { Broadcast, type Group, type Track } from '@moq/net';
import type { TrackType } from '@moq-observability/moq-metrics';
import type { RelayBroadcast } from './broadcast.ts';
import { RelayError, toError } from './errors.ts';
import type { TrafficMetrics } from './telemetry/metrics.ts';
import type { GroupReaderObserver } from './track/group-reader.ts';
import type { SubscriptionObserver, TrackSubscription } from './track/subscription.ts';
import { toWireGroup, toWireSubscription } from './track/wire.ts';

/** The session that a broadcast is offered to. */
export interface Subscriber {
  /** How many tracks it may be subscribed to at once, over all broadcasts. */
  readonly maxSubscriptions: number;
  /** How many it is subscribed to; kept by the broadcasts offered to it. */
  subscriptions: number;
  /** A request of it failed. */
  failed(stage: 'subscribe' | 'fetch', broadcast: string, track: string, error: Error): void;
  /** A subscription was accepted. */
  subscribed(broadcast: string, track: string, type: TrackType): void;
  /** An accepted subscription is over. */
  unsubscribed(broadcast: string, track: string, type: TrackType): void;
}

/**
 * A broadcast as one session sees it: what is handed to the protocol layer to be published there, and the one place
 * where everything sent to that session is counted.
 *
 * A group counts as sent when the transport has accepted its header, a frame when the transport has accepted all of
 * it. So for a track read to its end the counts are exactly those of the receiver, empty groups included.
 */
export class PublishedBroadcast extends Broadcast.Producer {
  readonly #broadcast: RelayBroadcast;
  readonly #subscriber: Subscriber;
  readonly #subscriptions = new Set<TrackSubscription>();
  #media = 0;
  #leave: (() => void) | undefined;

  constructor(broadcast: RelayBroadcast, subscriber: Subscriber) {
    super();
    this.#broadcast = broadcast;
    this.#subscriber = subscriber;
  }

  /** Whether the session is subscribed to any of its tracks. */
  get busy(): boolean {
    return this.#subscriptions.size > 0;
  }

  /** @throws {RelayError} `limit` or `ended`; the protocol layer resets the request */
  override subscribe(name: string, options: Track.Subscription = {}): Track.Subscriber {
    const subscriber = this.#subscriber;
    try {
      if (subscriber.subscriptions >= subscriber.maxSubscriptions) {
        throw new RelayError('limit', `a session may have ${subscriber.maxSubscriptions} subscriptions`);
      }
      const observer = new Delivery(this.#broadcast, subscriber, name, {
        joined: () => this.#joined(),
        left: () => this.#left(),
        over: () => {
          subscriber.subscriptions -= 1;
          this.#subscriptions.delete(subscription);
        },
      });
      const subscription = this.#broadcast.subscribe(name, options, observer);
      subscriber.subscriptions += 1;
      this.#subscriptions.add(subscription);
      return toWireSubscription(subscription);
    } catch (error) {
      subscriber.failed('subscribe', this.#broadcast.path, name, toError(error));
      throw error;
    }
  }

  /** Rejects with {@link RelayError} `limit` or `ended`, or as the publisher does. */
  override async resolveTrackInfo(name: string): Promise<Track.Info> {
    try {
      return await this.#broadcast.info(name);
    } catch (error) {
      // It is asked for on the way to a subscription, which then does not come.
      this.#subscriber.failed('subscribe', this.#broadcast.path, name, toError(error));
      throw error;
    }
  }

  /** Rejects with {@link RelayError} `limit` or `ended`, or as the publisher does. */
  override async fetchGroup(
    name: string,
    sequence: number,
    options: Track.FetchGroupOptions = {},
  ): Promise<Group.Consumer> {
    try {
      const observer = new FetchDelivery(() => this.#broadcast.metrics.sent(this.#broadcast.trackType(name)));
      return toWireGroup(await this.#broadcast.fetchGroup(name, sequence, options, observer));
    } catch (error) {
      this.#subscriber.failed('fetch', this.#broadcast.path, name, toError(error));
      throw error;
    }
  }

  /** The publisher is gone: no new requests. Who is subscribed gets what is there, and then the end. */
  end(): void {
    super.close();
  }

  /** The session is over: all of its subscriptions with it. */
  override close(error?: Error): void {
    super.close(error);
    for (const subscription of this.#subscriptions) subscription.close();
  }

  #joined(): void {
    this.#media += 1;
    this.#leave ??= this.#broadcast.metrics.viewer();
  }

  #left(): void {
    this.#media -= 1;
    if (this.#media > 0) return;
    this.#leave?.();
    this.#leave = undefined;
  }
}

interface Audience {
  joined(): void;
  left(): void;
  over(): void;
}

/** Counts what one subscription gets. */
class Delivery implements SubscriptionObserver {
  readonly #broadcast: RelayBroadcast;
  readonly #subscriber: Subscriber;
  readonly #track: string;
  readonly #audience: Audience;
  #type: TrackType | undefined;
  #traffic: TrafficMetrics | undefined;
  #close: (() => void) | undefined;

  constructor(broadcast: RelayBroadcast, subscriber: Subscriber, track: string, audience: Audience) {
    this.#broadcast = broadcast;
    this.#subscriber = subscriber;
    this.#track = track;
    this.#audience = audience;
  }

  opened(): void {
    const type = this.#broadcast.trackType(this.#track);
    this.#type = type;
    this.#traffic = this.#broadcast.metrics.sent(type);
    this.#close = this.#broadcast.metrics.subscription(type);
    if (type !== 'catalog') this.#audience.joined();
    this.#subscriber.subscribed(this.#broadcast.path, this.#track, type);
  }

  groupAccepted(): void {
    this.#traffic?.group();
  }

  frameAccepted(bytes: number): void {
    this.#traffic?.frame(bytes);
  }

  dropped(): void {
    // Not told yet; a viewer that is too slow sees it in what it gets.
  }

  closed(error: Error | undefined): void {
    this.#close?.();
    if (this.#type) {
      if (this.#type !== 'catalog') this.#audience.left();
      this.#subscriber.unsubscribed(this.#broadcast.path, this.#track, this.#type);
    } else if (error) {
      this.#subscriber.failed('subscribe', this.#broadcast.path, this.#track, error);
    }
    this.#audience.over();
  }

  released(): void {
    this.#traffic?.close();
  }
}

/** Counts what one fetch gets. */
class FetchDelivery implements GroupReaderObserver {
  readonly #open: () => TrafficMetrics;
  #traffic: TrafficMetrics | undefined;

  constructor(open: () => TrafficMetrics) {
    this.#open = open;
  }

  groupAccepted(): void {
    this.#traffic = this.#open();
    this.#traffic.group();
  }

  frameAccepted(bytes: number): void {
    this.#traffic?.frame(bytes);
  }

  waiting(): void {}

  done(): void {
    this.#traffic?.close();
  }
}
