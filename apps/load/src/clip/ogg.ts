import { LoadError } from '../error.ts';

const HEADER_LENGTH = 27;
/** Identification and comment: the two packets before the sound (RFC 7845). */
const OPUS_HEADERS = ['OpusHead', 'OpusTags'] as const;

/**
 * The Opus packets of an Ogg file with one stream (RFC 3533, RFC 7845), without its two headers.
 *
 * @throws LoadError `clip` when the file is no such thing, or ends within a page.
 */
export function readOpusPackets(file: Uint8Array): Uint8Array[] {
  const packets = readPackets(file);
  for (const [index, magic] of OPUS_HEADERS.entries()) {
    if (!startsWith(packets[index], magic))
      throw new LoadError('clip', `the Ogg file has no ${magic} packet`);
  }
  return packets.slice(OPUS_HEADERS.length);
}

function readPackets(file: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let pieces: Uint8Array[] = [];
  let at = 0;
  while (at < file.length) {
    if (!startsWith(file.subarray(at), 'OggS')) throw new LoadError('clip', `no Ogg page at byte ${at}`);
    const count = file[at + HEADER_LENGTH - 1] ?? 0;
    const lacing = file.subarray(at + HEADER_LENGTH, at + HEADER_LENGTH + count);
    at += HEADER_LENGTH + count;
    for (const length of lacing) {
      pieces.push(file.subarray(at, at + length));
      at += length;
      // A segment of 255 bytes goes on in the next one, maybe of the next page.
      if (length === 255) continue;
      packets.push(join(pieces));
      pieces = [];
    }
    if (at > file.length) throw new LoadError('clip', 'the Ogg file ends within a page');
  }
  if (pieces.length > 0) throw new LoadError('clip', 'the Ogg file ends within a packet');
  return packets;
}

function startsWith(bytes: Uint8Array | undefined, magic: string): boolean {
  return bytes !== undefined && [...magic].every((letter, index) => bytes[index] === letter.codePointAt(0));
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first && pieces.length === 1) return first;
  const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
