import { Signals, type Track } from '@moq/net';
import { RelayError } from '../errors.ts';
import type { CachedGroup } from './cached-group.ts';
import { GroupReader, type GroupReaderObserver } from './group-reader.ts';
import type { WireSubscription } from './wire.ts';

/** Why groups were not delivered: too much waited for the subscriber, or for too long, or it gave them up. */
export type DropReason = 'backlog' | 'latency' | 'cancelled';

/** Learns what becomes of one subscription. Called synchronously; must not throw. */
export interface SubscriptionObserver {
  /** Whether it is a subscriber's, and not the relay's own. */
  readonly subscribed: boolean;
  /** The publisher has accepted: the subscription is open. At most once, and never after `closed`. */
  opened(): void;
  /** The first group goes to the subscriber: it was there before it came, or it was not. */
  started(cached: boolean): void;
  /** The header of a group was accepted by the subscriber's transport. */
  groupAccepted(): void;
  /**
   * A frame was accepted by the subscriber's transport.
   *
   * @param arrivedAt when it came from the publisher, by `performance.now()`; absent if that was before the subscriber
   */
  frameAccepted(bytes: number, arrivedAt: number | undefined): void;
  /** A group was given up; of what was there of it, this many bytes were never accepted. */
  dropped(reason: DropReason, bytes: number): void;
  /** It is over, exactly once; the error says why, `undefined` that it ended in order. */
  closed(error: Error | undefined): void;
  /** After `closed`, exactly once: the last of what was still under way is through, and nothing more is told. */
  released(): void;
}

/** What a subscription needs from the track it is on. */
export interface SubscribedTrack {
  readonly name: string;
  /** The groups that are kept, by ascending sequence. */
  readonly groups: readonly CachedGroup[];
  /** The subscriber's wishes changed. */
  updated(): void;
  /** The subscription is over. */
  released(subscription: TrackSubscription): void;
  /** Another subscription for the same subscriber. */
  subscribe(options: Track.Subscription, observer: SubscriptionObserver): TrackSubscription;
}

/** How far a subscriber may fall behind. */
export interface BacklogLimits {
  /** How many bytes may wait before groups are lost. */
  readonly backlogBytes: number;
  /** How long frames may wait before groups are lost, in milliseconds. */
  readonly backlogAge: number;
}

/** At most this many groups wait to be picked up by the protocol layer. */
const MAX_QUEUED_GROUPS = 64;

/**
 * A receiver drops what is still on its way when it hears that a track has ended, so it hears of it this much after
 * the last frame was accepted by its transport, in milliseconds.
 */
const END_DELAY = 250;

/** How long a subscriber may take to read the rest of a track that has ended, in milliseconds. */
const DRAIN_LIMIT = 10_000;

/**
 * One subscriber of one track: a place in the track's groups, and a bound on how far it may fall behind.
 *
 * A subscriber that has more than its backlog of bytes waiting loses all groups but the newest, and that one too if
 * it alone is larger; one that has had frames waiting for too long loses all groups but the newest. It costs the others
 * nothing: frames are shared, and nobody waits for anybody.
 */
export class TrackSubscription implements WireSubscription, GroupReaderObserver {
  readonly name: string;
  readonly subscription: Signals.Signal<Track.Subscription | undefined>;
  readonly #track: SubscribedTrack;
  readonly #observer: SubscriptionObserver;
  readonly #backlog: number;
  readonly #backlogAge: number;
  readonly #since = performance.now();
  readonly #info = Promise.withResolvers<Track.Info>();
  readonly #over = Promise.withResolvers<void>();
  readonly #reading = new Set<GroupReader>();
  /** The newest group that was there before the subscriber came. */
  readonly #found: number;
  #queue: CachedGroup[] = [];
  #start = 0;
  #end: number | undefined;
  #waiting = 0;
  #accepted = 0;
  #started = false;
  #opened = false;
  #ending = false;
  #closed: Error | null | undefined;
  #released = false;
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;

  constructor(
    track: SubscribedTrack,
    options: Track.Subscription,
    observer: SubscriptionObserver,
    { backlogBytes, backlogAge }: BacklogLimits,
  ) {
    this.name = track.name;
    this.subscription = new Signals.Signal<Track.Subscription | undefined>({ ...options });
    this.#track = track;
    this.#observer = observer;
    this.#backlog = backlogBytes;
    this.#backlogAge = backlogAge;
    // Nobody has to ask for the properties of a track that turns out not to exist.
    this.#info.promise.catch(() => {});
    this.#found = this.latest() ?? -1;
    for (const group of track.groups) this.offer(group);
  }

