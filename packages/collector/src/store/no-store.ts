import { StoreError } from './errors.ts';
import type { Store, StoreHealth, WriteResult } from './store.ts';

/** The store where there is none: takes nothing, finds nothing, and says why. */
export class NoStore implements Store {
  readonly driver = 'off';
  readonly pressure = 0;
  readonly #reason: string;

  constructor(reason: string) {
    this.#reason = reason;
  }

  writeSpans(): Promise<WriteResult> {
    return Promise.resolve('off');
  }

  writeLogs(): Promise<WriteResult> {
    return Promise.resolve('off');
  }

  writeSessions(): Promise<WriteResult> {
    return Promise.resolve('off');
  }

  writeSamples(): Promise<WriteResult> {
    return Promise.resolve('off');
  }

  logs(): Promise<never> {
    return this.#refuse();
  }

  trace(): Promise<never> {
    return this.#refuse();
  }

  traces(): Promise<never> {
    return this.#refuse();
  }

  sessions(): Promise<never> {
    return this.#refuse();
  }

  session(): Promise<never> {
    return this.#refuse();
  }

  samples(): Promise<never> {
    return this.#refuse();
  }

  sessionSpans(): Promise<never> {
    return this.#refuse();
  }

  health(): StoreHealth {
    return {
      driver: this.driver,
      state: 'off',
      reason: this.#reason,
      queuedRows: 0,
      queuedBytes: 0,
      droppedRows: 0,
      restarts: 0,
    };
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #refuse(): Promise<never> {
    return Promise.reject(new StoreError('off', `there is no store: ${this.#reason}`));
  }
}
