import type { Clip, ClipTrack } from './clip/clip.ts';
import { LoadError } from './error.ts';

/** The track that lists the others. */
export const CATALOG_TRACK = 'catalog.json';

/** Longest catalog that is read, in bytes. */
const MAX_CATALOG = 256 * 1024;
/** Longest name of a rendition that is looked at. */
const MAX_NAME = 256;
/** Most renditions that are looked at. */
const MAX_RENDITIONS = 64;

/** What every rendition says of itself, in the words of WebCodecs. */
interface Rendition {
  readonly codec: string;
  readonly container: { readonly kind: 'legacy' };
  readonly bitrate: number;
  /** Milliseconds from one frame to the next, which is what a player has to buffer for. */
  readonly jitter: number;
}

/** A catalog in the format of hang: renditions by the name of their track. */
export interface Catalog {
  readonly video: {
    readonly renditions: Readonly<
      Record<
        string,
        Rendition & {
          readonly codedWidth: number;
          readonly codedHeight: number;
          readonly framerate: number;
          readonly optimizeForLatency: boolean;
        }
      >
    >;
  };
  readonly audio?: {
    readonly renditions: Readonly<
      Record<string, Rendition & { readonly sampleRate: number; readonly numberOfChannels: number }>
    >;
  };
}

/** The catalog of a clip. */
export function makeCatalog({ tracks }: Clip): Catalog {
  const video = tracks.flatMap((track) =>
    track.kind === 'video'
      ? [
          [
            track.name,
            {
              ...describe(track),
              codedWidth: track.width,
              codedHeight: track.height,
              framerate: track.frameRate,
              optimizeForLatency: true,
            },
          ] as const,
        ]
      : [],
  );
  const audio = tracks.flatMap((track) =>
    track.kind === 'audio'
      ? [
          [
            track.name,
            { ...describe(track), sampleRate: track.sampleRate, numberOfChannels: track.channels },
          ] as const,
        ]
      : [],
  );
  return {
    video: { renditions: Object.fromEntries(video) },
    ...(audio.length > 0 ? { audio: { renditions: Object.fromEntries(audio) } } : {}),
  };
}

function describe({ codec, bitrate, frameRate }: ClipTrack): Rendition {
  return { codec, container: { kind: 'legacy' }, bitrate, jitter: Math.ceil(1000 / frameRate) };
}

/** A track that a catalog lists. */
export interface CatalogTrack {
  readonly name: string;
  readonly kind: 'video' | 'audio';
}

/**
 * The tracks of a catalog, in its order, the video first.
 *
 * @throws LoadError `catalog` when it is none.
 */
export function readCatalog(payload: Uint8Array): CatalogTrack[] {
  if (payload.length > MAX_CATALOG)
    throw new LoadError('catalog', `a catalog of ${payload.length} bytes is too long`);
  let catalog: unknown;
  try {
    catalog = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    throw new LoadError('catalog', 'the catalog is no JSON', { cause: error });
  }
  const tracks = (['video', 'audio'] as const).flatMap((kind) => {
    const renditions = member(member(catalog, kind), 'renditions');
    const names = Object.keys(renditions ?? {}).filter(({ length }) => length <= MAX_NAME);
    return names.map((name) => ({ name, kind }));
  });
  return tracks.slice(0, MAX_RENDITIONS);
}

function member(value: unknown, name: string): object | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'object' && found !== null ? found : undefined;
}
