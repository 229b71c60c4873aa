import type { Forward, ForwardHealth } from './forward/forward.ts';
import { StoreError } from './store/errors.ts';
import type { Store, StoreHealth, WriteResult } from './store/store.ts';

const OFF: StoreHealth = {
  driver: 'off',
  state: 'off',
  reason: undefined,
  queuedRows: 0,
  queuedBytes: 0,
  droppedRows: 0,
  restarts: 0,
};

const write = async (): Promise<WriteResult> => 'off';
const ask = async (): Promise<never> => {
  throw new StoreError('off', 'there is no store: sessions, logs and traces are not kept');
};
const nothing = async (): Promise<void> => {};

/** A store that keeps nothing. */
export function noStore(): Store {
  return {
    driver: 'off',
    pressure: 0,
    writeSpans: write,
    writeLogs: write,
    writeSessions: write,
    writeSamples: write,
    logs: ask,
    trace: ask,
    traces: ask,
    sessions: ask,
    session: ask,
    samples: ask,
    sessionSpans: ask,
    health: () => OFF,
    flush: nothing,
    close: nothing,
    [Symbol.asyncDispose]: nothing,
  };
}

/** Passes nothing on. */
export function noForward(): Forward {
  const health: ForwardHealth = {
    state: 'off',
    reason: undefined,
    queuedRequests: 0,
    queuedBytes: 0,
    droppedRequests: 0,
  };
  return {
    wants: () => false,
    enqueue: async () => 'off',
    queuedBytes: () => 0,
    health: () => health,
    flush: nothing,
    close: nothing,
    [Symbol.asyncDispose]: nothing,
  };
}
