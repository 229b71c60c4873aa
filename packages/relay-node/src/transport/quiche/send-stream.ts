import type { StreamError } from '@moq/qmux';
import type { Connection } from './connection.ts';

/** Chunks up to this size are copied into the queue; the writer need not wait for them. */
const COPIED = 4096;
/** Bytes that may wait in the queue before writers wait. */
const QUEUE = 64 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * The sending half of a stream: a queue that the connection empties once per turn, so that many small writes become
 * one, and in the order of `sendOrder` when there is not room for all.
 */
export class SendStream {
  readonly id: number;
  /** Called when the stream ends other than by `finish()` or `reset()`. */
  onError: (error: Error) => void = ignore;
  readonly #connection: Connection;
  readonly #chunks: Uint8Array[] = [];
  /** How much of the first chunk has been taken. */
  #offset = 0;
  #queued = 0;
  #ending = false;
  #ended = false;
  #sendOrder = 0;
  /** Settles when the queue is empty, and the end taken if there is one. */
  #flushed: PromiseWithResolvers<void> | undefined;

  constructor(connection: Connection, id: number, sendOrder = 0) {
    this.#connection = connection;
    this.id = id;
    this.sendOrder = sendOrder;
    connection.addSender(this);
  }

  /** The higher, the sooner it is served; 0 unless set. */
  get sendOrder(): number {
    return this.#sendOrder;
  }

  set sendOrder(order: number) {
    const before = urgency(this.#sendOrder);
    this.#sendOrder = order;
    if (urgency(order) !== before) this.#connection.setUrgency(this.id, urgency(order));
  }

  /** Queues bytes. With a promise as answer, they must stay as they are until it settles. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#ended || bytes.byteLength === 0) return undefined;
    const copied = bytes.byteLength <= COPIED && this.#queued < QUEUE;
    this.#chunks.push(copied ? Buffer.from(bytes) : bytes);
    this.#queued += bytes.byteLength;
    this.#connection.markSendable(this);
    return copied ? undefined : this.#flush();
  }

  /** Ends the stream after what is queued; settles when all of it is on its way. */
  finish(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#ending = true;
    this.#connection.markSendable(this);
    return this.#flush();
  }

  /** Ends the stream at once, with a code of HTTP/3; what is queued is lost. */
  reset(code: number): void {
    if (this.#ended) return;
    this.#connection.reset(this.id, code);
    this.#end();
  }

  /** The peer wants no more. */
  stopped(error: StreamError | Error): void {
    this.#end(error);
    this.onError(error);
  }

  /** The connection is over. */
  fail(error: Error): void {
    this.#end(error);
    this.onError(error);
  }

  /** Hands over what there is room for; whether that was all. */
  pump(scratch: Buffer): boolean {
    try {
      while (this.#queued > 0) {
        const bytes = this.#next(scratch);
        const last = this.#ending && bytes.byteLength === this.#queued;
        const sent = this.#connection.send(this.id, bytes, last) ?? 0;
        this.#drop(sent);
        if (sent < bytes.byteLength) return false;
        if (last) return this.#done();
      }
      if (this.#ending && this.#connection.send(this.id, NOTHING, true) === undefined) return false;
    } catch (error) {
      this.stopped(error instanceof Error ? error : new Error(String(error)));
      return true;
    }
    return this.#done();
  }

  /** Everything queued is handed over. */
  #done(): true {
    if (this.#ending) {
      this.#end();
    } else {
      this.#flushed?.resolve();
      this.#flushed = undefined;
    }
    return true;
  }

  /** The begin of the queue: its first chunk, or several small ones put together. */
  #next(scratch: Buffer): Uint8Array {
    const first = this.#chunks[0]!.subarray(this.#offset);
    if (this.#chunks.length === 1 || first.byteLength > COPIED) return first;
    scratch.set(first, 0);
    let length = first.byteLength;
    for (let index = 1; index < this.#chunks.length; index += 1) {
      const chunk = this.#chunks[index]!;
      if (length + chunk.byteLength > scratch.byteLength) break;
      scratch.set(chunk, length);
      length += chunk.byteLength;
    }
    return scratch.subarray(0, length);
  }

  #drop(length: number): void {
    this.#queued -= length;
    let left = length + this.#offset;
    let gone = 0;
    while (gone < this.#chunks.length && left >= this.#chunks[gone]!.byteLength) {
      left -= this.#chunks[gone]!.byteLength;
      gone += 1;
    }
    this.#chunks.splice(0, gone);
    this.#offset = left;
  }

  #flush(): Promise<void> {
    if (!this.#flushed) {
      this.#flushed = Promise.withResolvers();
      // Those who do not wait are told by `onError`.
      this.#flushed.promise.catch(ignore);
    }
    return this.#flushed.promise;
  }

  #end(error?: Error): void {
    this.#ended = true;
    this.#chunks.length = 0;
    this.#queued = 0;
    this.#connection.removeSender(this);
    if (error) this.#flushed?.reject(error);
    else this.#flushed?.resolve();
    this.#flushed = undefined;
  }
}

/**
 * The library knows 256 degrees of urgency, 0 first; they order what it has taken and not yet sent. Orders map to them
 * by their magnitude, around the 127 of order 0; which stream may hand data over first is decided by the exact order.
 */
function urgency(sendOrder: number): number {
  const magnitude = Math.round(2 * Math.log2(1 + Math.abs(sendOrder)));
  return Math.min(254, Math.max(1, sendOrder < 0 ? 127 + magnitude : 127 - magnitude));
}

function ignore(): void {}
