/** Into how many parts a round is divided, so that thousands of members do not hold the event loop all at once. */
const PARTS = 10;

/** Calls each of its members once a second, spread over the second. */
export class Rounds<Member> {
  readonly #parts: readonly Set<Member>[] = Array.from({ length: PARTS }, () => new Set<Member>());
  readonly #timer: NodeJS.Timeout;
  #turn = 0;
  #added = 0;

  /** @param visit called with `performance.now()`; must not throw */
  constructor(visit: (member: Member, now: number) => void) {
    this.#timer = setInterval(() => {
      this.#turn = (this.#turn + 1) % PARTS;
      const now = performance.now();
      for (const member of this.#parts[this.#turn]!) visit(member, now);
    }, 1000 / PARTS);
    this.#timer.unref();
  }

  /** Has a member called from now on; the returned function ends that. */
  add(member: Member): () => void {
    this.#added += 1;
    const part = this.#parts[this.#added % PARTS]!;
    part.add(member);
    return () => part.delete(member);
  }

  /** Nobody is called any more. */
  close(): void {
    clearInterval(this.#timer);
  }
}
