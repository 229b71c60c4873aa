import type { Group } from '@moq/net';

/** What a frame costs in memory besides its payload, so that empty frames are not free. */
const FRAME_OVERHEAD = 128;

/** Follows one group. Called synchronously; must not throw. */
export interface GroupListener {
  /** A frame was added. */
  appended(frame: Group.Frame): void;
  /** No frame comes any more. */
  ended(): void;
  /** The frames before this index were given up. */
  truncated(first: number): void;
}

/**
 * A group as it arrives, kept once for all its readers.
 *
 * When it outgrows its limit it gives up its oldest frames: who has read them goes on, nobody can start any more.
 */
export class CachedGroup {
  readonly sequence: number;
  /** When it began, on the clock of whoever made it. */
  readonly startedAt: number;
  readonly #limit: number;
  readonly #delivered: ((subscribers: number) => void) | undefined;
  readonly #listeners = new Set<GroupListener>();
  #frames: Group.Frame[] = [];
  /** When each of the frames came. */
  #arrivals: number[] = [];
  /** Subscribers that have it before them, and those that got it. */
  #expecting = 0;
  #subscribers = 0;
  #told = false;
  #first = 0;
  #bytes = 0;
  #end: Error | null | undefined;

  /**
   * @param limit how much it may keep, in bytes
   * @param delivered told once how many subscribers got it: when it has ended and nobody has it before them
   */
  constructor(sequence: number, startedAt: number, limit: number, delivered?: (subscribers: number) => void) {
    this.sequence = sequence;
    this.startedAt = startedAt;
    this.#limit = limit;
    this.#delivered = delivered;
  }

  /** The index of the oldest frame that is still there. */
  get firstFrame(): number {
    return this.#first;
  }

  /** How many frames it has had so far. */
  get frameCount(): number {
    return this.#first + this.#frames.length;
  }

  /** What it takes in memory, in bytes. */
  get cost(): number {
    return this.#bytes + this.#frames.length * FRAME_OVERHEAD;
  }

  /** `undefined` while frames may come, `null` when it is complete, else why it was cut short. */
  get end(): Error | null | undefined {
    return this.#end;
  }

  /** The frame at an index; `undefined` when it is not there yet, or not any more. */
  frame(index: number): Group.Frame | undefined {
    return this.#frames[index - this.#first];
  }

  /** When the frame at an index came; `undefined` as for the frame. */
  arrival(index: number): number | undefined {
    return this.#arrivals[index - this.#first];
  }

  /** The payload bytes of the frames that are there. */
  get payloadBytes(): number {
    return this.#bytes;
  }

  /** @param at when it came, on the same clock as {@link startedAt} */
  append(frame: Group.Frame, at: number): void {
    if (this.#end !== undefined) return;
    this.#frames.push(frame);
    this.#arrivals.push(at);
    this.#bytes += frame.payload.byteLength;
    for (const listener of this.#listeners) listener.appended(frame);
    if (this.cost > this.#limit) this.#truncate();
  }

  /** Ends it: complete, or cut short by an error. Does nothing when it has ended. */
  close(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = error ?? null;
    for (const listener of this.#listeners) listener.ended();
    this.#tell();
  }

  /** A subscriber has it before them. */
  expect(): void {
    this.#expecting += 1;
  }

  /** A subscriber is through with it, and did or did not get it. */
  settle(delivered: boolean): void {
    this.#expecting -= 1;
    if (delivered) this.#subscribers += 1;
    this.#tell();
  }

  listen(listener: GroupListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: GroupListener): void {
    this.#listeners.delete(listener);
  }

  // Down to half of the limit, so that it is not done again for every frame.
  #truncate(): void {
    let given = 0;
    while (given < this.#frames.length && this.cost - given * FRAME_OVERHEAD > this.#limit / 2) {
      this.#bytes -= this.#frames[given]!.payload.byteLength;
      given += 1;
    }
    this.#frames = this.#frames.slice(given);
    this.#arrivals = this.#arrivals.slice(given);
    this.#first += given;
    for (const listener of this.#listeners) listener.truncated(this.#first);
  }

  #tell(): void {
    if (this.#told || this.#end === undefined || this.#expecting > 0) return;
    this.#told = true;
    this.#delivered?.(this.#subscribers);
  }
}
