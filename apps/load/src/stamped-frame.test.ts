import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readStamp, stampFrame } from './stamped-frame.ts';

describe('a stamped frame', () => {
  it('has its time and its payload', () => {
    const time = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(time, fc.uint8Array(), (time, payload) => {
        const frame = stampFrame(time, payload);
        expect(readStamp(frame)).toBe(time);
        expect(frame.subarray(frame.length - payload.length)).toEqual(payload);
      }),
    );
  });

  it('has the time as a QUIC variable-length integer of eight bytes', () => {
    const frame = stampFrame(1_800_000_000_000_000, Uint8Array.of(7));
    expect(Buffer.from(frame).readBigUInt64BE() & 0x3fff_ffff_ffff_ffffn).toBe(1_800_000_000_000_000n);
    expect((frame[0] ?? 0) >> 6).toBe(3);
  });

  it.each([[[]], [[0xc0, 1, 2]], [[0x40]]])('of %j is too short to have a time', (bytes) => {
    expect(() => readStamp(Uint8Array.from(bytes))).toThrow('has no time');
  });
});
