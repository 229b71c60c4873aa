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
  readonly #listeners = new Set<GroupListener>();
  #frames: Group.Frame[] = [];
  #first = 0;
  #bytes = 0;
  #end: Error | null | undefined;

  /** @param limit how much it may keep, in bytes */
  constructor(sequence: number, startedAt: number, limit: number) {
    this.sequence = sequence;
    this.startedAt = startedAt;
    this.#limit = limit;
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

  /** The payload bytes of the frames that are there. */
  get payloadBytes(): number {
    return this.#bytes;
  }

  append(frame: Group.Frame): void {
    if (this.#end !== undefined) return;
    this.#frames.push(frame);
    this.#bytes += frame.payload.byteLength;
    for (const listener of this.#listeners) listener.appended(frame);
    if (this.cost > this.#limit) this.#truncate();
  }

  /** Ends it: complete, or cut short by an error. Does nothing when it has ended. */
  close(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = error ?? null;
    for (const listener of this.#listeners) listener.ended();
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
    this.#first += given;
    for (const listener of this.#listeners) listener.truncated(this.#first);
  }
}
