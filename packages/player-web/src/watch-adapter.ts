import { broadcastPath } from '@moq-observability/moq-metrics';
import type { Medium, PlayerEvent, PlayerTransport } from './qoe/events.ts';
import type { FrameSize, Readable, WatchElement } from './watch-element.ts';

/** Who listens to a player. Times are milliseconds on the clock of `performance.now()`. */
export interface PlayerListener {
  /** Another broadcast is to be played from now on: its whole path, or none. */
  onBroadcast(broadcast: string | undefined): void;
  onEvent(event: PlayerEvent, at: number): void;
}

/** How a player is watched. */
export interface WatchOptions {
  /** Query parameters to add to the connect URL, unless a connection was begun before. */
  readonly link?: Readonly<Record<string, string>>;
  /** When the viewer first asked to play, if that was before now. */
  readonly intent?: number;
}

/** How often it is looked at what has arrived, in milliseconds. */
const SAMPLE_INTERVAL = 100;

const MEDIA: readonly Medium[] = ['video', 'audio'];

/** A broadcast that is announced no more has ended if the connection outlives it by this, in milliseconds. */
const END_GRACE = 1000;

/** A rendition that changes this soon after the viewer chose one was chosen by the viewer, in milliseconds. */
const SWITCH_REACTION = 1000;

/**
 * Turns the signals of a `<moq-watch>` element into events.
 *
 * The element's own `stalled` signals are not used. That of video says so half a second late, and also before the
 * first frame. That of audio only says whether playback has begun: it does not come back when the buffer runs empty,
 * and stays set while the browser's autoplay policy keeps the sound locked. What tells a stall is that a playhead does
 * not move and nothing has arrived for it.
 */
export class WatchAdapter {
  readonly #element: WatchElement;
  readonly #listener: PlayerListener;
  readonly #link: readonly (readonly [name: string, value: string])[];
  readonly #closing = new AbortController();
  #attached = false;
  #intent: number | undefined;
  #href: string | undefined;
  /** The URL a connection is being set up to. */
  #dialled: string | undefined;
  #connected = false;
  /** Whether the page is on its way out, or kept for a return. */
  #gone = false;
  #broadcast: string | undefined;
  #wanted = false;
  /** What was consumed before the broadcast changed: frames shown while it is, are of that. */
  #stale: object | undefined;
  #withdrawn: { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;
  #target: string | undefined;
  #targetAt = Number.NEGATIVE_INFINITY;
  #track: string | undefined;
  /** Whether media of the playback under way has come. */
  #received = false;
  /** Whether each medium is wanted and can play, as it was last looked at. */
  readonly #playing: Record<Medium, boolean> = { video: false, audio: false };
  /** See {@link sizeOf}. */
  #frameSize = 0;
  #switchedFrom: number | undefined;

  constructor(element: WatchElement, listener: PlayerListener, options: WatchOptions = {}) {
    this.#element = element;
    this.#listener = listener;
    this.#link = Object.entries(options.link ?? {});
    this.#intent = options.intent;
  }

