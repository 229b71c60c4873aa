import { Signals, type Track } from '@moq/net';
import { RelayError } from '../errors.ts';
import type { CachedGroup } from './cached-group.ts';
import { GroupReader, type GroupReaderObserver } from './group-reader.ts';
import type { WireSubscription } from './wire.ts';

/** Why groups were not delivered: the subscriber was too slow, or gave them up. */
export type DropReason = 'backlog' | 'cancelled';

/** Learns what becomes of one subscription. Called synchronously; must not throw. */
export interface SubscriptionObserver {
  /** The publisher has accepted: the subscription is open. At most once, and never after `closed`. */
  opened(): void;
  /** The header of a group was accepted by the subscriber's transport. */
  groupAccepted(): void;
  /** A frame was accepted by the subscriber's transport. */
  frameAccepted(bytes: number): void;
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
 * it alone is larger. It costs the others nothing: frames are shared, and nobody waits for anybody.
 */
export class TrackSubscription implements WireSubscription, GroupReaderObserver {
  readonly name: string;
  readonly subscription: Signals.Signal<Track.Subscription | undefined>;
  readonly #track: SubscribedTrack;
  readonly #observer: SubscriptionObserver;
  readonly #backlog: number;
  readonly #info = Promise.withResolvers<Track.Info>();
  readonly #over = Promise.withResolvers<void>();
  readonly #reading = new Set<GroupReader>();
  /** The newest group that was there before the subscriber came. */
  readonly #found: number;
  #queue: CachedGroup[] = [];
  #start = 0;
  #end: number | undefined;
  #waiting = 0;
  #opened = false;
  #ending = false;
  #closed: Error | null | undefined;
  #released = false;
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;

  /** @param backlog how many bytes may wait for the subscriber before it loses groups */
  constructor(
    track: SubscribedTrack,
    options: Track.Subscription,
    observer: SubscriptionObserver,
    backlog: number,
  ) {
    this.name = track.name;
    this.subscription = new Signals.Signal<Track.Subscription | undefined>({ ...options });
    this.#track = track;
    this.#observer = observer;
    this.#backlog = backlog;
    // Nobody has to ask for the properties of a track that turns out not to exist.
    this.#info.promise.catch(() => {});
    this.#found = this.latest() ?? -1;
    for (const group of track.groups) this.offer(group);
  }

  /** Bytes that are there for the subscriber and not accepted by its transport yet. */
  get waitingBytes(): number {
    return this.#waiting;
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
      opened: () => {},
      groupAccepted: () => observer.groupAccepted(),
      frameAccepted: (bytes) => observer.frameAccepted(bytes),
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
    while (this.#queue[0] && this.#queue[0].sequence < this.#start) this.#queue.shift();
    const group = this.#queue[0];
    if (!group || (this.#end !== undefined && group.sequence > this.#end)) return undefined;
    this.#queue.shift();
    // What was there before the subscriber came does not make it slow.
    const reader = new GroupReader(group, this, group.sequence <= this.#found ? group.payloadBytes : 0);
    this.#reading.add(reader);
    this.waiting(reader.waiting);
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

  frameAccepted(bytes: number): void {
    if (!this.#released) this.#observer.frameAccepted(bytes);
  }

  waiting(delta: number): void {
    this.#waiting += delta;
    if (delta > 0 && this.#waiting > this.#backlog) this.#skip();
  }

  done(reader: GroupReader, undelivered: number): void {
    this.#reading.delete(reader);
    if (undelivered > 0) this.#observer.dropped('cancelled', undelivered);
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
      const group = this.#queue.shift()!;
      bytes -= group.cost;
      if (group.sequence >= this.#start) this.#observer.dropped('backlog', group.payloadBytes);
    }
  }

  // Once everything is read, the end is told, a little later.
  #drain(): void {
    if (this.#closed !== undefined || this.#reading.size > 0) return;
    if (this.#queue.some(({ sequence }) => sequence >= this.#start && sequence <= (this.#end ?? sequence)))
      return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settle(null), END_DELAY);
  }

  #settle(end: Error | null): void {
    if (this.#closed !== undefined) return;
    this.#closed = end;
    clearTimeout(this.#timer);
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
