import { setTimeout as wait } from 'node:timers/promises';

import { type Announce, type Broadcast, type Connection, type Group, Path } from '@moq/net';
import type { Logger } from 'pino';

import { backoff } from '../backoff.ts';
import { CATALOG_TRACK, type CatalogTrack, readCatalog } from '../catalog.ts';
import type { Clock } from '../clock/slewed-clock.ts';
import { connectRelay, type TransportChoice } from '../connect.ts';
import { LoadError, messageOf } from '../error.ts';
import { readStamp } from '../stamped-frame.ts';
import type { Totals } from '../totals.ts';
import type { LatencyHistogram } from './latency-histogram.ts';

/** What to watch of a broadcast. */
export interface TrackChoice {
  readonly kinds: readonly CatalogTrack['kind'][];
  /** The renditions of each kind to watch: the first of the catalog, all of them, or one by its name. */
  readonly rendition: 'first' | 'all' | { readonly name: string };
}

/** What a {@link Viewer} is told. */
export interface ViewerOptions {
  readonly relay: URL;
  readonly transport: TransportChoice;
  readonly broadcast: string;
  readonly tracks: TrackChoice;
  /** Whether it is done when all tracks have ended, instead of waiting for the broadcast to come back. */
  readonly untilEnd: boolean;
  readonly clock: Clock;
  readonly totals: Totals;
  /** Where latencies go, by track. */
  readonly latency: (track: string) => LatencyHistogram;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** How long it may take until the first frame of the catalog is there, in milliseconds. */
const CATALOG_TIMEOUT = 10_000;
/** How long a broadcast and its tracks may take to go, one after the other, in milliseconds. */
const RETRACTION = 2_000;
/** A connection that lasted this long was no failure, in milliseconds. */
const GOOD_CONNECTION = 5_000;
/** What goes first when there is not room for everything, as players have it. */
const PRIORITY = { catalog: 100, audio: 80, video: 60 };
/** Oldest group that is still wanted, in milliseconds. */
const MAX_LATENCY = 2_000;

/** One viewer: watches a broadcast, comes back when the connection is lost, and counts everything. */
export class Viewer {
  readonly #options: ViewerOptions;
  #connections = 0;
  #transport: string | undefined;
  #watching = false;

  constructor(options: ViewerOptions) {
    this.#options = options;
  }

  /** How often it was connected. */
  get connections(): number {
    return this.#connections;
  }

  /** What carried its newest session, and the protocol, such as `webtransport moq-lite-05`; before the first, nothing. */
  get transport(): string | undefined {
    return this.#transport;
  }

  /** Whether media is subscribed to. */
  get watching(): boolean {
    return this.#watching;
  }

  /** Watches until the signal fires, or, when told, until the broadcast has ended. Never fails. */
  async run(): Promise<void> {
    const { relay, transport, signal, log } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const start = performance.now();
      try {
        const connection = await connectRelay(relay, transport, signal);
        this.#connections += 1;
        this.#transport = `${connection.transport} ${connection.version}`;
        if (await this.#watchOn(connection)) return;
      } catch (error) {
        if (signal.aborted) return;
        failures = performance.now() - start > GOOD_CONNECTION ? 1 : failures + 1;
        const delay = backoff(failures, Math.random());
        log.warn({ reason: messageOf(error), retry_ms: delay }, 'not connected');
        // Being stopped ends the wait.
        await wait(delay, undefined, { signal }).catch(() => {});
      }
    }
  }

  // Whether the broadcast has ended; throws when the connection has.
  async #watchOn(connection: Connection.Established): Promise<boolean> {
    const { broadcast, signal, untilEnd, log } = this.#options;
    const over = new AbortController();
    const closed = connection.closed
      .catch((error: unknown) => log.debug({ reason: messageOf(error) }, 'connection lost'))
      .finally(() => over.abort());
    const handle = connection.announcedBroadcast(Path.from(broadcast));
    const stop = AbortSignal.any([signal, over.signal]);
    try {
      let last: Broadcast.Consumer | undefined;
      while (!stop.aborted) {
        const active = handle.active.peek();
        if (active && active !== last) {
          last = active;
          const ended = await this.#watch(active, untilGone(handle, active, stop));
          // Tracks break off a moment before the broadcast does, and are ended too when another takes its place.
          if (!ended) await changed(handle, active, AbortSignal.any([stop, AbortSignal.timeout(RETRACTION)]));
          const now = handle.active.peek();
          if (ended && untilEnd && (now === active || !now)) return true;
          // When it is still there, another connection may do better.
          if (!ended && !stop.aborted && now === active)
            throw new LoadError('connect', `cannot watch ${broadcast}`);
        } else {
          await changed(handle, active, stop);
        }
      }
    } finally {
      handle.close();
      connection.close();
      await closed;
    }
    if (!signal.aborted) throw new LoadError('connect', 'the connection was lost');
    return false;
  }

