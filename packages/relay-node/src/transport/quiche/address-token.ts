import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** How long a client may take to come back with its token, in milliseconds. */
const VALID_FOR = 10_000;
const TIME_BYTES = 6;
const TAG_BYTES = 16;

/**
 * Tokens that prove that a client receives what is sent to its address (RFC 9000, section 8.1.2). Nothing is kept of
 * a client that was given one: the token carries what is needed to go on.
 */
export class AddressTokens {
  readonly #key: Buffer = randomBytes(32);

  /** A token for an address, with the connection id the client first chose; `now` is in milliseconds. */
  issue(address: string, originalId: Uint8Array, now: number): Buffer {
    const time = Buffer.alloc(TIME_BYTES);
    time.writeUIntBE(Math.floor(now), 0, TIME_BYTES);
    const body = Buffer.concat([time, originalId]);
    return Buffer.concat([this.#tag(address, body), body]);
  }

  /** The connection id in a token that was issued to this address recently; `undefined` for any other. */
  check(token: Uint8Array, address: string, now: number): Buffer | undefined {
    if (token.byteLength < TAG_BYTES + TIME_BYTES) return undefined;
    const bytes = Buffer.from(token);
    const body = bytes.subarray(TAG_BYTES);
    if (!timingSafeEqual(bytes.subarray(0, TAG_BYTES), this.#tag(address, body))) return undefined;
    const age = now - body.readUIntBE(0, TIME_BYTES);
    return age >= 0 && age <= VALID_FOR ? body.subarray(TIME_BYTES) : undefined;
  }

  #tag(address: string, body: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(`${address} `).update(body).digest().subarray(0, TAG_BYTES);
  }
}
