import { Varint } from '@moq/net';

import { LoadError } from './error.ts';

/**
 * A frame in the container that hang calls legacy: the time as a QUIC variable-length integer, then the payload.
 *
 * @param time microseconds since the Unix epoch
 */
export function stampFrame(time: number, payload: Uint8Array): Uint8Array {
  const stamp = Varint.encode(time);
  const frame = new Uint8Array(stamp.length + payload.length);
  frame.set(stamp);
  frame.set(payload, stamp.length);
  return frame;
}

/**
 * The time of such a frame, in microseconds since the Unix epoch.
 *
 * @throws LoadError `frame` when the frame is too short to have one.
 */
export function readStamp(frame: Uint8Array): number {
  const length = 2 ** ((frame[0] ?? 0) >> 6);
  if (frame.length < length) throw new LoadError('frame', `a frame of ${frame.length} bytes has no time`);
  return Varint.decode(frame)[0];
}
