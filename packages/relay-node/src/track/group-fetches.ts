import type { Group, Track } from '@moq/net';
import { RelayError, toError } from '../errors.ts';
import { within } from '../timeout.ts';
import { CachedGroup } from './cached-group.ts';
import { GroupReader, type GroupReaderObserver } from './group-reader.ts';

/** At most this many groups are fetched from a publisher at once. */
const MAX_FETCHES = 64;

interface Fetch {
  readonly group: CachedGroup;
  readonly upstream: Group.Consumer;
  readers: number;
}

/** Counts what is fetched from the publisher. */
export interface FetchedTraffic {
  group(): void;
  frame(bytes: number): void;
  /** Nothing more comes. */
  close(): void;
}

/** What fetching needs. */
export interface GroupFetchesOptions {
  /** Fetches at the publisher. */
  readonly fetch: (
    track: string,
    sequence: number,
    options: Track.FetchGroupOptions,
  ) => Promise<Group.Consumer>;
  /** Counts what comes on a track. */
  readonly received: (track: string) => FetchedTraffic;
  /** The largest group, in bytes. */
  readonly groupBytes: number;
  /** How long the publisher may take to answer, in milliseconds. */
  readonly answerLimit: number;
}

/** Single groups fetched from the publisher of a broadcast; whoever asks for the same one meanwhile shares it. */
export class GroupFetches {
  readonly #options: GroupFetchesOptions;
  readonly #fetches = new Map<string, Promise<Fetch>>();

  constructor(options: GroupFetchesOptions) {
    this.#options = options;
  }

  /**
   * A reader of a group that is not kept here.
   *
   * @throws {RelayError} `limit` when too many are under way, and whatever the publisher answers
   */
  async read(
    track: string,
    sequence: number,
    options: Track.FetchGroupOptions,
    observer: GroupReaderObserver,
  ): Promise<GroupReader> {
    const key = JSON.stringify([track, sequence]);
    let pending = this.#fetches.get(key);
    if (!pending) {
      if (this.#fetches.size >= MAX_FETCHES) {
        throw new RelayError('limit', `${MAX_FETCHES} groups are being fetched already`);
      }
      pending = this.#start(key, track, sequence, options);
      this.#fetches.set(key, pending);
    }
    const fetch = await pending;
    fetch.readers += 1;
    return new GroupReader(fetch.group, {
      subscribed: observer.subscribed,
      groupAccepted: () => observer.groupAccepted(),
      frameAccepted: (bytes, arrivedAt) => observer.frameAccepted(bytes, arrivedAt),
      waiting: (delta) => observer.waiting(delta),
      done: (reader, undelivered) => {
        observer.done(reader, undelivered);
        fetch.readers -= 1;
        if (fetch.readers === 0) fetch.upstream.close();
      },
    });
  }

  async #start(
    key: string,
    track: string,
    sequence: number,
    options: Track.FetchGroupOptions,
  ): Promise<Fetch> {
    const asking = this.#options.fetch(track, sequence, options);
    try {
      const upstream = await within(this.#options.answerLimit, `group ${sequence}`, asking);
      const group = new CachedGroup(sequence, performance.now(), this.#options.groupBytes);
      void this.#receive(upstream, group, track).finally(() => this.#fetches.delete(key));
      return { group, upstream, readers: 0 };
    } catch (error) {
      this.#fetches.delete(key);
      // If it comes after all, nobody wants it any more.
      asking.then(
        (group) => group.close(),
        () => {},
      );
      throw error;
    }
  }

  // Never rejects: what happens to the group is told to its readers.
  async #receive(upstream: Group.Consumer, group: CachedGroup, track: string): Promise<void> {
    // Whether there is such a group shows when a frame of it comes, or its end.
    let received: FetchedTraffic | undefined;
    const begin = (): FetchedTraffic => {
      const begun = this.#options.received(track);
      begun.group();
      return begun;
    };
    try {
      for (;;) {
        const frame = await upstream.readFrame();
        received ??= begin();
        if (!frame) break;
        received.frame(frame.payload.byteLength);
        group.append(frame, performance.now());
      }
      group.close();
    } catch (error) {
      group.close(toError(error));
    } finally {
      received?.close();
    }
  }
}
