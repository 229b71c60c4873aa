/**
 * Things that arrive, as a stream that somebody reads when they like. Nothing is read ahead; what waits is bounded by
 * who fills it.
 */
export class IncomingQueue<T> {
  readonly readable: ReadableStream<T>;
  readonly #refuse: (item: T) => void;
  #controller!: ReadableStreamDefaultController<T>;
  readonly #items: T[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  /** `refuse` gets what arrives after the reader went away, or is dropped. */
  constructor(refuse: (item: T) => void) {
    this.#refuse = refuse;
    this.readable = new ReadableStream<T>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => {
          this.#ended = true;
          this.#drop();
          this.#woken();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** How many wait. */
  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    if (this.#ended) {
      this.#refuse(item);
    } else if (this.#wake) {
      this.#controller.enqueue(item);
      this.#woken();
    } else {
      this.#items.push(item);
    }
  }

  /** Drops what has waited longest. */
  dropOldest(): void {
    const item = this.#items.shift();
    if (item !== undefined) this.#refuse(item);
  }

  /** Nothing more will come. */
  end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#drop();
    if (error) this.#controller.error(error);
    else this.#controller.close();
    this.#woken();
  }

  #pull(): Promise<void> | undefined {
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#controller.enqueue(item);
      return undefined;
    }
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #woken(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #drop(): void {
    for (const item of this.#items.splice(0)) this.#refuse(item);
  }
}
