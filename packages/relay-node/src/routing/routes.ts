/** A broadcast that can be routed. */
export interface Routed {
  readonly path: string;
  /** Ends it. */
  end(): void;
}

/** A session that broadcasts are offered to. */
export interface Destination<B extends Routed> {
  /** A broadcast has appeared. */
  offer(broadcast: B): void;
  /** A broadcast that was offered is gone. */
  withdraw(broadcast: B): void;
}

/**
 * Which broadcast is found at which path, and who is told.
 *
 * A broadcast is offered to all sessions but the one it comes from. The last to announce a path has it: who had it
 * before is ended, not merged.
 */
export class Routes<B extends Routed, D extends Destination<B>> {
  readonly #broadcasts = new Map<string, { readonly broadcast: B; readonly publisher: D }>();
  readonly #destinations = new Set<D>();

  /** A session has come: it is offered everything there is. */
  join(destination: D): void {
    this.#destinations.add(destination);
    for (const { broadcast } of this.#broadcasts.values()) destination.offer(broadcast);
  }

  /** A session has left: what it published ends. */
  leave(destination: D): void {
    this.#destinations.delete(destination);
    for (const { broadcast, publisher } of this.#broadcasts.values()) {
      if (publisher === destination) this.remove(broadcast);
    }
  }

  /**
   * A session announces a broadcast.
   *
   * @returns whether another one was replaced
   */
  add(broadcast: B, publisher: D): boolean {
    const replaced = this.#broadcasts.get(broadcast.path);
    if (replaced) this.remove(replaced.broadcast);
    this.#broadcasts.set(broadcast.path, { broadcast, publisher });
    for (const destination of this.#destinations) {
      if (destination !== publisher) destination.offer(broadcast);
    }
    return replaced !== undefined;
  }

  /**
   * A broadcast is over.
   *
   * @returns whether it was still to be found
   */
  remove(broadcast: B): boolean {
    const entry = this.#broadcasts.get(broadcast.path);
    if (entry?.broadcast !== broadcast) return false;
    this.#broadcasts.delete(broadcast.path);
    for (const destination of this.#destinations) {
      if (destination !== entry.publisher) destination.withdraw(broadcast);
    }
    broadcast.end();
    return true;
  }

  /** The paths of all broadcasts, sorted. */
  paths(): string[] {
    return [...this.#broadcasts.keys()].toSorted();
  }
}
