/**
 * How decoders do, for any player that uses WebCodecs: what a frame takes, what is dropped and why, and how far apart
 * keyframes are.
 *
 * @module
 */
export { DecoderMeter, type DecoderReadings, type DropReason } from './webcodecs/decoder-meter.ts';
export type { DecoderOwner } from './webcodecs/decoding.ts';
export { type Decoders, type FindOwner, measuredDecoders } from './webcodecs/measured-decoders.ts';
export {
  type DecodingPlayer,
  measurePageDecoders,
  type PageDecoders,
  type PlayerDecoding,
} from './webcodecs/page-decoders.ts';