  /** Begins to watch. Events may come before this returns. */
  start(): void {
    const { connection, controls, broadcast, renderer, video, audio } = this.#element;
    this.#target = controls.target.peek()?.name;

    this.#watch(connection.url, (url) => {
      // With another URL the element connects anew, at this moment: it may as well do so with the session.
      if (url?.href !== this.#href) this.#linkUrl();
      this.#follow();
    });
    this.#watch(connection.enabled, () => this.#follow());
    this.#watch(controls.paused, () => this.#follow());
    this.#watch(broadcast.in.name, () => this.#follow());
    this.#watch(connection.established, () => this.#followConnection());
    this.#watch(connection.status, () => this.#followDialling());
    this.#watch(connection.probe, () => this.#measured());
    this.#watch(broadcast.out.active, () => this.#followAnnouncement());
    this.#watch(broadcast.out.catalog, (catalog) => {
      if (catalog) this.#emit({ type: 'catalog' });
      this.#followAudioTrack(audio.source.out.track.peek());
    });
    connection.closed.catch(() => this.#emit({ type: 'fail', error: 'connect' }));
    this.#watch(controls.target, (target) => this.#followTarget(target?.name));
    this.#watch(video.source.out.track, (track) => this.#followTrack(track));
    this.#watch(audio.source.out.track, (track) => this.#followAudioTrack(track));
    this.#watch(video.source.out.error, (error) => {
      if (error !== undefined) this.#emit({ type: 'fail', error: 'decode' });
    });
    this.#watch(video.out.stats, () => this.#followReceived('video'));
    this.#watch(audio.out.stats, () => this.#followReceived('audio'));
    this.#watch(renderer.out.frame, (frame) => {
      if (frame) this.#rendered(sizeOf(frame));
    });
    this.#watch(video.out.timestamp, (media) => this.#progressed('video', media));
    this.#watch(audio.out.timestamp, (media) => this.#progressed('audio', media));
    this.#listen(document, 'visibilitychange', () => this.#followPage(document.visibilityState === 'hidden'));
    // A page that goes may be kept and come back; its viewer has left all the same.
    this.#listen(window, 'pagehide', () => {
      this.#gone = true;
      this.#sample();
      this.#emit({ type: 'stop', cause: 'leave' });
    });
    this.#listen(window, 'pageshow', () => {
      this.#gone = false;
      this.#followPage(document.visibilityState === 'hidden');
      if (this.#wanted) this.#emit({ type: 'play', underWay: false });
    });

    // A connection that was begun is left alone.
    if (connection.status.peek() === 'disconnected') this.#linkUrl();
    this.#href = connection.url.peek()?.href;
    this.#follow();
    this.#followDialling();
    this.#followConnection();
    this.#measured();
    this.#followTrack(video.source.out.track.peek());
    const sampling = setInterval(() => this.#sample(), SAMPLE_INTERVAL);
    this.#closing.signal.addEventListener('abort', () => clearInterval(sampling));
    this.#attached = true;
  }

  /** Watches no more. */
  close(): void {
    this.#sample();
    this.#closing.abort();
    this.#forgetWithdrawal();
  }

  #watch<T>(signal: Readable<T>, listener: (value: T) => void): void {
    this.#closing.signal.addEventListener('abort', signal.subscribe(listener));
  }

  #listen(target: EventTarget, type: string, listener: () => void): void {
    // Before the player itself hears of it.
    target.addEventListener(type, listener, { capture: true, signal: this.#closing.signal });
  }

  #emit(event: PlayerEvent, at: number = performance.now()): void {
    if (this.#broadcast !== undefined) this.#listener.onEvent(event, at);
  }

  #linkUrl(): void {
    const { url } = this.#element.connection;
    const current = url.peek();
    if (current && this.#link.some(([name, value]) => current.searchParams.get(name) !== value)) {
      const linked = new URL(current);
      for (const [name, value] of this.#link) linked.searchParams.set(name, value);
      url.set(linked);
    }
    this.#href = url.peek()?.href;
  }

  /** What is to be played, and whether it is to be played now. */
  #follow(): void {
    const { connection, controls, broadcast, renderer } = this.#element;
    const url = connection.enabled.peek() ? connection.url.peek() : undefined;
    const name = broadcast.in.name.peek();
    const path = url && name ? broadcastPath(decoded(url.pathname), name) : undefined;
    if (path !== this.#broadcast) {
      if (this.#broadcast !== undefined) this.#stale = broadcast.out.active.peek();
      this.#forgetWithdrawal();
      this.#wanted = false;
      this.#switchedFrom = undefined;
      this.#received = false;
      this.#track = undefined;
      this.#broadcast = path;
      this.#listener.onBroadcast(path);
    }
    const wanted = path !== undefined && !controls.paused.peek();
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (!wanted) {
      this.#sample();
      this.#emit({ type: 'stop', cause: 'pause' });
      return;
    }
    const underWay = !this.#attached && renderer.out.frame.peek() !== undefined;
    this.#emit({ type: 'play', underWay }, this.#intent);
    this.#intent = undefined;
    this.#sample();
  }

  #followConnection(): void {
    const { established } = this.#element.connection;
    const connection = established.peek();
    if (!connection) {
      this.#reinstate();
      if (this.#connected && this.#dialsOn()) this.#emit({ type: 'lost' });
      this.#connected = false;
      return;
    }
    this.#connected = true;
    this.#dialled = undefined;
    const transport: PlayerTransport = connection.transport === 'websocket' ? 'websocket' : 'webtransport';
    const fallback = this.#transports().indexOf(transport) > 0;
    this.#emit({ type: 'connected', transport, version: connection.version ?? '', fallback });
  }

  #followDialling(): void {
    const { status, url } = this.#element.connection;
    if (status.peek() === 'connecting') {
      this.#dialled = url.peek()?.href;
      this.#emit({ type: 'dial' });
    } else if (status.peek() === 'disconnected' && this.#dialled !== undefined) {
      // An attempt that the page took back, by another URL or by leaving, did not fail.
      if (this.#dialsOn() && this.#dialled === url.peek()?.href) {
        this.#emit({ type: 'refused', tried: this.#transports() });
      }
      this.#dialled = undefined;
    }
  }

  /** Whether the element wants a connection, so that one that is not there is missed. */
  #dialsOn(): boolean {
    const { enabled, url } = this.#element.connection;
    return enabled.peek() && url.peek()?.href === this.#href && !this.#gone;
  }

  /** What the element connects by, its first choice first. */
  #transports(): readonly PlayerTransport[] {
    const transports: PlayerTransport[] = usesWebTransport() ? ['webtransport'] : [];
    return this.#element.connection.websocket?.enabled === false ? transports : [...transports, 'websocket'];
  }

  #measured(): void {
    const rtt = this.#element.connection.probe.peek()?.rtt;
    if (rtt !== undefined) this.#emit({ type: 'rtt', milliseconds: rtt });
  }

  /** An announcement goes with the connection that carried it, often a moment before; or the broadcast has ended. */
  #followAnnouncement(): void {
    const { broadcast, connection } = this.#element;
    if (broadcast.out.active.peek()) {
      this.#reinstate();
      this.#emit({ type: 'announced' });
      return;
    }
    if (!connection.established.peek() || this.#withdrawn || this.#broadcast === undefined) return;
    const at = performance.now();
    const timer = setTimeout(() => {
      this.#withdrawn = undefined;
      this.#emit({ type: 'stop', cause: 'end' }, at);
    }, END_GRACE);
    this.#withdrawn = { at, timer };
    this.#emit({ type: 'withdrawn' }, at);
  }

  #reinstate(): void {
    if (this.#forgetWithdrawal()) this.#emit({ type: 'reinstated' });
  }

  #forgetWithdrawal(): boolean {
    if (!this.#withdrawn) return false;
    clearTimeout(this.#withdrawn.timer);
    this.#withdrawn = undefined;
    return true;
  }

  #followTarget(name: string | undefined): void {
    if (name === this.#target) return;
    this.#target = name;
    this.#targetAt = performance.now();
  }

  #followTrack(track: string | undefined): void {
    if (track === undefined || track === this.#track) return;
    const chosen = this.#track !== undefined && performance.now() - this.#targetAt < SWITCH_REACTION;
    this.#track = track;
    this.#tellRendition();
    if (!chosen) return;
    this.#switchedFrom = this.#frameSize;
    this.#emit({ type: 'switch' });
  }

  #tellRendition(): void {
    const track = this.#track;
    if (track === undefined) return;
    const { codedWidth, codedHeight, bitrate } = this.#element.video.source.out.config.peek() ?? {};
    const pixels = codedWidth && codedHeight ? codedWidth * codedHeight : undefined;
    this.#emit({ type: 'rendition', rendition: { track, pixels, bitrate } });
  }

  /** Sound is what is played of a broadcast without video. */
  #followAudioTrack(track: string | undefined): void {
    if (track !== undefined && this.#isSoundOnly()) this.#emit({ type: 'rendition', rendition: { track } });
  }

  #isSoundOnly(): boolean {
    const catalog = this.#element.broadcast.out.catalog.peek();
    return catalog !== undefined && !catalog.video;
  }

  #followReceived(medium: Medium): void {
    if (this.#received || this.#isStale()) return;
    const catalog = this.#element.broadcast.out.catalog.peek();
    if (medium === 'audio' && catalog?.video) return;
    this.#received = true;
    this.#emit({ type: 'received' });
  }

  #isStale(): boolean {
    return this.#stale !== undefined && this.#stale === this.#element.broadcast.out.active.peek();
  }

  #rendered(size: number): void {
    if (this.#isStale()) return;
    this.#stale = undefined;
    this.#frameSize = size;
    if (this.#switchedFrom !== undefined && this.#switchedFrom !== size) {
      this.#switchedFrom = undefined;
      this.#emit({ type: 'switched' });
    }
    this.#emit({ type: 'frame', media: this.#element.renderer.out.timestamp.peek() });
  }

  #progressed(medium: Medium, media: number | undefined): void {
    // Frames are too many to ask for each: what plays is taken to do so until it is looked at again.
    if (media === undefined || !(this.#playing[medium] ||= this.#plays(medium))) return;
    if (medium === 'audio' && this.#isSoundOnly()) this.#emit({ type: 'frame', media });
    this.#emit({ type: 'progress', medium, media });
  }

  /** Looks at what plays and what has arrived: at intervals, and when anything begins or ends. */
  #sample(): void {
    for (const medium of MEDIA) {
      const { buffered, stats } = this.#element[medium].out;
      const received = stats.peek()?.bytesReceived ?? 0;
      const plays = this.#plays(medium);
      this.#playing[medium] = plays;
      if (plays) {
        this.#emit({ type: 'sample', medium, buffered: buffered.peek(), received });
      } else {
        this.#emit({ type: 'idle', medium, received });
      }
    }
  }

  /** Whether a medium is wanted and can play. One that has lost its catalog with its connection still is. */
  #plays(medium: Medium): boolean {
    const { audio, broadcast } = this.#element;
    const catalog = broadcast.out.catalog.peek();
    if (!this.#element[medium].in.enabled.peek() || (catalog && !catalog[medium])) return false;
    return medium === 'video' || audio.out.context.peek()?.state === 'running';
  }

  #followPage(hidden: boolean): void {
    if (hidden) this.#sample();
    this.#emit(hidden ? { type: 'stop', cause: 'hide' } : { type: 'show' });
  }
}

/** The path of a connect URL as relays read it: decoded, and with single slashes. */
function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname).replace(/\/+/g, '/');
  } catch {
    return pathname; // Not percent-encoded text: taken as it stands.
  }
}

/**
 * Whether `@moq/watch` uses the WebTransport of this browser. That of Safari and of Firefox before 153 it leaves alone,
 * for their bugs.
 */
function usesWebTransport(): boolean {
  if (!('WebTransport' in globalThis)) return false;
  const { userAgent } = navigator;
  const firefox = /(?:Firefox|FxiOS)\/(\d+)/.exec(userAgent);
  if (firefox) return Number(firefox[1]) >= 153;
  return !userAgent.includes('Safari/') || /Chrom|CriOS|Edg|OPT\/|OPiOS/.test(userAgent);
}

/** Both sides of a frame in one number: there are many frames, and sizes are only told apart. */
function sizeOf({ codedWidth, codedHeight }: FrameSize): number {
  return codedWidth * 0x10000 + codedHeight;
}
