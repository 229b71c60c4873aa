import { LoadError } from '../error.ts';

/** One coded picture with everything that belongs to it, start codes included. */
export interface AccessUnit {
  readonly data: Uint8Array;
  /** Whether decoding can start here (an IDR picture). */
  readonly keyframe: boolean;
}

// Types of NAL units, ITU-T H.264 table 7-1.
const SLICE = 1;
const IDR_SLICE = 5;
const SPS = 7;
/** SEI, SPS, PPS and the access unit delimiter: after a picture, these belong to the next one. */
const BEFORE_PICTURE: ReadonlySet<number> = new Set([6, SPS, 8, 9]);

interface NalUnit {
  /** Where its start code begins. */
  readonly start: number;
  /** Where its header byte is. */
  readonly header: number;
}

/**
 * Splits an H.264 byte stream (ITU-T H.264 annex B) into access units. The stream must not have arbitrary slice
 * order or redundant pictures: a slice that starts at the first macroblock starts a picture.
 *
 * @throws LoadError `clip` when there is no picture in the stream.
 */
export function splitAccessUnits(stream: Uint8Array): AccessUnit[] {
  const units: AccessUnit[] = [];
  let start = 0;
  let pictured = false;
  let keyframe = false;
  for (const nal of findNalUnits(stream)) {
    const type = nalType(stream, nal);
    const slice = type === SLICE || type === IDR_SLICE;
    // first_mb_in_slice is Exp-Golomb coded: a leading 1 means 0.
    const startsPicture = slice && ((stream[nal.header + 1] ?? 0) & 0x80) !== 0;
    if (pictured && (startsPicture || BEFORE_PICTURE.has(type))) {
      units.push({ data: stream.subarray(start, nal.start), keyframe });
      start = nal.start;
      pictured = false;
      keyframe = false;
    }
    pictured ||= slice;
    keyframe ||= type === IDR_SLICE;
  }
  if (!pictured) throw new LoadError('clip', 'the H.264 stream has no picture at its end');
  units.push({ data: stream.subarray(start), keyframe });
  return units;
}

/**
 * The codec string of a stream (RFC 6381), from its first sequence parameter set.
 *
 * @throws LoadError `clip` when there is none.
 */
export function readCodec(stream: Uint8Array): string {
  const sps = findNalUnits(stream).find((nal) => nalType(stream, nal) === SPS);
  const profile = sps && stream.subarray(sps.header + 1, sps.header + 4);
  if (!profile || profile.length < 3) throw new LoadError('clip', 'the H.264 stream has no parameter set');
  return `avc1.${Array.from(profile, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function nalType(stream: Uint8Array, { header }: NalUnit): number {
  return (stream[header] ?? 0) & 0x1f;
}

function findNalUnits(stream: Uint8Array): NalUnit[] {
  const found: NalUnit[] = [];
  for (let at = 0; at + 3 < stream.length; at++) {
    if (stream[at] !== 0 || stream[at + 1] !== 0 || stream[at + 2] !== 1) continue;
    const long = at > 0 && stream[at - 1] === 0;
    found.push({ start: long ? at - 1 : at, header: at + 3 });
    at += 2;
  }
  return found;
}
