import { setTimeout as sleep } from 'node:timers/promises';
import { backoffDelay } from '../spool/backoff.ts';
import type { Connection, Engine } from './engine.ts';
import { StoreError } from './errors.ts';

/** How a database is held on to. */
export interface LinkOptions {
  readonly engine: Engine;
  /** Makes a fresh connection usable; it is given up and tried anew if this rejects. */
  readonly prepare: (connection: Connection) => Promise<void>;
  /** The state or the reason changed. */
  readonly onChange: (state: LinkState) => void;
}

/** How it is at the moment. */
export type LinkState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'up'; readonly connection: Connection }
  /** It is tried again before long. */
  | { readonly kind: 'down'; readonly error: StoreError }
  /** It will not be tried again. */
  | { readonly kind: 'off'; readonly error: StoreError };

const BACKOFF = { first: 250, longest: 30_000 };

/** After this time, in milliseconds, a connection is good enough to forget the failures before it. */
const STABLE = 60_000;

/** Connects to a database, and again whenever it is gone. */
export class Link {
  readonly #options: LinkOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #state: LinkState = { kind: 'starting' };
  #losses = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** How often the database went away. */
  get losses(): number {
    return this.#losses;
  }

  /** Ends the connection, and resolves when it is ended. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      const started = performance.now();
      const error = await this.#hold(signal);
      if (signal.aborted) break;
      this.#change({ kind: error.code === 'off' ? 'off' : 'down', error });
      if (error.code === 'off') return;
      failures = performance.now() - started > STABLE ? 1 : failures + 1;
      await sleep(backoffDelay(failures, BACKOFF), undefined, { signal }).catch(() => {
        // Closing ends the wait.
      });
    }
    this.#change({ kind: 'off', error: new StoreError('off', 'the store is closed') });
  }

  /** Connects and waits for the end of it, however it comes. */
  async #hold(signal: AbortSignal): Promise<StoreError> {
    const { engine, prepare } = this.#options;
    let connection: Connection | undefined;
    try {
      connection = await engine.connect(signal);
      await prepare(connection);
      this.#change({ kind: 'up', connection });
      const reason = await Promise.race([connection.lost, aborted(signal)]);
      if (!signal.aborted) this.#losses += 1;
      return new StoreError('unavailable', reason);
    } catch (error) {
      if (error instanceof StoreError) return error;
      return new StoreError('unavailable', String(error), { cause: error });
    } finally {
      await connection?.close();
    }
  }

  #change(state: LinkState): void {
    this.#state = state;
    this.#options.onChange(state);
  }
}

async function aborted(signal: AbortSignal): Promise<string> {
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
  return 'the store is closing';
}
