import type { client } from '@moq-observability/moq-metrics';

/** Why a frame of video that was received is not shown. */
export type DropReason = client.FrameDropReason;

/** What decoders did since it was last taken. */
export interface DecoderReadings {
  /** Frames of video that came out of a decoder. */
  readonly framesDecoded: number;
  /** Frames of video that were received and are not shown. */
  readonly framesDropped: Readonly<Record<DropReason, number>>;
  /** Seconds from submission to output of each frame, of video or of sound, by family of codecs (`avc1`, `opus`). */
  readonly decodeSeconds: ReadonlyMap<string, readonly number[]>;
  /** Seconds of media from each keyframe of video to the next. */
  readonly keyframeSeconds: readonly number[];
}

/** Values of a kind that are kept until they are taken: half a minute of video at 120 frames a second. */
const LIMIT = 3600;

/** Adds up what decoders do until it is taken. */
export class DecoderMeter {
  #framesDecoded = 0;
  #dropped: Record<DropReason, number> = none();
  #decodeSeconds = new Map<string, number[]>();
  #keyframeSeconds: number[] = [];

  /** All that was counted since the last time. */
  take(): DecoderReadings {
    const readings = {
      framesDecoded: this.#framesDecoded,
      framesDropped: this.#dropped,
      decodeSeconds: this.#decodeSeconds,
      keyframeSeconds: this.#keyframeSeconds,
    };
    this.#framesDecoded = 0;
    this.#dropped = none();
    this.#decodeSeconds = new Map();
    this.#keyframeSeconds = [];
    return readings;
  }

  /** A frame of video came out of a decoder. */
  decoded(): void {
    this.#framesDecoded += 1;
  }

  /** Frames of video are not shown. */
  dropped(reason: DropReason, frames = 1): void {
    this.#dropped[reason] += frames;
  }

  /** A frame took so many seconds from submission to output. */
  took(codec: string, seconds: number): void {
    let values = this.#decodeSeconds.get(codec);
    if (!values) this.#decodeSeconds.set(codec, (values = []));
    if (values.length < LIMIT) values.push(seconds);
  }

  /** So many seconds of media lie between two keyframes. */
  keyframe(seconds: number): void {
    if (this.#keyframeSeconds.length < LIMIT) this.#keyframeSeconds.push(seconds);
  }
}

function none(): Record<DropReason, number> {
  return { decode_error: 0, late: 0, backlog: 0 };
}
