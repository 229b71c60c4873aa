import type { Group, Track } from '@moq/net';
import { RelayError, toError } from '../errors.ts';
import { CachedGroup } from './cached-group.ts';
import { type SubscribedTrack, type SubscriptionObserver, TrackSubscription } from './subscription.ts';

/** What the relay uses of its own subscription at the publisher. */
export type UpstreamSubscription = Pick<Track.Subscriber, 'info' | 'recvGroup' | 'update' | 'close'>;

/** Counts what comes from the publisher. */
export interface ReceivedTraffic {
  group(): void;
  /** @param at when it came, by `performance.now()` */
  frame(bytes: number, at: number): void;
  /** A group has ended, and this many subscribers got it. It may be told after the close. */
  delivered(subscribers: number): void;
  /** Nothing more comes. */
  close(): void;
}

/** How much a track may keep. */
export interface TrackLimits {
  /** The largest group, in bytes. */
  readonly groupBytes: number;
  /** All groups but the newest together, in bytes. */
  readonly cacheBytes: number;
  /** How many bytes may wait for one subscriber before it loses groups. */
  readonly backlogBytes: number;
  /** How long frames may wait for one subscriber before it loses groups, in milliseconds. */
  readonly backlogAge: number;
}

/** What a track is made of. */
export interface RelayTrackOptions {
  readonly name: string;
  readonly limits: TrackLimits;
  /** Subscribes at the publisher. */
  readonly open: (subscription: Track.Subscription) => UpstreamSubscription;
  /** The properties to go by when the publisher's protocol tells none. */
  readonly assumedInfo: Track.Info | undefined;
  /** Called when the publisher has accepted; what it returns counts what comes. */
  readonly accepted: () => ReceivedTraffic;
  /** Called once when the track is over. */
  readonly closed: () => void;
}

/** Older groups are kept no longer than this, in milliseconds, however long the publisher promises to. */
const MAX_WINDOW = 10_000;
/** A publisher that promises to keep groups for longer than this is refused: the protocol layer would keep them all. */
const MAX_PROMISED_WINDOW = 60_000;
/** At most this many groups are kept. */
const MAX_GROUPS = 512;

/**
 * One track of one broadcast: one subscription at the publisher, any number of subscribers here.
 *
 * It keeps the newest group for as long as it lives, so whoever comes late starts with that group's first frame;
 * older groups stay for the window the publisher named. The subscription at the publisher ends with the last
 * subscriber.
 */
export class RelayTrack implements SubscribedTrack {
  readonly name: string;
  readonly #options: RelayTrackOptions;
  readonly #upstream: UpstreamSubscription;
  readonly #subscribers = new Set<TrackSubscription>();
  readonly #receiving = new Set<Promise<void>>();
  #groups: CachedGroup[] = [];
  #wanted: Track.Subscription;
  #info: Track.Info | undefined;
  #over = false;

  /** Opens it for a first subscriber. */
  constructor(options: RelayTrackOptions, first: Track.Subscription) {
    this.name = options.name;
    this.#options = options;
    this.#wanted = combine([first]);
    this.#upstream = options.open(this.#wanted);
    void this.#run();
  }

  get groups(): readonly CachedGroup[] {
    return this.#groups;
  }

  /** The track's properties, once the publisher has accepted it. */
  get info(): Track.Info | undefined {
    return this.#info;
  }

