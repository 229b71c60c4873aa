import { type Broadcast, Time, type Track } from '@moq/net';
import type { SpanContext } from '@opentelemetry/api';
import { trackTypeOf, type TrackType } from '@moq-observability/moq-metrics';
import { type Catalog, CATALOG_TRACK, CatalogReader, EMPTY_CATALOG } from './catalog.ts';
import { RelayError } from './errors.ts';
import type { BroadcastMetrics, ReceivedMetrics } from './telemetry/broadcast-metrics.ts';
import { pause, within } from './timeout.ts';
import { GroupFetches } from './track/group-fetches.ts';
import { GroupReader, type GroupReaderObserver } from './track/group-reader.ts';
import { type ReceivedTraffic, RelayTrack, type TrackLimits } from './track/relay-track.ts';
import type { SubscriptionObserver, TrackSubscription } from './track/subscription.ts';

/** Where a broadcast comes from: what a session's `consume(path)` gives. */
type BroadcastSource = Pick<Broadcast.Consumer, 'subscribe' | 'resolveTrackInfo' | 'fetchGroup' | 'close'>;

/** How much one broadcast may take. */
export interface BroadcastLimits extends TrackLimits {
  /** Tracks open at once. */
  readonly tracksPerBroadcast: number;
  /** The longest name of a track, in bytes. */
  readonly trackNameBytes: number;
}

/** What a broadcast is made of. */
export interface RelayBroadcastOptions {
  /** The whole path. */
  readonly path: string;
  readonly source: BroadcastSource;
  /** Whether the publisher's protocol tells a track's properties (moq-lite 05 and later). */
  readonly tellsTrackInfo: boolean;
  readonly limits: BroadcastLimits;
  /** Whether to tell what the catalog says of the media. */
  readonly describes: boolean;
  readonly metrics: BroadcastMetrics;
  /** The span of the publisher's session. */
  readonly origin?: SpanContext | undefined;
}

/**
 * The properties of tracks whose publisher cannot tell them. Such frames are stamped on arrival, or by units of
 * their own; microseconds keep both.
 */
const ASSUMED_INFO: Track.Info = {
  timescale: Time.Timescale.MICRO,
  latencyMax: 5000,
  priority: 0,
  ordered: false,
};

/** How long a publisher may take to answer, in milliseconds. */
const ANSWER_LIMIT = 10_000;

/** The relay reads a few kilobytes of catalog of each broadcast, and nothing larger. */
const CATALOG_LIMITS = { groupBytes: 2 * 1024 * 1024, cacheBytes: 2 * 1024 * 1024 };
/** A catalog comes before all media. */
const CATALOG_PRIORITY = 255;
/** How long to wait before asking again for a catalog that was refused or has ended, in milliseconds. */
const CATALOG_RETRY = [250, 1000, 5000, 30_000] as const;

const UNOBSERVED: SubscriptionObserver = {
  subscribed: false,
  opened: () => {},
  started: () => {},
  groupAccepted: () => {},
  frameAccepted: () => {},
  dropped: () => {},
  closed: () => {},
  released: () => {},
};

/**
 * A broadcast on this relay, from its announcement until its publisher leaves or is replaced.
 *
 * Each of its tracks is subscribed at the publisher once, while somebody here wants it. The relay itself always wants
 * the catalog: it says what the tracks carry, and is at hand for whoever comes late.
 */
export class RelayBroadcast {
  readonly path: string;
  readonly metrics: BroadcastMetrics;
  /** The span of the publisher's session, if it is known. */
  readonly origin: SpanContext | undefined;
  readonly #options: RelayBroadcastOptions;
  readonly #tracks = new Map<string, RelayTrack>();
  readonly #infos = new Map<string, Promise<Track.Info>>();
  readonly #fetches: GroupFetches;
  readonly #ended = new AbortController();
  #catalog: Catalog = EMPTY_CATALOG;

