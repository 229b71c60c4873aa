import type { StreamMedia } from './telemetry/broadcast-metrics.ts';

/** The track that describes the others. */
export const CATALOG_TRACK = 'catalog.json';

/** Catalogs larger than this are not looked into, in bytes. */
const MAX_CATALOG = 1024 * 1024;

/** What a catalog says a track carries. */
export type CatalogedType = 'video' | 'audio';

/** What is read of a catalog. */
export interface Catalog {
  /** What each track carries. */
  readonly types: ReadonlyMap<string, CatalogedType>;
  /** What the media is, in few words: values of metric labels. */
  readonly media: StreamMedia;
}

/** What is known without a catalog. */
export const EMPTY_CATALOG: Catalog = {
  types: new Map(),
  media: { video_codec: 'none', audio_codec: 'none', resolution: 'none' },
};

/** Codec families that are told by name; catalogs may say anything. */
const CODEC_FAMILIES: ReadonlySet<string> = new Set(
  'avc1 avc3 hev1 hvc1 vp8 vp9 vp09 av01 opus mp4a flac mp3 ac-3 ec-3'.split(' '),
);

/** The largest width or height that is believed, in pixels. */
const MAX_PIXELS = 16_384;

type JsonObject = { readonly [key: string]: unknown };

/**
 * Reads the catalog of one group as its frames arrive: the first is a whole catalog, the others are merge patches
 * (RFC 7396) on top of it. Of the catalog only the names, codecs and sizes of the tracks are looked at.
 */
export class CatalogReader {
  #value: unknown;

  /**
   * Takes in the next frame of the group.
   *
   * @returns what the catalog says by now, or `undefined` when the frame is no part of one
   */
  read(payload: Uint8Array): Catalog | undefined {
    if (payload.byteLength > MAX_CATALOG) return undefined;
    try {
      const patch: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
      this.#value = this.#value === undefined ? patch : merge(this.#value, patch);
    } catch {
      // No JSON, or nested too deep: the publisher's mistake, and no reason to treat its media differently.
      return undefined;
    }
    return summarize(this.#value);
  }
}

function summarize(catalog: unknown): Catalog {
  const types = new Map<string, CatalogedType>();
  const media = { ...EMPTY_CATALOG.media };
  let pixels = 0;
  for (const type of ['video', 'audio'] as const) {
    for (const [name, rendition] of renditionsOf(catalog, type)) {
      // A rendition may live in another broadcast; that one's catalog says what it is.
      if (typeof rendition['broadcast'] === 'string') continue;
      types.set(name, type);
      const family = codecFamily(rendition['codec']);
      const [width, height] = [pixelsOf(rendition['codedWidth']), pixelsOf(rendition['codedHeight'])];
      if (type === 'audio') {
        if (media.audio_codec === 'none') media.audio_codec = family;
      } else if (media.video_codec === 'none' || width * height > pixels) {
        pixels = width * height;
        media.video_codec = family;
        media.resolution = pixels > 0 ? `${width}x${height}` : 'unknown';
      }
    }
  }
  return { types, media };
}

function renditionsOf(catalog: unknown, type: CatalogedType): [name: string, rendition: JsonObject][] {
  const section = isObject(catalog) ? catalog[type] : undefined;
  const renditions = isObject(section) ? section['renditions'] : undefined;
  if (!isObject(renditions)) return [];
  return Object.entries(renditions).map(([name, rendition]) => [name, isObject(rendition) ? rendition : {}]);
}

function codecFamily(codec: unknown): string {
  if (typeof codec !== 'string') return 'unknown';
  const family = codec.slice(0, 32).split('.', 1)[0]!.toLowerCase();
  return CODEC_FAMILIES.has(family) ? family : 'other';
}

function pixelsOf(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_PIXELS ? value : 0;
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, merge(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
