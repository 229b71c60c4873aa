import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
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

const unzip = promisify(gunzip);

/** Reads request bodies within bounds of memory. */
export class BodyReader {
  readonly #limits: BodyLimits;
  #held = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /**
   * Reads a request's body as text: identity or gzip, UTF-8.
   *
   * @throws Refused with the status to answer; any other error means that the client went away
   */
  async read(request: IncomingMessage): Promise<string> {
    const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
    if (encoding !== 'identity' && encoding !== 'gzip') {
      throw new Refused(415, 'the content encoding is neither identity nor gzip');
    }
    let held = 0;
    const hold = (bytes: number): boolean => {
      if (this.#held + bytes > this.#limits.held) return false;
      this.#held += bytes;
      held += bytes;
      return true;
    };
    try {
      const received = await this.#receive(request, hold);
      const bytes = encoding === 'gzip' ? await this.#decompress(received) : received;
      if (bytes.length > this.#limits.decompressed) throw this.#tooLarge();
      return decode(bytes);
    } finally {
      this.#held -= held;
    }
  }

  async #receive(request: IncomingMessage, hold: (bytes: number) => boolean): Promise<Buffer> {
    const limit = this.#limits.compressed;
    const chunks: Buffer[] = [];
    let size = 0;
    let refusal: Refused | undefined;
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) refusal ??= this.#tooLarge();
      else if (!hold(chunk.length)) refusal ??= new Refused(429, 'too much is being received at this moment');
      if (!refusal) chunks.push(chunk);
      else if (size > DISCARDED * limit) break;
    }
    if (refusal) throw refusal;
    return Buffer.concat(chunks);
  }

  async #decompress(bytes: Buffer): Promise<Buffer> {
    try {
      return await unzip(bytes, { maxOutputLength: this.#limits.decompressed });
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

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Refused(400, 'the body is not UTF-8', { cause });
  }
}
