/** Makes equal texts one text, so that what thousands of sessions have in common is held once. */
export class Interner {
  readonly #known = new Map<string, string>();
  readonly #limit: number;

  /** @param limit texts remembered; past it all are forgotten, which costs memory but nothing else */
  constructor(limit: number) {
    this.#limit = limit;
  }

  share(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size >= this.#limit) this.#known.clear();
    this.#known.set(text, text);
    return text;
  }
}
