import type {
  ConnectionResult,
  LatencyUnavailableReason,
  PlaybackError,
  PlayOutcome,
  StartupPhase,
  SwitchDirection,
} from './terms.ts';

/** A medium whose playhead moves by itself. */
export type Medium = 'video' | 'audio';

/** What carries a connection of a player. */
export type PlayerTransport = 'webtransport' | 'websocket';

/** Why playback is not expected to go on: the viewer paused, hid the page or left, or the broadcast ended. */
export type StopCause = 'pause' | 'hide' | 'leave' | 'end';

/** A stretch of media that has arrived, in milliseconds of media time. */
export interface BufferedRange {
  readonly start: number;
  readonly end: number;
}

/** What there is of a medium to play. */
export interface Supply {
  /** What has arrived and was not played yet, ascending. */
  readonly buffered: readonly BufferedRange[];
  /** How many bytes have come so far: it grows whenever something comes that can be played in its turn. */
  readonly received: number;
}

/** One of the qualities a broadcast comes in. */
export interface Rendition {
  /** The name of its track. */
  readonly track: string;
  /** Width times height, in pixels. */
  readonly pixels?: number | undefined;
  /** In bits per second. */
  readonly bitrate?: number | undefined;
}

/** What happens in a player. Times that go with an event are milliseconds on one monotonic clock. */
export type PlayerEvent =
  /** The player is asked to play: by a call, by autoplay, or by the viewer. `underWay`: it already plays. */
  | { readonly type: 'play'; readonly underWay: boolean }
  /** Playback is not expected to go on. */
  | { readonly type: 'stop'; readonly cause: StopCause }
  /** The page can be seen again. */
  | { readonly type: 'show' }
  /** Playback cannot go on, and will not by itself. */
  | { readonly type: 'fail'; readonly error: PlaybackError }
  /** The relay is being connected to. */
  | { readonly type: 'dial' }
  /** A connection stands, past the setup of MoQ. `fallback`: by another transport than the one tried first. */
  | {
      readonly type: 'connected';
      readonly transport: PlayerTransport;
      readonly version: string;
      readonly fallback: boolean;
    }
  /** No connection came about by any of the transports tried. */
  | { readonly type: 'refused'; readonly tried: readonly PlayerTransport[] }
  /** A connection that stood broke. */
  | { readonly type: 'lost' }
  /** The round trip to the relay was measured, in milliseconds. */
  | { readonly type: 'rtt'; readonly milliseconds: number }
  /** The relay has announced the broadcast. */
  | { readonly type: 'announced' }
  /** The broadcast is announced no more. Whether it ended or only the connection is going shows a little later. */
  | { readonly type: 'withdrawn' }
  /** It did not end: the connection went, or the broadcast is back. */
  | { readonly type: 'reinstated' }
  /** The catalog was read. */
  | { readonly type: 'catalog' }
  /** A rendition is subscribed to from now on. */
  | { readonly type: 'rendition'; readonly rendition: Rendition }
  /** Media is received, for the first time since a rendition was subscribed to. */
  | { readonly type: 'received' }
  /** A frame is rendered: a picture on the canvas, or sound where the broadcast has no video. */
  | { readonly type: 'frame'; readonly media?: number | undefined }
  /** A playhead moved; it is at `media` now, in milliseconds of media time. */
  | { readonly type: 'progress'; readonly medium: Medium; readonly media: number }
  /** A look at a medium, due about 10 times a second. */
  | ({ readonly type: 'sample'; readonly medium: Medium } & Supply)
  /** A medium is not wanted, or cannot play for a reason of the page's own: muted, scrolled away, not unlocked. */
  | ({ readonly type: 'idle'; readonly medium: Medium } & Pick<Supply, 'received'>)
  /** The viewer asked for another rendition. */
  | { readonly type: 'switch' }
  /** The rendition asked for is on the screen. */
  | { readonly type: 'switched' };

/** What is known of a start and of the connection, from the first moment on. */
export type StartFact =
  /** The viewer wants to watch. */
  | { readonly type: 'attempt'; readonly at: number }
  /** A phase of the start is over; `at` is its end. */
  | { readonly type: 'phase'; readonly at: number; readonly phase: StartupPhase; readonly seconds: number }
  /** Play intent to first frame rendered. */
  | { readonly type: 'startup'; readonly at: number; readonly seconds: number }
  /** How the attempt ended, `seconds` after the intent. */
  | { readonly type: 'outcome'; readonly at: number; readonly outcome: PlayOutcome; readonly seconds: number }
  /** Playback failed for good; `started`: after the first frame. */
  | {
      readonly type: 'failure';
      readonly at: number;
      readonly error: PlaybackError;
      readonly started: boolean;
    }
  /** A connection was tried. */
  | {
      readonly type: 'connection';
      readonly at: number;
      readonly transport: PlayerTransport;
      readonly result: ConnectionResult;
    }
  /** The viewer paused after the start, or resumed. */
  | { readonly type: 'paused' | 'resumed'; readonly at: number }
  /** So much time was watched since the last such fact; 0 while paused or hidden. */
  | { readonly type: 'watched'; readonly at: number; readonly seconds: number };

/** What is experienced after the first frame. */
export type PlaybackFact =
  /** A stall has lasted long enough to count; `at` is when it began. */
  | { readonly type: 'stall'; readonly at: number }
  /** A stall that counted is over; `at` is when it ended. */
  | { readonly type: 'stall-end'; readonly at: number; readonly seconds: number }
  /** So much time was spent in stalls since the last such fact. */
  | { readonly type: 'stalled'; readonly at: number; readonly seconds: number }
  /** Media ahead of the playhead. */
  | { readonly type: 'buffer'; readonly at: number; readonly medium: Medium; readonly seconds: number }
  /** Capture to render. */
  | { readonly type: 'latency'; readonly at: number; readonly seconds: number }
  | { readonly type: 'latency-unavailable'; readonly at: number; readonly reason: LatencyUnavailableReason }
  /** Distance of the playheads, and which of them is ahead. */
  | { readonly type: 'drift'; readonly at: number; readonly ahead: Medium; readonly seconds: number }
  /** Bytes of media that came since the last such fact. */
  | { readonly type: 'bytes'; readonly at: number; readonly medium: Medium; readonly bytes: number }
  | { readonly type: 'bitrate'; readonly at: number; readonly medium: Medium; readonly bitsPerSecond: number }
  | { readonly type: 'rtt'; readonly at: number; readonly seconds: number }
  /** Another rendition than before; the first one is none. */
  | {
      readonly type: 'switch';
      readonly at: number;
      readonly direction: SwitchDirection;
      readonly rendition: Rendition;
    }
  | { readonly type: 'lost' | 'restored'; readonly at: number }
  /** Media is there again after the connection was lost; `at` is when. */
  | { readonly type: 'reconnect'; readonly at: number; readonly seconds: number };

/** What was experienced. Durations are in seconds, `at` in milliseconds on the clock of the events. */
export type Fact = StartFact | PlaybackFact;
