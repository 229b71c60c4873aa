/** A broadcast as it is published to one session. */
export interface Publication {
  /** Whether somebody is still subscribed to it. */
  readonly busy: boolean;
  /** No new requests. */
  end(): void;
  /** Ends all of it at once. */
  close(): void;
}

/** What the protocol layer of a session does. */
export interface Publisher<P extends Publication> {
  /** Publishes under a name, or says again what is published already. Throws when the session is over. */
  publish(name: string, publication: P): void;
}

/**
 * The protocol layer compares what is published before and after, and looks away while it writes an announcement.
 * So changes reach it this far apart, in milliseconds: a broadcast that replaces another is seen to go and to come.
 */
const APART = 20;

/** If it was still busy writing, this much later it is made to look once more, in milliseconds. */
const LOOK_AGAIN = 250;

/** What one session is told to be there, step by step. */
export class Publications<P extends Publication> {
  readonly #publisher: Publisher<P>;
  readonly #wanted = new Map<string, P>();
  readonly #published = new Map<string, P>();
  /** What is no longer published, and may still have subscribers. */
  readonly #ending = new Set<P>();
  #next: 'soon' | 'apart' | 'again' | 'nothing' = 'nothing';
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(publisher: Publisher<P>) {
    this.#publisher = publisher;
  }

  /** From now on this is what the name stands for. */
  add(name: string, publication: P): void {
    if (this.#closed) {
      publication.close();
      return;
    }
    this.#wanted.get(name)?.end();
    this.#wanted.set(name, publication);
    this.#changed();
  }

  /** From now on the name stands for nothing. */
  remove(name: string): void {
    this.#wanted.get(name)?.end();
    this.#wanted.delete(name);
    this.#changed();
  }

  /** The session is over. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    const all = new Set([...this.#wanted.values(), ...this.#published.values(), ...this.#ending]);
    for (const publication of all) publication.close();
  }

  #changed(): void {
    if (this.#closed || this.#next === 'soon' || this.#next === 'apart') return;
    this.#next = 'soon';
    clearTimeout(this.#timer);
    queueMicrotask(() => this.#step());
  }

  #step(): void {
    if (this.#closed) return;
    const gone = [...this.#published].filter(([name, publication]) => this.#wanted.get(name) !== publication);
    const fresh = [...this.#wanted].filter(([name]) => !this.#published.has(name));
    if (gone.length > 0) {
      for (const [name, publication] of gone) this.#withdraw(name, publication);
    } else {
      for (const [name, publication] of fresh) this.#publish(name, publication);
    }
    if (gone.length > 0 || fresh.length > 0) this.#later('apart', APART, () => this.#step());
    else this.#later('again', LOOK_AGAIN, () => this.#lookAgain());
  }

  #withdraw(name: string, publication: P): void {
    this.#published.delete(name);
    publication.end();
    for (const ending of this.#ending) if (!ending.busy) this.#ending.delete(ending);
    this.#ending.add(publication);
  }

  #publish(name: string, publication: P): void {
    this.#published.set(name, publication);
    this.#publisher.publish(name, publication);
  }

  #lookAgain(): void {
    this.#next = 'nothing';
    const last = [...this.#published].at(-1);
    if (last) this.#publisher.publish(...last);
  }

  #later(next: 'apart' | 'again', delay: number, then: () => void): void {
    this.#next = next;
    this.#timer = setTimeout(then, delay);
  }
}
