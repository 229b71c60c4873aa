import { Broadcast, type Group, Time, Track } from '@moq/net';

import { CATALOG_TRACK, makeCatalog } from '../catalog.ts';
import type { Clip } from '../clip/clip.ts';
import type { Clock } from '../clock/slewed-clock.ts';
import { LoadError } from '../error.ts';
import type { Totals } from '../totals.ts';
import { PacedTrack, trackInfo } from './paced-track.ts';
import type { PublishWindow } from './publish-window.ts';

/** What a {@link ClipBroadcast} is made of. */
export interface ClipBroadcastOptions {
  readonly clip: Clip;
  readonly clock: Clock;
  readonly window: PublishWindow;
  readonly totals: Totals;
}

/** A clip as a broadcast on one connection. Every subscription is served for itself, while it lasts. */
export class ClipBroadcast extends Broadcast.Producer {
  readonly #options: ClipBroadcastOptions;
  readonly #catalog: Uint8Array;
  readonly #catalogs = new Set<Track.Producer>();
  readonly #tracks = new Set<PacedTrack>();
  #idle: (() => void) | undefined;

  constructor(options: ClipBroadcastOptions) {
    super();
    this.#options = options;
    this.#catalog = new TextEncoder().encode(JSON.stringify(makeCatalog(options.clip)));
  }

  /** Media subscriptions that are open. */
  get subscriptions(): number {
    return this.#tracks.size;
  }

  /** Resolves when no media subscription is open. */
  async idle(): Promise<void> {
    while (this.#tracks.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
  }

  override subscribe(name: string, options?: Track.Subscription): Track.Subscriber {
    if (name === CATALOG_TRACK) return this.#serveCatalog(options);
    const track = this.#find(name);
    this.#options.window.begin();
    const { clock, window, totals } = this.#options;
    const paced = new PacedTrack(track, { clock, window, totals: totals.track(name) });
    this.#tracks.add(paced);
    paced.closed.addEventListener('abort', () => {
      this.#tracks.delete(paced);
      this.#idle?.();
    });
    return paced.subscribe(options);
  }

  override async resolveTrackInfo(name: string): Promise<Track.Info> {
    return name === CATALOG_TRACK ? CATALOG_INFO : trackInfo(this.#find(name));
  }

  override async fetchGroup(name: string, sequence: number): Promise<Group.Consumer> {
    throw new LoadError('frame', `group ${sequence} of ${name} is not kept: this channel is live`);
  }

  /** Ends the catalog; the tracks end by themselves. */
  override close(abort?: Error): void {
    for (const catalog of this.#catalogs) catalog.close(abort);
    super.close(abort);
  }

  #find(name: string): Clip['tracks'][number] {
    const track = this.#options.clip.tracks.find((track) => track.name === name);
    if (!track) throw new LoadError('frame', `there is no track ${JSON.stringify(name)}`);
    return track;
  }

  #serveCatalog(options: Track.Subscription | undefined): Track.Subscriber {
    const track = new Track.Producer(CATALOG_TRACK).accept(CATALOG_INFO);
    const subscriber = track.subscribe(options);
    // The group stays open, so that whoever comes late finds it.
    const group = track.appendGroup();
    group.writeFrame({
      payload: this.#catalog,
      timestamp: Time.Timestamp.fromMicros(Math.floor(this.#options.clock.now())),
    });
    const totals = this.#options.totals.track(CATALOG_TRACK);
    totals.groups += 1;
    totals.frames += 1;
    totals.bytes += this.#catalog.length;
    this.#catalogs.add(track);
    subscriber.closed.subscribe(() => {
      this.#catalogs.delete(track);
      track.close();
    });
    return subscriber;
  }
}

const CATALOG_INFO: Track.Info = Track.infoDefaults({ timescale: Time.Timescale.MICRO, priority: 100 });