  // Whether all tracks have ended in order.
  async #watch(broadcast: Broadcast.Consumer, signal: AbortSignal): Promise<boolean> {
    const { tracks: choice, log } = this.#options;
    try {
      const tracks = choose(readCatalog(await this.#readCatalog(broadcast, signal)), choice);
      this.#watching = true;
      const ended = await Promise.all(tracks.map((track) => this.#readTrack(broadcast, track, signal)));
      return ended.every(Boolean);
    } catch (error) {
      if (!signal.aborted) log.warn({ reason: messageOf(error) }, 'cannot watch');
      return false;
    } finally {
      this.#watching = false;
    }
  }

  // The first frame. Reading goes on in the background, so that everything is counted.
  async #readCatalog(broadcast: Broadcast.Consumer, signal: AbortSignal): Promise<Uint8Array> {
    const first = Promise.withResolvers<Uint8Array>();
    const timeout = setTimeout(
      () => first.reject(new LoadError('catalog', 'no catalog came')),
      CATALOG_TIMEOUT,
    );
    const reading = this.#read(broadcast, CATALOG_TRACK, PRIORITY.catalog, signal, (payload) =>
      first.resolve(payload),
    );
    void reading.then(
      () => first.reject(new LoadError('catalog', 'the catalog ended')),
      (error: unknown) => first.reject(new LoadError('catalog', `no catalog: ${messageOf(error)}`)),
    );
    try {
      return await first.promise;
    } finally {
      clearTimeout(timeout);
    }
  }

  // Whether it has ended in order.
  async #readTrack(
    broadcast: Broadcast.Consumer,
    { name, kind }: CatalogTrack,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { clock, latency, log } = this.#options;
    const histogram = latency(name);
    try {
      await this.#read(broadcast, name, PRIORITY[kind], signal, (payload, group) => {
        // Of the first group most was sent before it was asked for: its age is no latency.
        if (group > 0) histogram.add((clock.now() - readStamp(payload)) / 1_000);
      });
      return !signal.aborted;
    } catch (error) {
      if (!signal.aborted) log.warn({ track: name, reason: messageOf(error) }, 'track lost');
      return false;
    }
  }

  async #read(
    broadcast: Broadcast.Consumer,
    name: string,
    priority: number,
    signal: AbortSignal,
    onFrame: (payload: Uint8Array, group: number) => void,
  ): Promise<void> {
    const totals = this.#options.totals.track(name);
    const subscription = broadcast.subscribe(name, { priority, latencyMax: MAX_LATENCY });
    const leave = (): void => subscription.close();
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    const readGroup = async (group: Group.Consumer, index: number): Promise<void> => {
      try {
        for (;;) {
          const frame = await group.readFrame();
          if (!frame) return;
          totals.frames += 1;
          totals.bytes += frame.payload.length;
          onFrame(frame.payload, index);
        }
      } catch (error) {
        totals.aborted += 1;
        this.#options.log.debug(
          { track: name, group: group.sequence, reason: messageOf(error) },
          'group lost',
        );
      }
    };
    const reading = new Set<Promise<void>>();
    try {
      for (let index = 0; ; index++) {
        const group = await subscription.recvGroup();
        if (!group) break;
        totals.groups += 1;
        const done = readGroup(group, index).finally(() => reading.delete(done));
        reading.add(done);
      }
      await Promise.all(reading);
    } finally {
      signal.removeEventListener('abort', leave);
      subscription.close();
    }
  }
}

function choose(tracks: readonly CatalogTrack[], { kinds, rendition }: TrackChoice): CatalogTrack[] {
  if (typeof rendition === 'object' && !tracks.some(({ name }) => name === rendition.name)) {
    throw new LoadError('catalog', `the catalog has no rendition ${JSON.stringify(rendition.name)}`);
  }
  const chosen = kinds.flatMap((kind) => {
    const renditions = tracks.filter((track) => track.kind === kind);
    if (rendition === 'all') return renditions;
    const named = typeof rendition === 'object' && renditions.find(({ name }) => name === rendition.name);
    return named ? [named] : renditions.slice(0, 1);
  });
  if (chosen.length === 0) throw new LoadError('catalog', `the catalog has no ${kinds.join(' or ')}`);
  return chosen;
}

/**
 * A signal that fires when the handle has another broadcast; or none for a while, in which tracks can end by
 * themselves; or when `signal` fires.
 */
function untilGone(handle: Announce.Broadcast, active: Broadcast.Consumer, signal: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const watch = async (): Promise<void> => {
    await changed(handle, active, signal);
    await changed(handle, undefined, AbortSignal.any([signal, AbortSignal.timeout(RETRACTION)]));
    gone.abort();
  };
  void watch();
  return gone.signal;
}

/** Resolves when the handle has something else, or the signal fires. */
async function changed(
  handle: Announce.Broadcast,
  seen: Broadcast.Consumer | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted || handle.active.peek() !== seen) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      dispose();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const dispose = handle.active.subscribe(done);
    signal.addEventListener('abort', done);
  });
}
