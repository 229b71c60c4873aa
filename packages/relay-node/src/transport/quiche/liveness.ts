/** What is to be done about a peer at some time. */
export type LivenessVerdict =
  /** It was silent for longer than it may be. */
  | 'idle'
  /** What the connection was opened for took too long. */
  | 'expired'
  /** It has been silent for a while: it should be made to answer. */
  | 'ask';

/**
 * Tells whether a peer is there: it has to be heard of within the idle timeout, and is asked to answer twice in that
 * time. Times are in milliseconds, of any clock that does not go back.
 */
export class Liveness {
  readonly #idleTimeout: number;
  #heardAt: number;
  #askedAt: number;
  #expiresAt: number;
  /** How long a silence may last before it is asked about; never, until the peer can answer. */
  #patience = Infinity;

  constructor(now: number, idleTimeout: number, setupTimeout: number) {
    this.#idleTimeout = idleTimeout;
    this.#heardAt = now;
    this.#askedAt = now;
    this.#expiresAt = now + setupTimeout;
  }

  /** The peer was heard of. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** From now on the peer can answer; `peerIdleTimeout` is how long it lets us be silent, 0 for as long as we like. */
  established(peerIdleTimeout: number): void {
    this.#patience = Math.min(this.#idleTimeout, peerIdleTimeout === 0 ? Infinity : peerIdleTimeout) / 3;
  }

  /** Sets how long the connection lasts from now; `Infinity` is as long as it likes. */
  expireIn(now: number, milliseconds: number): void {
    this.#expiresAt = now + milliseconds;
  }

  /** What is to be done now. Who is told to ask does so. */
  check(now: number): LivenessVerdict | undefined {
    if (now - this.#heardAt >= this.#idleTimeout) return 'idle';
    if (now >= this.#expiresAt) return 'expired';
    if (now < this.#asksAt()) return undefined;
    this.#askedAt = now;
    return 'ask';
  }

  /** When to check next, if nothing happens before. */
  nextCheck(): number {
    return Math.min(this.#heardAt + this.#idleTimeout, this.#expiresAt, this.#asksAt());
  }

  #asksAt(): number {
    return Math.max(this.#heardAt, this.#askedAt) + this.#patience;
  }
}
