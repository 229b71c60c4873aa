import { RemoteError } from '@moq/net';
import { attributes, type relay, type TrackType } from '@moq-observability/moq-metrics';
import type { RelayBroadcast } from './broadcast.ts';
import { RelayError } from './errors.ts';
import type { SentMetrics } from './telemetry/broadcast-metrics.ts';
import type { OpenSpan } from './telemetry/session-trace.ts';
import type { GroupReader, GroupReaderObserver } from './track/group-reader.ts';
import type { DropReason, SubscriptionObserver, TrackSubscription } from './track/subscription.ts';

/** What becomes of the subscriptions of one session to one broadcast. */
interface Audience {
  /** A media subscription was accepted. */
  joined(): void;
  /** It is over. */
  left(): void;
  /** A subscription was accepted. */
  opened(delivery: Delivery): void;
  /** An accepted subscription is over, in order or by an error. */
  closed(delivery: Delivery, error: Error | undefined): void;
  /** A subscription was refused. */
  refused(delivery: Delivery, error: Error): void;
  /** It is over in any case. */
  over(delivery: Delivery): void;
}

/** One subscription of one session: counts what it gets. */
export class Delivery implements SubscriptionObserver {
  readonly subscribed = true;
  readonly broadcast: RelayBroadcast;
  readonly track: string;
  /** When it was asked for, by `performance.now()`. */
  readonly requestedAt: number = performance.now();
  readonly #audience: Audience;
  /** Ends with the first frame. */
  #span: OpenSpan | undefined;
  #subscription: TrackSubscription | undefined;
  #type: TrackType | undefined;
  #traffic: SentMetrics | undefined;

  constructor(broadcast: RelayBroadcast, track: string, audience: Audience, span: OpenSpan | undefined) {
    this.broadcast = broadcast;
    this.track = track;
    this.#audience = audience;
    this.#span = span;
  }

  /** What the track carries, once it is accepted. */
  get type(): TrackType | undefined {
    return this.#type;
  }

  /** What waits for the subscriber, in bytes. */
  get queuedBytes(): number {
    return this.#subscription?.waitingBytes ?? 0;
  }

  /** For how long the oldest frame has been waiting for the subscriber, in milliseconds. */
  lag(now: number): number {
    return this.#subscription?.lag(now) ?? 0;
  }

  /** How many frames its transport has accepted. */
  get acceptedFrames(): number {
    return this.#subscription?.acceptedFrames ?? 0;
  }

  /** Whether its transport has something of it that it has not accepted. */
  get busy(): boolean {
    return this.#subscription?.busy ?? false;
  }

  /** The subscription it stands for. */
  attach(subscription: TrackSubscription): void {
    this.#subscription = subscription;
  }

  /** Looks at how far it is behind; to be called once a second. */
  sample(now: number): void {
    if (!this.#type || !this.#subscription) return;
    this.broadcast.metrics.delivery.lag(this.#type, this.#subscription.lag(now));
    this.#subscription.expire(now);
  }

  /** Ends it. */
  close(): void {
    this.#subscription?.close();
  }

  opened(): void {
    const { metrics } = this.broadcast;
    const type = this.broadcast.trackType(this.track);
    this.#type = type;
    this.#traffic = metrics.sent(type);
    metrics.delivery.opened(type);
    metrics.delivery.answered('ok', performance.now() - this.requestedAt, this.#span?.exemplar);
    this.#span?.set({ [attributes.trackType.name]: type });
    if (type !== 'catalog') this.#audience.joined();
    this.#audience.opened(this);
  }

  started(cached: boolean): void {
    this.broadcast.metrics.delivery.firstGroup(cached);
  }

  groupAccepted(): void {
    this.#traffic?.group();
  }

  frameAccepted(bytes: number, arrivedAt: number | undefined): void {
    this.#traffic?.frame(bytes, arrivedAt);
    if (this.#span) this.#endSpan();
  }

  dropped(reason: DropReason, bytes: number): void {
    this.broadcast.metrics.delivery.dropped(reason, bytes);
  }

  closed(error: Error | undefined): void {
    if (this.#type) {
      this.broadcast.metrics.delivery.closed(this.#type);
      if (this.#type !== 'catalog') this.#audience.left();
      this.#audience.closed(this, error);
    } else if (error) {
      this.#audience.refused(this, error);
    }
    this.#endSpan(error);
    this.#audience.over(this);
  }

  /** It could not even be asked for. */
  fail(error: Error): void {
    this.#endSpan(error);
  }

  released(): void {
    this.#traffic?.close();
    this.#traffic = undefined;
  }

  #endSpan(error?: Error): void {
    const span = this.#span;
    this.#span = undefined;
    span?.end(error);
  }
}

/** What becomes of one fetch. */
interface Fetcher {
  /** The group begins to be sent. */
  open(): SentMetrics;
  /** There was nothing to send, or it was cut short. */
  failed(error: Error): void;
}

/** Counts what one fetch gets. Its answer has no header: the group counts with its first frame, or its end. */
export class FetchDelivery implements GroupReaderObserver {
  readonly subscribed = false;
  readonly #fetcher: Fetcher;
  readonly #span: OpenSpan | undefined;
  #traffic: SentMetrics | undefined;
  #over = false;

  constructor(fetcher: Fetcher, span: OpenSpan | undefined) {
    this.#fetcher = fetcher;
    this.#span = span;
  }

  groupAccepted(): void {}

  frameAccepted(bytes: number): void {
    // Who closes the group while a frame is being written still reads on, once.
    if (!this.#over) this.#begin().frame(bytes);
  }

  waiting(): void {}

  done(reader: GroupReader): void {
    if (reader.error) {
      this.fail(reader.error);
    } else {
      this.#begin();
      this.#span?.end();
    }
    this.#traffic?.close();
    this.#over = true;
  }

  /** There is nothing to send, or no more. */
  fail(error: Error): void {
    this.#fetcher.failed(error);
    this.#span?.end(error);
  }

  #begin(): SentMetrics {
    if (!this.#traffic) {
      this.#traffic = this.#fetcher.open();
      this.#traffic.group();
    }
    return this.#traffic;
  }
}

/** What a SUBSCRIBE that failed was answered, in a word. */
export function refusal(error: Error): relay.SubscribeResult {
  // A publisher that turns a track down does not have it; its protocol says no more than that.
  if (error instanceof RemoteError || /\bnot found\b/i.test(error.message)) return 'not_found';
  if (!(error instanceof RelayError)) return 'error';
  if (error.code === 'not_found') return 'not_found';
  return error.code === 'limit' ? 'denied' : 'error';
}
