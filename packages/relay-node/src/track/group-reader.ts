import type { Group } from '@moq/net';
import { RelayError } from '../errors.ts';
import type { CachedGroup, GroupListener } from './cached-group.ts';
import type { WireGroup } from './wire.ts';

/** Learns what becomes of one group on its way to one subscriber. Called synchronously; must not throw. */
export interface GroupReaderObserver {
  /** Whether it reads for a subscriber: not for the relay itself, and not for a single fetch. */
  readonly subscribed: boolean;
  /** The group's header was accepted by the subscriber's transport. */
  groupAccepted(): void;
  /** A frame, which came from the publisher at this time, was accepted by the subscriber's transport. */
  frameAccepted(bytes: number, arrivedAt: number): void;
  /** The bytes that are there and not accepted yet changed by this much. */
  waiting(delta: number): void;
  /** The stream of the group has ended; of what was there, this many bytes were never accepted. */
  done(reader: GroupReader, undelivered: number): void;
}

/**
 * One subscriber's way through one group.
 *
 * The protocol layer opens a stream, writes the group's header, and then alternates: read a frame here, write it,
 * wait until the transport has taken it. So a read says that everything handed out before was accepted, and the
 * first read that the header was. That is where sent groups and frames are counted.
 */
export class GroupReader implements WireGroup, GroupListener {
  readonly sequence: number;
  /** Bytes that may wait without anybody being slow: those that were there before the subscriber came. */
  readonly excused: number;
  /** Let go with the group: a stream may be stuck for a long time, and must not keep all of it. */
  #group: CachedGroup | undefined;
  readonly #observer: GroupReaderObserver;
  #next = 0;
  #handedOut: Group.Frame | undefined;
  #handedOutArrival = 0;
  #started = false;
  #waiting: number;
  /** Bytes that were waiting when the group outgrew what is kept of it. */
  #lost = 0;
  #failure: Error | undefined;
  #error: Error | undefined;
  #closed = false;
  #wake: (() => void) | undefined;

  /** The observer is not told of bytes that wait already. */
  constructor(group: CachedGroup, observer: GroupReaderObserver, excused = 0) {
    this.sequence = group.sequence;
    this.#group = group;
    this.#observer = observer;
    this.#next = group.firstFrame;
    this.#waiting = group.payloadBytes;
    this.excused = excused;
    group.expect();
    group.listen(this);
  }

  /** Bytes that are there and not accepted by the transport yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** When the oldest of the frames that are not accepted yet came; `undefined` when there is none. */
  get oldest(): number | undefined {
    if (this.#failure) return undefined;
    return this.#handedOut ? this.#handedOutArrival : this.#group?.arrival(this.#next);
  }

  /** Whether it was given up before the group was through. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Why the group was cut short, once that was told to whoever reads it. */
  get error(): Error | undefined {
    return this.#error;
  }

  async readFrame(): Promise<Group.Frame | undefined> {
    this.#accept();
    while (!this.#settled(0)) await this.#change();
    return this.#handedOut;
  }

  async readFrameSequence(
    options?: Group.ReadOptions,
  ): Promise<(Group.Frame & { sequence: number }) | undefined> {
    this.#accept();
    while (!this.#settled(options?.from ?? 0)) await this.#change();
    const frame = this.#handedOut;
    return frame && { sequence: this.#next - 1, payload: frame.payload, timestamp: frame.timestamp };
  }

  /** The protocol layer is done with the group. What it held is released. Does nothing the second time. */
  close(_error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    const undelivered = this.#waiting + this.#lost;
    this.#release();
    this.#observer.done(this, undelivered);
  }

  /** Gives the group up: the protocol layer learns it at its next read and resets the stream. */
  fail(error: Error): void {
    if (this.#failure || this.#closed) return;
    this.#failure = error;
    this.#release();
  }

  appended(frame: Group.Frame): void {
    this.#waiting += frame.payload.byteLength;
    this.#observer.waiting(frame.payload.byteLength);
    this.#stir();
  }

  ended(): void {
    this.#stir();
  }

  truncated(first: number): void {
    if (this.#next < first) {
      if (!this.#failure) this.#lost = this.#waiting;
      this.fail(new RelayError('lagged', `group ${this.sequence} outgrew what is kept of it`));
    }
  }

  // Whether a read can be answered now: by a frame that is handed out, or by the end of the group.
  #settled(from: number): boolean {
    if (this.#failure) throw this.#failure;
    const group = this.#group;
    if (!group) return true;
    for (;;) {
      const frame = group.frame(this.#next);
      if (!frame) break;
      this.#next += 1;
      if (this.#next > from) {
        this.#handedOut = frame;
        this.#handedOutArrival = group.arrival(this.#next - 1)!;
        return true;
      }
      this.#take(frame.payload.byteLength);
    }
    const { end } = group;
    if (!(end instanceof Error)) return end === null;
    this.#error = end;
    throw end;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #accept(): void {
    if (!this.#started) {
      this.#started = true;
      this.#observer.groupAccepted();
    }
    const frame = this.#handedOut;
    if (!frame) return;
    this.#handedOut = undefined;
    this.#take(frame.payload.byteLength);
    this.#observer.frameAccepted(frame.payload.byteLength, this.#handedOutArrival);
  }

  #take(bytes: number): void {
    const taken = Math.min(bytes, this.#waiting);
    this.#waiting -= taken;
    if (taken > 0) this.#observer.waiting(-taken);
  }

  #release(): void {
    this.#group?.unlisten(this);
    this.#group?.settle(this.#started && this.#observer.subscribed);
    this.#group = undefined;
    this.#take(this.#waiting);
    this.#stir();
  }

  #stir(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
