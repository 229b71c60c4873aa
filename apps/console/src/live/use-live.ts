import { type Context, createContext, useContext, useSyncExternalStore } from 'react';
import { useSpan } from '../shell/span.ts';
import type { LiveState, LiveStore } from './live-store.ts';

/** The one store of the page. */
export const LiveContext: Context<LiveStore | undefined> = createContext<LiveStore | undefined>(undefined);

/** The store of what is told live. */
export function useLiveStore(): LiveStore {
  const store = useContext(LiveContext);
  if (!store) throw new Error('there is no LiveContext above');
  return store;
}

/** What is told live, as it is now. */
export function useLive(): LiveState {
  const store = useLiveStore();
  return useSyncExternalStore(store.subscribe, () => store.state);
}

/** How the connection to the collector is, and since when, in Unix milliseconds. */
export function useConnection(): Pick<LiveState, 'connection' | 'since'> {
  const store = useLiveStore();
  // Two plain values: what is told every second is no change of these.
  const connection = useSyncExternalStore(store.subscribe, () => store.state.connection);
  const since = useSyncExternalStore(store.subscribe, () => store.state.since);
  return { connection, since };
}

const frozen = new WeakMap<LiveStore, { readonly at: number; readonly state: LiveState }>();

/** What is told live, but as it was when the page was paused. */
export function useShownLive(): LiveState {
  const store = useLiveStore();
  const { at } = useSpan();
  return useSyncExternalStore(store.subscribe, () => {
    if (at === undefined) {
      frozen.delete(store);
      return store.state;
    }
    const held = frozen.get(store);
    if (held?.at === at && held.state.toldAt > 0) return held.state;
    frozen.set(store, { at, state: store.state });
    return store.state;
  });
}
