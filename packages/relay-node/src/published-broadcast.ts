import { Broadcast, type Group, type Track } from '@moq/net';
import { attributes, namespaceOf, spans } from '@moq-observability/moq-metrics';
import type { RelayBroadcast } from './broadcast.ts';
import { Delivery, FetchDelivery, refusal } from './delivery.ts';
import { RelayError, toError } from './errors.ts';
import type { OpenSpan, SessionTrace } from './telemetry/session-trace.ts';
import { printable } from './telemetry/text.ts';
import { toWireGroup, toWireSubscription } from './track/wire.ts';

/** The session that a broadcast is offered to. */
export interface Subscriber {
  /** How many tracks it may be subscribed to at once, over all broadcasts. */
  readonly maxSubscriptions: number;
  /** Whether it is another relay, which is no viewer. */
  readonly isRelay: boolean;
  /** What it is subscribed to; kept by the broadcasts offered to it. */
  readonly subscriptions: Set<Delivery>;
  /** Opens its spans. */
  readonly trace: SessionTrace;
  /** A request of it failed. */
  failed(stage: 'subscribe' | 'fetch', broadcast: string, track: string, error: Error): void;
  /** A subscription was accepted. */
  subscribed(delivery: Delivery): void;
  /** An accepted subscription is over; the error says why, `undefined` that it ended in order. */
  unsubscribed(delivery: Delivery, error: Error | undefined): void;
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
  readonly #deliveries = new Set<Delivery>();
  #media = 0;
  #leave: (() => void) | undefined;

  constructor(broadcast: RelayBroadcast, subscriber: Subscriber) {
    super();
    this.#broadcast = broadcast;
    this.#subscriber = subscriber;
  }

  /** Whether the session is subscribed to any of its tracks. */
  get busy(): boolean {
    return this.#deliveries.size > 0;
  }

  /** @throws {RelayError} `limit` or `ended`; the protocol layer resets the request */
  override subscribe(name: string, options: Track.Subscription = {}): Track.Subscriber {
    const subscriber = this.#subscriber;
    const audience = {
      joined: () => this.#joined(),
      left: () => this.#left(),
      opened: (opened: Delivery) => subscriber.subscribed(opened),
      closed: (closed: Delivery, error: Error | undefined) => subscriber.unsubscribed(closed, error),
      refused: (refused: Delivery, error: Error) => this.#refused(name, error, refused.requestedAt),
      over: (over: Delivery) => {
        subscriber.subscriptions.delete(over);
        this.#deliveries.delete(over);
      },
    };
    const span = this.#open(spans.relaySubscribe, name);
    const delivery = new Delivery(this.#broadcast, name, audience, span);
    try {
      if (subscriber.subscriptions.size >= subscriber.maxSubscriptions) {
        throw new RelayError('limit', `a session may have ${subscriber.maxSubscriptions} subscriptions`);
      }
      const subscription = this.#broadcast.subscribe(name, options, delivery);
      delivery.attach(subscription);
      subscriber.subscriptions.add(delivery);
      this.#deliveries.add(delivery);
      return toWireSubscription(subscription);
    } catch (error) {
      this.#refused(name, toError(error), delivery.requestedAt);
      delivery.fail(toError(error));
      throw error;
    }
  }

  /** Rejects with {@link RelayError} `limit` or `ended`, or as the publisher does. */
  override async resolveTrackInfo(name: string): Promise<Track.Info> {
    const requestedAt = performance.now();
    try {
      return await this.#broadcast.info(name);
    } catch (error) {
      // It is asked for on the way to a subscription, which then does not come.
      this.#refused(name, toError(error), requestedAt);
      this.#open(spans.relaySubscribe, name, requestedAt)?.end(toError(error));
      throw error;
    }
  }

  /** Rejects with {@link RelayError} `limit` or `ended`, or as the publisher does. */
  override async fetchGroup(
    name: string,
    sequence: number,
    options: Track.FetchGroupOptions = {},
  ): Promise<Group.Consumer> {
    const fetcher = {
      open: () => this.#broadcast.metrics.sent(this.#broadcast.trackType(name)),
      failed: (error: Error) => this.#subscriber.failed('fetch', this.#broadcast.path, name, error),
    };
    const observer = new FetchDelivery(fetcher, this.#open(spans.relayFetch, name));
    try {
      return toWireGroup(await this.#broadcast.fetchGroup(name, sequence, options, observer));
    } catch (error) {
      observer.fail(toError(error));
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
    for (const delivery of this.#deliveries) delivery.close();
  }

  #refused(track: string, error: Error, requestedAt: number): void {
    this.#broadcast.metrics.delivery.answered(refusal(error), performance.now() - requestedAt);
    this.#subscriber.failed('subscribe', this.#broadcast.path, track, error);
  }

  #open(
    definition: typeof spans.relaySubscribe,
    track: string,
    at: number = performance.now(),
  ): OpenSpan | undefined {
    const { path, origin } = this.#broadcast;
    const { trace } = this.#subscriber;
    if (!trace.exemplar) return undefined;
    return trace.open(definition, {
      attributes: {
        ...trace.attributes,
        [attributes.moqNamespace.name]: printable(namespaceOf(path)),
        [attributes.moqBroadcast.name]: printable(path),
        [attributes.track.name]: printable(track),
        [attributes.trackType.name]: this.#broadcast.trackType(track),
      },
      link: origin,
      at,
    });
  }

  #joined(): void {
    this.#media += 1;
    if (!this.#subscriber.isRelay) this.#leave ??= this.#broadcast.metrics.viewer();
  }

  #left(): void {
    this.#media -= 1;
    if (this.#media > 0) return;
    this.#leave?.();
    this.#leave = undefined;
  }
}
