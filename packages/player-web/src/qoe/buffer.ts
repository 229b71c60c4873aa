import type { BufferedRange } from './events.ts';

/** The media that follows a playhead without a hole wider than `seam`, in milliseconds (buffer length of CMCD). */
export function bufferAhead(playhead: number, ranges: readonly BufferedRange[], seam: number): number {
  let end = playhead;
  for (const range of ranges) {
    if (range.start > end + seam) break;
    end = Math.max(end, range.end);
  }
  return end - playhead;
}