  constructor(options: RelayBroadcastOptions) {
    this.path = options.path;
    this.metrics = options.metrics;
    this.origin = options.origin;
    this.#options = options;
    this.#fetches = new GroupFetches({
      fetch: (track, sequence, fetchOptions) => options.source.fetchGroup(track, sequence, fetchOptions),
      received: (track) => this.metrics.received(this.trackType(track)),
      groupBytes: options.limits.groupBytes,
      answerLimit: ANSWER_LIMIT,
    });
    void this.#watchCatalog();
  }

  /** What a track carries, as far as is known now. */
  trackType(name: string): TrackType {
    return trackTypeOf(name, this.#catalog.types.get(name));
  }

  /**
   * Subscribes to a track.
   *
   * @throws {RelayError} `ended` when the broadcast is over, `limit` when it has too many tracks or the name is too long
   */
  subscribe(name: string, options: Track.Subscription, observer: SubscriptionObserver): TrackSubscription {
    const { delivery } = this.metrics;
    const track = this.#tracks.get(name);
    if (track) {
      const subscription = track.subscribe(options, observer);
      if (observer.subscribed) delivery.deduplicated();
      return subscription;
    }
    this.#admit(name, this.#tracks.size);
    const opened = new RelayTrack(
      {
        name,
        limits:
          name === CATALOG_TRACK ? { ...this.#options.limits, ...CATALOG_LIMITS } : this.#options.limits,
        assumedInfo: this.#options.tellsTrackInfo ? undefined : ASSUMED_INFO,
        open: (subscription) => this.#options.source.subscribe(name, subscription),
        accepted: () => new Received(this.metrics, () => this.trackType(name)),
        closed: () => this.#tracks.delete(name),
      },
      options,
    );
    this.#tracks.set(name, opened);
    delivery.upstream();
    return opened.subscribe(options, observer);
  }

  /**
   * A track's properties.
   *
   * @throws {RelayError} as {@link subscribe}, and whatever the publisher answers
   */
  async info(name: string): Promise<Track.Info> {
    const known = this.#tracks.get(name)?.info;
    if (known) return known;
    const asked = this.#infos.get(name);
    if (asked) return asked;
    this.#admit(name, this.#infos.size);
    if (!this.#options.tellsTrackInfo) return ASSUMED_INFO;
    const asking = within(ANSWER_LIMIT, `track ${name}`, this.#options.source.resolveTrackInfo(name));
    this.#infos.set(name, asking);
    try {
      return await asking;
    } finally {
      this.#infos.delete(name);
    }
  }

  /**
   * A reader of one group, kept here or fetched from the publisher.
   *
   * @throws {RelayError} as {@link subscribe}, and whatever the publisher answers
   */
  async fetchGroup(
    name: string,
    sequence: number,
    options: Track.FetchGroupOptions,
    observer: GroupReaderObserver,
  ): Promise<GroupReader> {
    const kept = this.#tracks.get(name)?.group(sequence);
    if (!kept) this.#admit(name, 0);
    this.metrics.delivery.firstGroup(kept !== undefined);
    if (kept) return new GroupReader(kept, observer);
    return this.#fetches.read(name, sequence, options, observer);
  }

  /** The publisher is gone: subscribers get what is there, and the end. Does nothing the second time. */
  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    for (const track of this.#tracks.values()) track.close();
    this.#options.source.close();
    this.metrics.end();
  }

  #admit(name: string, open: number): void {
    const { tracksPerBroadcast, trackNameBytes } = this.#options.limits;
    if (this.#ended.signal.aborted) throw new RelayError('ended', `broadcast ${this.path} has ended`);
    if (open >= tracksPerBroadcast) {
      throw new RelayError('limit', `broadcast ${this.path} has ${tracksPerBroadcast} tracks already`);
    }
    if (Buffer.byteLength(name) > trackNameBytes) {
      throw new RelayError('limit', `the name of a track may have ${trackNameBytes} bytes`);
    }
  }

  // Never rejects.
  async #watchCatalog(): Promise<void> {
    const { signal } = this.#ended;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const subscription = this.subscribe(CATALOG_TRACK, { priority: CATALOG_PRIORITY }, UNOBSERVED);
        let reading: GroupReader | undefined;
        for (;;) {
          const group = await subscription.recvGroup();
          // A catalog's group may stay open for ever; the next one replaces it.
          reading?.close();
          if (!group) break;
          attempt = 0;
          reading = group;
          void this.#readCatalog(group);
        }
      } catch {
        // A broadcast need not have a catalog; its tracks are then known by their names.
      }
      await pause(CATALOG_RETRY[Math.min(attempt, CATALOG_RETRY.length - 1)]!, signal);
    }
  }

  // Never rejects.
  async #readCatalog(group: GroupReader): Promise<void> {
    const catalog = new CatalogReader();
    try {
      for (;;) {
        const frame = await group.readFrame();
        if (!frame) break;
        const read = catalog.read(frame.payload);
        if (!read) continue;
        this.#catalog = read;
        if (this.#options.describes) this.metrics.describe(read.media);
      }
    } catch {
      // The group was cut short; what was read of it stands.
    } finally {
      group.close();
    }
  }
}

/** Counts what is received on one track. The series are taken when the first group comes, not before. */
class Received implements ReceivedTraffic {
  readonly #metrics: BroadcastMetrics;
  readonly #type: () => TrackType;
  readonly #unwatch: (() => void) | undefined;
  #media = false;
  #traffic: ReceivedMetrics | undefined;

  constructor(metrics: BroadcastMetrics, type: () => TrackType) {
    this.#metrics = metrics;
    this.#type = type;
    if (type() !== 'catalog') this.#unwatch = metrics.watched();
  }

  group(): void {
    if (!this.#traffic) {
      const type = this.#type();
      this.#media = type !== 'catalog';
      this.#traffic = this.#metrics.received(type);
    }
    this.#traffic.group();
  }

  frame(bytes: number, at: number): void {
    this.#traffic?.frame(bytes);
    if (this.#media) this.#metrics.mediaFrame(at);
  }

  delivered(subscribers: number): void {
    this.#metrics.delivery.fanout(subscribers);
  }

  close(): void {
    this.#traffic?.close();
    this.#unwatch?.();
  }
}
