/** What the tests of the store share: stores in folders of their own. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { openStore, type StoreOptions } from './open-store.ts';
import type { DropReason, Store, StoreError, StoreEvents, StoreHealth } from './store.ts';

/** A store, and what it said. */
export interface TestStore extends AsyncDisposable {
  readonly store: Store;
  readonly folder: string;
  readonly written: Map<string, number>;
  readonly dropped: { readonly table: string; readonly rows: number; readonly reason: DropReason }[];
  readonly errors: StoreError[];
  readonly states: StoreHealth['state'][];
}

/** How a store under test is opened; the rest is filled in. */
export type TestStoreOptions = Partial<StoreOptions> & {
  /** Whether the folder stays when the store is closed; it does not. */
  readonly keep?: boolean;
  /** Told of everything as well. */
  readonly events?: StoreEvents;
};

/** Opens a store in a folder of its own, which goes with it. */
export async function openTestStore(options: TestStoreOptions = {}): Promise<TestStore> {
  const { keep = false, events, ...rest } = options;
  const folder = rest.folder ?? (await mkdtemp(join(tmpdir(), 'store-')));
  const written = new Map<string, number>();
  const dropped: TestStore['dropped'] = [];
  const errors: StoreError[] = [];
  const states: TestStore['states'] = [];
  const store = await openStore(
    { driver: 'chdb', queueAge: 20, ...rest, folder },
    {
      onWritten: (table, rows) => {
        written.set(table, (written.get(table) ?? 0) + rows);
        events?.onWritten?.(table, rows);
      },
      onDropped: (table, rows, reason) => dropped.push({ table, rows, reason }),
      onError: (error) => errors.push(error),
      onState: ({ state }) => states.push(state),
    },
  );
  return {
    store,
    folder,
    written,
    dropped,
    errors,
    states,
    async [Symbol.asyncDispose]() {
      await store.close();
      if (!keep) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Waits until a store is in a state; opening a database on a busy machine takes its time. */
export async function reach(store: Store, state: StoreHealth['state']): Promise<void> {
  await vi.waitUntil(() => store.health().state === state, { timeout: 30_000, interval: 20 });
}
