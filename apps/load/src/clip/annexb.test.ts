import { describe, expect, it } from 'vitest';

import { readCodec, splitAccessUnits } from './annexb.ts';

const LONG = [0, 0, 0, 1];
const SHORT = [0, 0, 1];
const DELIMITER = [...LONG, 9, 0xf0];
const SPS = [...LONG, 0x67, 0x42, 0xc0, 0x1e, 0xaa];
const PPS = [...SHORT, 0x68, 0xce];
const IDR = [...SHORT, 0x65, 0x88, 1, 2];
const IDR_SECOND_SLICE = [...SHORT, 0x65, 0x40, 3];
const PICTURE = [...LONG, 0x41, 0x9a, 5];
const PICTURE_SECOND_SLICE = [...SHORT, 0x41, 0x40, 6];

function split(...nals: readonly (readonly number[])[]): { bytes: number[]; keyframe: boolean }[] {
  return splitAccessUnits(Uint8Array.from(nals.flat())).map(({ data, keyframe }) => ({
    bytes: [...data],
    keyframe,
  }));
}

describe('splitAccessUnits', () => {
  it('keeps parameter sets and slices with their picture, and every byte', () => {
    expect(
      split(SPS, PPS, IDR, IDR_SECOND_SLICE, PICTURE, PICTURE_SECOND_SLICE, PICTURE, SPS, PPS, IDR),
    ).toEqual([
      { bytes: [...SPS, ...PPS, ...IDR, ...IDR_SECOND_SLICE], keyframe: true },
      { bytes: [...PICTURE, ...PICTURE_SECOND_SLICE], keyframe: false },
      { bytes: PICTURE, keyframe: false },
      { bytes: [...SPS, ...PPS, ...IDR], keyframe: true },
    ]);
  });

  it('starts a picture at its delimiter', () => {
    expect(split(DELIMITER, SPS, IDR, DELIMITER, PICTURE).map(({ bytes }) => bytes)).toEqual([
      [...DELIMITER, ...SPS, ...IDR],
      [...DELIMITER, ...PICTURE],
    ]);
  });

  it('refuses a stream without a picture, or with parameter sets and none after them', () => {
    expect(() => split()).toThrow('no picture');
    expect(() => split(SPS, PPS)).toThrow('no picture');
    expect(() => split(SPS, IDR, SPS)).toThrow('no picture');
  });
});

describe('readCodec', () => {
  it('tells profile, constraints and level', () => {
    expect(readCodec(Uint8Array.from([...DELIMITER, ...SPS, ...IDR]))).toBe('avc1.42c01e');
  });

  it('refuses a stream without parameter sets', () => {
    expect(() => readCodec(Uint8Array.from(IDR))).toThrow('no parameter set');
  });
});
