import type { IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { Refused } from './refused.ts';

/** How much is read. */
export interface BodyLimits {
  /** Bytes of one body as it is sent. */
  readonly compressed: number;
  /** Bytes of one body after decompression. */
  readonly decompressed: number;
  /** Bytes, as they are sent, of all bodies held at one time. */
  readonly held: number;
}

/** How many times the limit of a too large body is read and thrown away, so that its sender hears the answer. */
const DISCARDED = 4;

/** Seconds after which a sender may try again that came when too much was being received. */
const RETRY_AFTER = 1;

/** Reads request bodies within bounds of memory. */
export class BodyReader {
  readonly #limits: BodyLimits;
  #held = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /**
   * Reads a request's body: identity or gzip. What it holds of the memory is given back when `use` is done with it.
   *
   * @throws Refused with the status to answer; any other error means that the client went away
   */
  async read<T>(request: IncomingMessage, use: (body: Buffer) => Promise<T>): Promise<T> {
    const encoding = request.headers['content-encoding']?.toLowerCase() ?? 'identity';
    if (encoding !== 'identity' && encoding !== 'gzip') {
      throw new Refused(415, 'the content encoding is neither identity nor gzip');
    }
    const held = { bytes: 0 };
    try {
      const received = await this.#receive(request, held);
      const body = encoding === 'gzip' ? this.#decompress(received) : received;
      if (body.length > this.#limits.decompressed) throw this.#tooLarge();
      return await use(body);
    } finally {
      this.#held -= held.bytes;
    }
  }

  #receive(request: IncomingMessage, held: { bytes: number }): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const limit = this.#limits.compressed;
      const chunks: Buffer[] = [];
      let size = 0;
      let refusal: Refused | undefined;
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > limit) refusal ??= this.#tooLarge();
        else if (this.#held + chunk.length > this.#limits.held) refusal ??= tooBusy();
        if (!refusal) {
          this.#held += chunk.length;
          held.bytes += chunk.length;
          chunks.push(chunk);
        } else if (size > DISCARDED * limit) {
          request.pause();
          reject(refusal);
        }
      });
      request.once('end', () => {
        if (refusal) reject(refusal);
        else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
      });
      request.once('error', reject);
      request.once('close', () => {
        if (!request.complete) reject(new Error('the client went away'));
      });
    });
  }

  /** On this thread: what a body may hold takes less time than handing it to another and back. */
  #decompress(bytes: Buffer): Buffer {
    try {
      return gunzipSync(bytes, { maxOutputLength: this.#limits.decompressed });
    } catch (cause) {
      if (cause instanceof RangeError) throw this.#tooLarge();
      throw new Refused(400, 'the body is not gzip', { cause });
    }
  }

  #tooLarge(): Refused {
    const { compressed, decompressed } = this.#limits;
    return new Refused(413, `a body has at most ${compressed} bytes, and ${decompressed} when decompressed`);
  }
}

function tooBusy(): Refused {
  return new Refused(429, 'too much is being received at this moment', { retryAfter: RETRY_AFTER });
}
