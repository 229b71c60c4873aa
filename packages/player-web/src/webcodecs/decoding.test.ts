import { expect, test } from 'vitest';
import { DecoderMeter } from './decoder-meter.ts';
import { Decoding } from './decoding.ts';

/** A decoder of a medium, and what it tells. */
function decoder(
  medium: 'video' | 'audio' = 'video',
  shown = 0,
): { decoding: Decoding; meter: DecoderMeter } {
  const meter = new DecoderMeter();
  const decoding = new Decoding(medium);
  decoding.owner = { meter, isLate: (timestamp) => timestamp < shown };
  decoding.configure(medium === 'video' ? 'avc1.42001f' : 'opus');
  return { decoding, meter };
}

test('a frame takes from its submission to its output, by family of codecs, in whatever order they come', () => {
  const { decoding, meter } = decoder();
  decoding.submit(10, 0, true);
  decoding.submit(12, 80_000, false);
  decoding.submit(13, 40_000, false);
  decoding.output(15, 0);
  decoding.output(16, 40_000);
  decoding.output(20, 80_000);
  const { framesDecoded, decodeSeconds } = meter.take();
  expect(framesDecoded).toBe(3);
  expect([...decodeSeconds]).toEqual([['avc1', [0.005, 0.003, 0.008]]]);
});

test('what was taken is not told again', () => {
  const { decoding, meter } = decoder();
  decoding.submit(0, 0, true);
  decoding.output(1, 0);
  meter.take();
  expect(meter.take()).toEqual({
    framesDecoded: 0,
    framesDropped: { decode_error: 0, late: 0, backlog: 0 },
    decodeSeconds: new Map(),
    keyframeSeconds: [],
  });
});

test('keyframes lie so far apart in media time; another configuration and media that goes back begin anew', () => {
  const { decoding, meter } = decoder();
  decoding.submit(0, 1_000_000, true);
  decoding.submit(0, 2_000_000, false);
  decoding.submit(0, 3_000_000, true);
  decoding.submit(0, 500_000, true);
  decoding.submit(0, 1_000_000, true);
  decoding.configure('avc1.640028');
  decoding.submit(0, 9_000_000, true);
  expect(meter.take().keyframeSeconds).toEqual([2, 0.5]);
});

test('what is in a decoder when it gives up is lost by an error, what is thrown away by a backlog', () => {
  const { decoding, meter } = decoder();
  for (const timestamp of [0, 1, 2]) decoding.submit(0, timestamp, timestamp === 0);
  decoding.output(1, 0);
  decoding.refuse();
  decoding.fail();
  expect(meter.take().framesDropped).toEqual({ decode_error: 3, late: 0, backlog: 0 });
  for (const timestamp of [3, 4]) decoding.submit(0, timestamp, false);
  decoding.reset();
  decoding.reset();
  expect(meter.take().framesDropped).toEqual({ decode_error: 0, late: 0, backlog: 2 });
});

test('a frame that comes out behind what is shown is decoded, and late', () => {
  const { decoding, meter } = decoder('video', 40_000);
  for (const timestamp of [0, 40_000]) {
    decoding.submit(0, timestamp, true);
    decoding.output(1, timestamp);
  }
  const { framesDecoded, framesDropped } = meter.take();
  expect([framesDecoded, framesDropped.late]).toEqual([2, 1]);
});

test('of sound only the time is told, and not where it comes out under another timestamp', () => {
  const { decoding, meter } = decoder('audio');
  decoding.submit(0, 0, true);
  decoding.submit(0, 20_000, true);
  decoding.output(2, 0);
  decoding.output(2, 19_999);
  decoding.fail();
  expect(meter.take()).toEqual({
    framesDecoded: 0,
    framesDropped: { decode_error: 0, late: 0, backlog: 0 },
    decodeSeconds: new Map([['opus', [0.002]]]),
    keyframeSeconds: [],
  });
});

test('a decoder that is outrun by far goes on being counted, without the time of what was forgotten', () => {
  const { decoding, meter } = decoder();
  for (let i = 0; i < 200; i++) decoding.submit(i, i, i === 0);
  for (let i = 0; i < 200; i++) decoding.output(200, i);
  const { framesDecoded, decodeSeconds } = meter.take();
  expect(framesDecoded).toBe(200);
  expect(decodeSeconds.get('avc1')).toHaveLength(128);
  expect(decodeSeconds.get('avc1')?.[0]).toBeCloseTo(0.128);
});