  subscribe(options: Track.Subscription, observer: SubscriptionObserver): TrackSubscription {
    if (this.#over) throw new RelayError('ended', `track ${this.name} has ended`);
    const subscription = new TrackSubscription(this, options, observer, this.#options.limits);
    this.#subscribers.add(subscription);
    this.updated();
    if (this.#info) subscription.open(this.#info);
    return subscription;
  }

  /** The group of a sequence, whole from its first frame, if it is kept. */
  group(sequence: number): CachedGroup | undefined {
    return this.#groups.find((group) => group.sequence === sequence && group.firstFrame === 0);
  }

  released(subscription: TrackSubscription): void {
    if (!this.#subscribers.delete(subscription) || this.#over) return;
    if (this.#subscribers.size === 0) this.close();
    else this.updated();
  }

  updated(): void {
    if (this.#over) return;
    const wanted = combine([...this.#subscribers].map(({ subscription }) => subscription.peek() ?? {}));
    const known = this.#wanted;
    if (
      wanted.priority === known.priority &&
      wanted.ordered === known.ordered &&
      wanted.latencyMax === known.latencyMax
    ) {
      return;
    }
    this.#wanted = wanted;
    this.#upstream.update(wanted);
  }

  /** Ends it, here and at the publisher: in order, or by an error. Does nothing the second time. */
  close(error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#upstream.close(error);
    for (const group of this.#groups) group.close(error);
    for (const subscription of this.#subscribers) subscription.finish(error);
    this.#subscribers.clear();
    this.#groups = [];
    this.#options.closed();
  }

  async #run(): Promise<void> {
    let received: ReceivedTraffic | undefined;
    try {
      const told = await this.#upstream.info();
      const info = this.#options.assumedInfo ?? told;
      if (this.#over) return;
      if (info.latencyMax > MAX_PROMISED_WINDOW) {
        throw new RelayError('limit', `track ${this.name} wants groups kept for ${info.latencyMax} ms`);
      }
      this.#info = info;
      received = this.#options.accepted();
      for (const subscription of this.#subscribers) subscription.open(info);
      for (;;) {
        const group = await this.#upstream.recvGroup();
        if (!group) break;
        const receiving = this.#receive(group, received);
        this.#receiving.add(receiving);
        void receiving.finally(() => this.#receiving.delete(receiving));
      }
      // The groups have ended with the track, but what came of them is not all read yet.
      await Promise.all(this.#receiving);
      this.close();
    } catch (error) {
      this.close(toError(error));
    } finally {
      await Promise.all(this.#receiving);
      received?.close();
    }
  }

  // Never rejects: what happens to one group is told to its readers.
  async #receive(upstream: Group.Consumer, received: ReceivedTraffic): Promise<void> {
    const group = new CachedGroup(
      upstream.sequence,
      performance.now(),
      this.#options.limits.groupBytes,
      (subscribers) => received.delivered(subscribers),
    );
    if (!this.#over) {
      received.group();
      this.#keep(group);
      for (const subscription of this.#subscribers) subscription.offer(group);
    }
    try {
      while (!this.#over && group.end === undefined) {
        const frame = await upstream.readFrame();
        if (!frame) break;
        const now = performance.now();
        received.frame(frame.payload.byteLength, now);
        group.append(frame, now);
      }
      group.close();
    } catch (error) {
      group.close(toError(error));
    } finally {
      upstream.close();
    }
  }

  #keep(group: CachedGroup): void {
    // A group that was cut short may come again.
    const groups = this.#groups.filter(({ sequence }) => sequence !== group.sequence);
    const after = groups.findLastIndex(({ sequence }) => sequence < group.sequence);
    groups.splice(after + 1, 0, group);
    this.#groups = this.#prune(groups);
  }

  // Everything may go but the newest group: without it, nobody who comes late could start.
  #prune(groups: readonly CachedGroup[]): CachedGroup[] {
    const oldest = performance.now() - Math.min(this.#info?.latencyMax ?? 0, MAX_WINDOW);
    const newest = groups.at(-1);
    let excess = groups.reduce((sum, { cost }) => sum + cost, 0) - newest!.cost;
    excess -= this.#options.limits.cacheBytes;
    let surplus = groups.length - MAX_GROUPS;
    return groups.filter((group) => {
      if (group === newest) return true;
      const expired = group.end !== undefined && group.startedAt < oldest;
      if (!expired && excess <= 0 && surplus <= 0 && !(group.end instanceof Error)) return true;
      excess -= group.cost;
      surplus -= 1;
      group.close(new RelayError('lagged', `group ${group.sequence} of ${this.name} is no longer kept`));
      return false;
    });
  }
}

/** What to ask of the publisher so that every subscriber is served: the strongest of all wishes. */
function combine(wishes: readonly Track.Subscription[]): Track.Subscription {
  return {
    priority: Math.max(0, ...wishes.map(({ priority }) => priority ?? 0)),
    ordered: wishes.length > 0 && wishes.every(({ ordered }) => ordered === true),
    latencyMax: Math.max(0, ...wishes.map(({ latencyMax }) => latencyMax ?? 0)),
  };
}
