/** A medium whose playhead moves by itself. */
export type Medium = 'video' | 'audio';

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
  /** How much has come so far, in whatever unit: it grows whenever something comes that can be played in its turn. */
  readonly received: number;
}

/** What happens in a player. Times that go with an event are milliseconds on one monotonic clock. */
export type PlayerEvent =
  /** The player is asked to play: by a call, by autoplay, or by the viewer. `underWay`: it already plays. */
  | { readonly type: 'play'; readonly underWay: boolean }
  /** Playback is not expected to go on. */
  | { readonly type: 'stop'; readonly cause: StopCause }
  /** The page can be seen again. */
  | { readonly type: 'show' }
  /** A frame is rendered: a picture on the canvas, or sound where the broadcast has no video. */
  | { readonly type: 'frame' }
  /** A playhead moved; it is at `media` now, in milliseconds of media time. */
  | { readonly type: 'progress'; readonly medium: Medium; readonly media: number }
  /** A look at a medium, due about 20 times a second. */
  | ({ readonly type: 'sample'; readonly medium: Medium } & Supply)
  /** A medium is not wanted, or cannot play for a reason of the page's own: muted, scrolled away, not unlocked. */
  | { readonly type: 'idle'; readonly medium: Medium }
  /** The broadcast is announced no more. Whether it ended or only the connection is going shows a little later. */
  | { readonly type: 'withdrawn' }
  /** It did not end: the connection went, or the broadcast is back. */
  | { readonly type: 'reinstated' }
  /** The viewer asked for another rendition. */
  | { readonly type: 'switch' }
  /** The rendition asked for is on the screen. */
  | { readonly type: 'switched' };

/** What was experienced. Durations are in seconds, `at` in milliseconds on the clock of the events. */
export type Fact =
  /** Play intent to first frame rendered. */
  | { readonly type: 'startup'; readonly at: number; readonly seconds: number }
  /** A stall has lasted long enough to count; `at` is when it began. */
  | { readonly type: 'stall'; readonly at: number }
  /** A stall that counted is over; `at` is when it ended. */
  | { readonly type: 'stall-end'; readonly at: number; readonly seconds: number };
