import { Broadcast, type Group, Time, type Track, Varint } from '@moq/net';

const FRAME_RATE = 25;

/** A still picture as VP8: every frame is a keyframe. */
export interface Still {
  readonly frame: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A live broadcast of one picture, stamped with the time of day. It can fall silent. */
export class TestChannel {
  readonly broadcast: Broadcast.Producer = new Broadcast.Producer();
  silent = false;
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param codec what the catalog says it is */
  constructor({ frame, width, height }: Still, codec = 'vp8') {
    const info = { timescale: Time.Timescale.MICRO, latencyMax: 5000 };
    const rendition = { codec, container: { kind: 'legacy' }, codedWidth: width, codedHeight: height };
    const catalog = { video: { renditions: { still: { ...rendition, framerate: FRAME_RATE } } } };
    this.broadcast.createTrack('catalog.json', info).appendGroup().writeString(JSON.stringify(catalog));
    const track: Track.Producer = this.broadcast.createTrack('still', info);
    let group: Group.Producer | undefined;
    this.#timer = setInterval(() => {
      if (this.silent) return;
      const micros = Date.now() * 1000;
      const stamp = Varint.encode(micros);
      const payload = new Uint8Array(stamp.byteLength + frame.byteLength);
      payload.set(stamp);
      payload.set(frame, stamp.byteLength);
      group?.close();
      group = track.appendGroup();
      group.writeFrame({ payload, timestamp: Time.Timestamp.fromMicros(micros) });
    }, 1000 / FRAME_RATE);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.broadcast.close();
  }
}
