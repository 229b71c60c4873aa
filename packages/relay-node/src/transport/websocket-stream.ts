import type Session from '@moq/qmux';
import type { RawData, WebSocket } from 'ws';

/** A WebSocket as a pair of streams, in the shape `@moq/qmux` builds a session on. */
type WebSocketStreamLike = Extract<Parameters<typeof Session.accept>[0], { readonly opened: unknown }>;
type Opened = Awaited<WebSocketStreamLike['opened']>;
type Closed = Awaited<WebSocketStreamLike['closed']>;

/** Bytes that may wait in the socket before a write is held back. */
const SEND_BUFFER = 64 * 1024;
/**
 * Bytes taken from a peer while it does not take ours. Answers to what it sends would pile up otherwise;
 * past this it is not read from until it reads.
 */
const HEARD_WHILE_BLOCKED = 64 * 1024;

/**
 * An open `ws` socket as streams with backpressure in both directions, driven by events: a write settles when the
 * socket has room again, and a socket whose data nobody takes is paused.
 */
export class WebSocketStream implements WebSocketStreamLike {
  readonly url = '';
  readonly opened: Promise<Opened>;
  readonly closed: Promise<Closed>;
  readonly #socket: WebSocket;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Writes that wait for room. */
  #blocked = 0;
  #heardWhileBlocked = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    const readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#resume(),
        cancel: () => {
          this.#controller = undefined;
          socket.close();
        },
      },
      { highWaterMark: 64 },
    );
    const writable = new WritableStream<Uint8Array | string>({
      write: (chunk) => this.#write(chunk),
      close: () => socket.close(),
      abort: () => socket.close(),
    });
    this.opened = Promise.resolve({ readable, writable, extensions: '', protocol: socket.protocol });

    const closed = Promise.withResolvers<Closed>();
    this.closed = closed.promise;
    socket.on('message', (data, isBinary) => this.#read(data, isBinary));
    socket.once('close', (closeCode, reason) => {
      this.#controller?.close();
      this.#controller = undefined;
      closed.resolve({ closeCode, reason: reason.toString() });
    });
  }

  close(): void {
    this.#socket.close();
  }

  #read(data: RawData, isBinary: boolean): void {
    if (!isBinary) {
      this.#socket.close(1003, 'text is not spoken here');
      return;
    }
    // 'nodebuffer', the default, delivers one Buffer per message.
    const bytes = data as Buffer;
    this.#controller?.enqueue(bytes);
    if (this.#blocked > 0) this.#heardWhileBlocked += bytes.byteLength;
    if (this.#heardWhileBlocked > HEARD_WHILE_BLOCKED || (this.#controller?.desiredSize ?? 1) <= 0) {
      this.#socket.pause();
    }
  }

  #resume(): void {
    if (this.#heardWhileBlocked <= HEARD_WHILE_BLOCKED) this.#socket.resume();
  }

  #write(chunk: Uint8Array | string): Promise<void> | void {
    const socket = this.#socket;
    if (socket.bufferedAmount < SEND_BUFFER) {
      // A failure to send closes the socket, which says so through `closed`.
      socket.send(chunk, ignore);
      return;
    }
    this.#blocked += 1;
    return new Promise((resolve, reject) => {
      socket.send(chunk, (error) => {
        this.#blocked -= 1;
        if (this.#blocked === 0) {
          this.#heardWhileBlocked = 0;
          if ((this.#controller?.desiredSize ?? 0) > 0) socket.resume();
        }
        if (error) reject(error);
        else resolve();
      });
    });
  }
}

function ignore(): void {}
