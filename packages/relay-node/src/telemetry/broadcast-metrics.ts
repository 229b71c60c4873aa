import {
  type CounterHandle,
  type HistogramHandle,
  type Instruments,
  namespaceOf,
  relay,
  type TrackType,
} from '@moq-observability/moq-metrics';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import { raise } from './handles.ts';
import type { StreamTimes } from './stream-times.ts';

/** What a stream is made of, as far as it is told. */
export type StreamMedia = Omit<relay.StreamMedia, 'namespace' | 'broadcast'>;

/** Groups, frames and bytes of one track in one direction. */
abstract class TrafficMetrics {
  readonly #groups: CounterHandle;
  readonly #frames: CounterHandle;
  readonly #bytes: CounterHandle;

  constructor(groups: CounterHandle, frames: CounterHandle, bytes: CounterHandle) {
    this.#groups = groups;
    this.#frames = frames;
    this.#bytes = bytes;
  }

  group(): void {
    this.#groups.add(1);
  }

  /** Nothing more comes. */
  close(): void {
    this.#groups.close();
    this.#frames.close();
    this.#bytes.close();
  }

  protected count(bytes: number): void {
    this.#frames.add(1);
    this.#bytes.add(bytes);
  }
}

/** What comes from the publisher on one track. */
export class ReceivedMetrics extends TrafficMetrics {
  frame(bytes: number): void {
    this.count(bytes);
  }
}

/**
 * What goes to the subscribers of a broadcast on tracks of one type. They share it: each frame is counted for one after
 * the other, and what is counted into is still at hand for the second.
 */
export class SentMetrics extends TrafficMetrics {
  readonly #latency: HistogramHandle;
  readonly #unused: () => void;
  #users = 0;

  /** @param unused told when nobody counts into it any more, and nobody may again */
  constructor(
    latency: HistogramHandle,
    groups: CounterHandle,
    frames: CounterHandle,
    bytes: CounterHandle,
    unused: () => void,
  ) {
    super(groups, frames, bytes);
    this.#latency = latency;
    this.#unused = unused;
  }

  /** One more counts into it, and calls `close` once when nothing more comes. */
  open(): this {
    this.#users += 1;
    return this;
  }

  override close(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    super.close();
    this.#unused();
  }

  /** @param arrivedAt when it came from the publisher, if the subscriber was there by then; `performance.now()` */
  frame(bytes: number, arrivedAt?: number): void {
    this.count(bytes);
    if (arrivedAt !== undefined) this.#latency.observe((performance.now() - arrivedAt) / 1000);
  }
}

/**
 * One broadcast, from its announcement to its end.
 *
 * An announcement alone takes no place among the series: the first group received or the first subscription
 * accepted does, and from then on the broadcast counts as a stream.
 */
export class BroadcastMetrics {
  /** What is told over all broadcasts. */
  readonly delivery: DeliveryMetrics;
  readonly #instruments: Instruments;
  readonly #path: string;
  readonly #times: StreamTimes;
  readonly #isHere: boolean;
  readonly #sent = new Map<TrackType, SentMetrics>();
  #media: StreamMedia | undefined;
  #appeared = false;
  #lowerStreams: (() => void) | undefined;
  #lowerMedia: (() => void) | undefined;
  #ended = false;

  constructor(
    instruments: Instruments,
    delivery: DeliveryMetrics,
    times: StreamTimes,
    path: string,
    isHere: boolean,
  ) {
    this.#instruments = instruments;
    this.delivery = delivery;
    this.#times = times;
    this.#path = path;
    this.#isHere = isHere;
  }

  /** What comes from the publisher on a track. */
  received(type: TrackType): ReceivedMetrics {
    this.#appear();
    const labels = { broadcast: this.#path, track_type: type, direction: 'publish' } as const;
    return new ReceivedMetrics(
      this.#instruments.counter(relay.groupsReceived).series(labels),
      this.#instruments.counter(relay.framesReceived).series(labels),
      this.#instruments.counter(relay.bytesReceived).series(labels),
    );
  }

  /** What goes to one more subscriber on a track, until that closes it. */
  sent(type: TrackType): SentMetrics {
    this.#appear();
    let sent = this.#sent.get(type);
    if (!sent) {
      const labels = { broadcast: this.#path, track_type: type, direction: 'subscribe' } as const;
      sent = new SentMetrics(
        this.delivery.latency(type),
        this.#instruments.counter(relay.groupsSent).series(labels),
        this.#instruments.counter(relay.framesSent).series(labels),
        this.#instruments.counter(relay.bytesSent).series(labels),
        () => this.#sent.delete(type),
      );
      this.#sent.set(type, sent);
    }
    return sent.open();
  }

  /** A session has become a viewer; the returned function ends that. */
  viewer(): () => void {
    this.#appear();
    return raise(this.#instruments.gauge(relay.activeSubscribers).series(this.#stream()));
  }

  /** A media track is open at the publisher; the returned function ends that. */
  watched(): () => void {
    this.#appear();
    return this.#times.watch();
  }

  /** A media frame came, at this time by `performance.now()`. */
  mediaFrame(at: number): void {
    this.#times.lastFrame = at;
  }

  /** For how long it has sent no media although it is watched, in milliseconds. */
  silence(now: number): number {
    const { lastFrame, watchedSince } = this.#times;
    return watchedSince === undefined ? 0 : Math.max(0, now - Math.max(watchedSince, lastFrame ?? 0));
  }

  /** What the catalog says the stream is made of. */
  describe(media: StreamMedia): void {
    const before = this.#media;
    if (
      before?.video_codec === media.video_codec &&
      before.audio_codec === media.audio_codec &&
      before.resolution === media.resolution
    ) {
      return;
    }
    this.#media = media;
    if (this.#appeared) this.#tellMedia();
  }

  /** The publisher is gone. Does nothing the second time. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#lowerStreams?.();
    this.#lowerMedia?.();
    this.#times.end();
  }

  #appear(): void {
    if (this.#ended || this.#appeared) return;
    this.#appeared = true;
    if (this.#isHere) {
      const namespace = namespaceOf(this.#path);
      this.#lowerStreams = raise(this.#instruments.gauge(relay.activeStreams).series({ namespace }));
    }
    this.#times.begin(this.#stream());
    this.#tellMedia();
  }

  #tellMedia(): void {
    if (!this.#media || this.#ended) return;
    this.#lowerMedia?.();
    this.#lowerMedia = raise(
      this.#instruments.gauge(relay.streamInfo).series({ ...this.#stream(), ...this.#media }),
    );
  }

  #stream(): { namespace: string; broadcast: string } {
    return { namespace: namespaceOf(this.#path), broadcast: this.#path };
  }
}
