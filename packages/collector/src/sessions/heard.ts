import type { Session } from './session.ts';

/**
 * Sessions in the order in which they were last heard of. A chain through the sessions themselves: a map that is put
 * into order by taking out and putting in again is copied whole from time to time, which many sessions make a long hold.
 */
export class Heard {
  #oldest: Session | undefined;
  #newest: Session | undefined;

  /** The one silent for longest. */
  get oldest(): Session | undefined {
    return this.#oldest;
  }

  /** Puts a session at the end, wherever it was. */
  hear(session: Session): void {
    if (session === this.#newest) return;
    this.forget(session);
    session.older = this.#newest;
    if (this.#newest) this.#newest.newer = session;
    else this.#oldest = session;
    this.#newest = session;
  }

  /** Takes a session out, if it is there. */
  forget(session: Session): void {
    const { older, newer } = session;
    if (older) older.newer = newer;
    else if (this.#oldest === session) this.#oldest = newer;
    if (newer) newer.older = older;
    else if (this.#newest === session) this.#newest = older;
    session.older = undefined;
    session.newer = undefined;
  }
}
