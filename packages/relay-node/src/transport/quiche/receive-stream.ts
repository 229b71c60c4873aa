import { reasonCode, toHttpCode } from './codes.ts';
import type { Connection, Receiver } from './connection.ts';

const NOTHING: Buffer = Buffer.alloc(0);

/** A stream of which something has been read to find out what it is. */
export interface StreamStart {
  readonly id: number;
  /** What was read too much. */
  readonly bytes: Buffer;
  /** Whether that is all there will be. */
  readonly end: boolean;
}

/**
 * The receiving half of a WebTransport stream. Data stays with the library, and the peer out of credit, until
 * somebody reads; an end or a reset shows at once.
 */
export class ReceiveStream implements Receiver {
  readonly ofSession = true;
  readonly readable: ReadableStream<Uint8Array>;
  readonly #connection: Connection;
  readonly #id: number;
  readonly #scratch: Buffer;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  /** What was read together with the begin of the stream. */
  #head: Buffer;
  /** Resolves the pending `pull()`. */
  #wake: (() => void) | undefined;
  /** The library has told the end, and only `#head` comes before it. */
  #endFollows: boolean;
  #ended = false;

  constructor(connection: Connection, scratch: Buffer, start: StreamStart) {
    this.#connection = connection;
    this.#id = start.id;
    this.#scratch = scratch;
    this.#head = start.bytes;
    this.#endFollows = start.end;
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: (reason) => this.#cancel(reason),
      },
      { highWaterMark: 0 },
    );
    if (start.end && start.bytes.byteLength === 0) this.#close();
    else if (!start.end) connection.addReceiver(start.id, this);
  }

  ready(): void {
    if (this.#wake) {
      if (this.#read()) this.#woken();
    } else {
      this.#peek();
    }
  }

  fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#controller.error(error);
    this.#woken();
  }

  #pull(): Promise<void> | undefined {
    if (this.#read()) return undefined;
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #woken(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Passes on what has arrived; whether there was something, be it the end. */
  #read(): boolean {
    const head = this.#head;
    this.#scratch.set(head);
    this.#head = NOTHING;
    try {
      const read = this.#endFollows
        ? undefined
        : this.#connection.read(this.#id, this.#scratch.subarray(head.byteLength));
      const length = head.byteLength + (read?.[0] ?? 0);
      const end = read?.[1] ?? this.#endFollows;
      if (length > 0) this.#controller.enqueue(new Uint8Array(this.#scratch.subarray(0, length)));
      if (end) this.#close();
      return length > 0 || end;
    } catch (error) {
      this.#broken(error);
      return true;
    }
  }

  /** Looks for an end or a reset without taking data. */
  #peek(): void {
    if (this.#endFollows) return;
    try {
      const read = this.#connection.read(this.#id, NOTHING);
      if (!read?.[1]) return;
      if (this.#head.byteLength > 0) this.#endFollows = true;
      else this.#close();
    } catch (error) {
      this.#broken(error);
    }
  }

  #close(): void {
    this.#ended = true;
    this.#connection.removeReceiver(this.#id);
    this.#controller.close();
  }

  #broken(error: unknown): void {
    this.#ended = true;
    this.#connection.removeReceiver(this.#id);
    this.#controller.error(error);
  }

  #cancel(reason: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#connection.stop(this.#id, toHttpCode(reasonCode(reason)));
    this.#woken();
  }
}
