import { reasonCode, toHttpCode } from './codes.ts';
import type { SendStream } from './send-stream.ts';

/** The sending half of a WebTransport stream in its W3C shape. */
export class WebTransportSendStream extends WritableStream<Uint8Array> {
  readonly #stream: SendStream;

  constructor(stream: SendStream) {
    super({
      start: (controller) => {
        stream.onError = (error) => controller.error(error);
      },
      write: (chunk, controller) => {
        const waiting = stream.write(bytesOf(chunk));
        if (!waiting) return undefined;
        // A stream that is aborted waits for the write in progress, which itself may wait for the peer.
        const { signal } = controller;
        const abort = (): void => stream.reset(toHttpCode(reasonCode(signal.reason)));
        signal.addEventListener('abort', abort);
        return waiting.finally(() => signal.removeEventListener('abort', abort));
      },
      close: () => stream.finish(),
      abort: (reason) => stream.reset(toHttpCode(reasonCode(reason))),
    });
    this.#stream = stream;
  }

  /** Among the streams of a session those with a higher order are served first; 0 unless set. */
  get sendOrder(): number {
    return this.#stream.sendOrder;
  }

  set sendOrder(order: number) {
    this.#stream.sendOrder = order;
  }
}

/**
 * What somebody wrote, as bytes.
 *
 * @throws TypeError when it is something else.
 */
export function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TypeError(`a stream takes bytes, not ${typeof chunk}`);
}