  /** Whether its groups count as delivered to a subscriber. */
  get subscribed(): boolean {
    return this.#observer.subscribed;
  }

  /** Bytes that are there for the subscriber and not accepted by its transport yet. */
  get waitingBytes(): number {
    let bytes = this.#waiting;
    for (const group of this.#queue) if (this.#wants(group)) bytes += group.payloadBytes;
    return bytes;
  }

  /** How many frames its transport has accepted. */
  get acceptedFrames(): number {
    return this.#accepted;
  }

  /** Whether its transport has something of it that it has not accepted, given up meanwhile or not. */
  get busy(): boolean {
    if (this.#waiting > 0) return true;
    for (const reader of this.#reading) if (reader.failed) return true;
    return false;
  }

  /**
   * For how long the oldest frame has been waiting for the transport to accept it, in milliseconds; 0 when none is.
   * What was there before the subscriber has been waiting since it came.
   */
  lag(now: number): number {
    let oldest = now;
    for (const reader of this.#reading) oldest = Math.min(oldest, reader.oldest ?? now);
    for (const group of this.#queue) {
      if (this.#wants(group)) oldest = Math.min(oldest, group.arrival(group.firstFrame) ?? now);
    }
    return now - Math.max(oldest, Math.min(this.#since, now));
  }

  /** Gives up all groups but the newest when frames have been waiting for too long. To be called now and then. */
  expire(now: number): void {
    if (this.#closed !== undefined || this.lag(now) <= this.#backlogAge) return;
    const newest = this.#track.groups.at(-1)?.sequence ?? -1;
    for (const reader of this.#reading) if (reader.sequence < newest) this.#giveUp(reader, 'latency');
    while (this.#queue[0] && this.#queue[0].sequence < newest) this.#skipFirst('latency');
  }

  // What the track tells.

  /** The publisher has accepted the track, with these properties. */
  open(info: Track.Info): void {
    if (this.#opened || this.#closed !== undefined) return;
    this.#opened = true;
    this.#info.resolve(info);
    this.#observer.opened();
  }

  /** A group has begun. */
  offer(group: CachedGroup): void {
    if (this.#closed !== undefined || this.#ending || group.firstFrame > 0) return;
    let at = this.#queue.length;
    while (at > 0 && this.#queue[at - 1]!.sequence > group.sequence) at -= 1;
    group.expect();
    this.#queue.splice(at, 0, group);
    this.#trim();
    this.#stir();
  }

  /** The track has ended. In order, the subscriber gets what is there; by an error, it learns that at once. */
  finish(error?: Error): void {
    if (this.#ending || this.#closed !== undefined) return;
    if (error) {
      this.#settle(error);
      return;
    }
    this.#ending = true;
    this.#info.reject(new RelayError('ended', `track ${this.name} has ended`));
    this.#timer = setTimeout(() => {
      for (const reader of this.#reading) this.#giveUp(reader, 'backlog');
      this.#settle(null);
    }, DRAIN_LIMIT);
    this.#drain();
  }

  // What the protocol layer asks.

  info(): Promise<Track.Info> {
    return this.#info.promise;
  }

  latest(): number | undefined {
    return this.#track.groups.at(-1)?.sequence;
  }

  largest(): Track.Location | undefined {
    const group = this.#track.groups.findLast(({ frameCount }) => frameCount > 0);
    return group && { group: group.sequence, frame: group.frameCount - 1 };
  }

  startAt(sequence: number): void {
    this.#start = sequence;
  }

  endAt(sequence?: number): void {
    this.#end = sequence;
    this.#stir();
  }

  update(options: Track.Subscription): void {
    this.subscription.set({ ...options });
    this.#track.updated();
  }

  fork(options: Track.Subscription = {}): TrackSubscription {
    const observer = this.#observer;
    return this.#track.subscribe(options, {
      subscribed: observer.subscribed,
      opened: () => {},
      started: () => {},
      groupAccepted: () => observer.groupAccepted(),
      frameAccepted: (bytes, arrivedAt) => observer.frameAccepted(bytes, arrivedAt),
      dropped: (reason, bytes) => observer.dropped(reason, bytes),
      closed: () => {},
      released: () => {},
    });
  }

  async recvGroup(): Promise<GroupReader | undefined> {
    for (;;) {
      const group = this.tryRecvGroup();
      if (group) return group;
      if (this.#closed instanceof Error) throw this.#closed;
      if (this.#closed === null) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  tryRecvGroup(): GroupReader | undefined {
    while (this.#queue[0] && this.#queue[0].sequence < this.#start) this.#queue.shift()!.settle(false);
    const group = this.#queue[0];
    if (!group || (this.#end !== undefined && group.sequence > this.#end)) return undefined;
    this.#queue.shift();
    // What was there before the subscriber came does not make it slow.
    const reader = new GroupReader(group, this, group.sequence <= this.#found ? group.payloadBytes : 0);
    group.settle(false);
    this.#reading.add(reader);
    this.waiting(reader.waiting);
    if (!this.#started) {
      this.#started = true;
      this.#observer.started(group.sequence <= this.#found);
    }
    return reader;
  }

  /** Datagrams are not relayed: none ever comes, and the end of the subscription ends the wait. */
  async recvDatagram(): Promise<undefined> {
    await this.#over.promise;
    return undefined;
  }

  /** The subscriber has left, or its session has ended. Does nothing the second time. */
  close(_error?: Error): void {
    this.#settle(null);
    for (const reader of this.#reading) this.#giveUp(reader, 'cancelled');
    this.#release();
  }

  // What the readers tell.

  groupAccepted(): void {
    if (!this.#released) this.#observer.groupAccepted();
  }

  frameAccepted(bytes: number, arrivedAt: number): void {
    this.#accepted += 1;
    if (!this.#released) this.#observer.frameAccepted(bytes, arrivedAt < this.#since ? undefined : arrivedAt);
  }

  waiting(delta: number): void {
    this.#waiting += delta;
    if (delta > 0 && this.#waiting > this.#backlog) this.#skip();
  }

  done(reader: GroupReader, undelivered: number): void {
    this.#reading.delete(reader);
    if (undelivered > 0) this.#observer.dropped(reader.failed ? 'backlog' : 'cancelled', undelivered);
    if (this.#closed !== undefined) this.#releaseIfThrough();
    else if (this.#ending) this.#drain();
  }

  #skip(): void {
    const readers = [...this.#reading].filter((reader) => !reader.failed);
    const excused = readers.reduce((sum, reader) => sum + reader.excused, 0);
    if (this.#waiting <= this.#backlog + excused) return;
    const newest = Math.max(...readers.map(({ sequence }) => sequence));
    for (const reader of readers) {
      const tooLarge = reader.waiting > this.#backlog + reader.excused;
      if (reader.sequence < newest || tooLarge) this.#giveUp(reader, 'backlog');
    }
  }

  #giveUp(reader: GroupReader, reason: DropReason): void {
    if (reader.failed) return;
    const bytes = reader.waiting;
    reader.fail(new RelayError('lagged', `group ${reader.sequence} was given up (${reason})`));
    this.#observer.dropped(reason, bytes);
  }

  // Groups wait here only while the protocol layer is busy, or past the end that the subscriber set.
  #trim(): void {
    let bytes = this.#queue.length > 1 ? this.#queue.reduce((sum, group) => sum + group.cost, 0) : 0;
    while (this.#queue.length > 1 && (this.#queue.length > MAX_QUEUED_GROUPS || bytes > this.#backlog)) {
      bytes -= this.#queue[0]!.cost;
      this.#skipFirst('backlog');
    }
  }

  #skipFirst(reason: DropReason): void {
    const group = this.#queue.shift()!;
    group.settle(false);
    if (group.sequence >= this.#start) this.#observer.dropped(reason, group.payloadBytes);
  }

  #wants({ sequence }: CachedGroup): boolean {
    return sequence >= this.#start && sequence <= (this.#end ?? sequence);
  }

  // Once everything is read, the end is told, a little later.
  #drain(): void {
    if (this.#closed !== undefined || this.#reading.size > 0) return;
    if (this.#queue.some((group) => this.#wants(group))) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settle(null), END_DELAY);
  }

  #settle(end: Error | null): void {
    if (this.#closed !== undefined) return;
    this.#closed = end;
    clearTimeout(this.#timer);
    for (const group of this.#queue) group.settle(false);
    this.#queue = [];
    this.#info.reject(end ?? new RelayError('ended', `the subscription of ${this.name} has ended`));
    this.#over.resolve();
    this.#observer.closed(end ?? undefined);
    this.#track.released(this);
    this.#releaseIfThrough();
    this.#stir();
  }

  #releaseIfThrough(): void {
    if (this.#reading.size === 0) this.#release();
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#observer.released();
  }

  #stir(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
