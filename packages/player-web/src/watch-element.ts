import type { BufferedRange } from './qoe/events.ts';
import type { DecodingPlayer } from './webcodecs/page-decoders.ts';

/** The read side of a signal of `@moq/signals`. */
export interface Readable<T> {
  /** The value now. */
  peek(): T;
  /** Calls back whenever the value changes; what is returned ends that. */
  subscribe(listener: (value: T) => void): () => void;
}

/** A signal of `@moq/signals`. */
export interface Writable<T> extends Readable<T> {
  set(value: T): void;
}

/** What is read of a `<moq-watch>` element of `@moq/watch` 0.4. Any element with these signals can be observed. */
export interface WatchElement {
  readonly connection: {
    readonly url: Writable<URL | undefined>;
    readonly enabled: Readable<boolean>;
    readonly status: Readable<string>;
    readonly established: Readable<{ readonly transport: string; readonly version?: string } | undefined>;
    /** What the relay measures of the connection. */
    readonly probe: Readable<{ readonly rtt?: number | undefined } | undefined>;
    /** Whether it may connect by WebSocket too; it may unless this says otherwise. */
    readonly websocket?: { readonly enabled?: boolean } | undefined;
    /** Rejects when the player gives up connecting. */
    readonly closed: Promise<unknown>;
  };
  readonly controls: {
    readonly paused: Readable<boolean>;
    readonly target: Readable<{ readonly name?: string | undefined } | undefined>;
  };
  readonly broadcast: {
    readonly in: { readonly name: Readable<string> };
    readonly out: {
      readonly active: Readable<object | undefined>;
      readonly catalog: Readable<{ readonly video?: unknown; readonly audio?: unknown } | undefined>;
    };
  };
  readonly renderer: {
    readonly out: {
      readonly frame: Readable<FrameSize | undefined>;
      /** The media time of the frame on the canvas, in milliseconds. */
      readonly timestamp: Readable<number | undefined>;
    };
  };
  readonly video: Player & {
    readonly source: {
      readonly out: {
        readonly config: Readable<RenditionConfig | undefined>;
        /** Why no rendition can be played. */
        readonly error: Readable<string | undefined>;
      };
    };
  };
  readonly audio: Player & {
    readonly out: { readonly context: Readable<{ readonly state: string } | undefined> };
  };
}

/** Something that plays one medium. */
interface Player {
  readonly in: { readonly enabled: Readable<boolean> };
  readonly source: { readonly out: { readonly track: Readable<string | undefined> } };
  readonly out: {
    /** The playhead, in milliseconds of media time. */
    readonly timestamp: Readable<number | undefined>;
    readonly buffered: Readable<readonly BufferedRange[]>;
    /** What has come in its turn so far. */
    readonly stats: Readable<{ readonly bytesReceived: number } | undefined>;
  };
}

/** The size of a frame, in pixels. */
export interface FrameSize {
  readonly codedWidth: number;
  readonly codedHeight: number;
}

/** What the catalog says of a rendition. */
interface RenditionConfig {
  readonly codedWidth?: number | undefined;
  readonly codedHeight?: number | undefined;
  /** In bits per second. */
  readonly bitrate?: number | undefined;
}

/** Every signal that is read, by its path from the element. */
const SIGNALS = [
  'connection.url',
  'connection.enabled',
  'connection.status',
  'connection.established',
  'connection.probe',
  'controls.paused',
  'controls.target',
  'broadcast.in.name',
  'broadcast.out.active',
  'broadcast.out.catalog',
  'renderer.out.frame',
  'renderer.out.timestamp',
  'video.in.enabled',
  'video.out.timestamp',
  'video.out.buffered',
  'video.out.stats',
  'video.source.out.track',
  'video.source.out.config',
  'video.source.out.error',
  'audio.in.enabled',
  'audio.out.timestamp',
  'audio.out.buffered',
  'audio.out.stats',
  'audio.out.context',
  'audio.source.out.track',
];

/** The first signal an element lacks, as a path from the element; undefined when it has all. */
export function missingSignal(element: unknown): string | undefined {
  return SIGNALS.find((path) => {
    const signal = path.split('.').reduce<unknown>((owner, name) => property(owner, name), element);
    return typeof property(signal, 'subscribe') !== 'function';
  });
}

function property(owner: unknown, name: string): unknown {
  return typeof owner === 'object' && owner !== null ? Reflect.get(owner, name) : undefined;
}

/** How an element uses its decoders. It counts what it received just before it has that decoded. */
export function decodingOf({ video, audio }: WatchElement): DecodingPlayer {
  const media = { video, audio };
  return {
    received: (medium) => media[medium].out.stats.peek()?.bytesReceived ?? 0,
    isLate: (timestamp) => timestamp / 1000 < (video.out.timestamp.peek() ?? Number.NEGATIVE_INFINITY),
  };
}
