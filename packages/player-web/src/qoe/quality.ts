import type { Rendition } from './events.ts';
import type { SwitchDirection } from './terms.ts';

/**
 * Which way quality went: by the size of the picture, then by the bitrate the catalog gives; `other` where neither
 * tells.
 */
export function switchDirection(from: Rendition, to: Rendition): SwitchDirection {
  const difference = compare(from.pixels, to.pixels) || compare(from.bitrate, to.bitrate);
  return difference > 0 ? 'up' : difference < 0 ? 'down' : 'other';
}

function compare(from: number | undefined, to: number | undefined): number {
  return from === undefined || to === undefined ? 0 : to - from;
}
