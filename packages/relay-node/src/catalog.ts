/** The track that describes the others. */
export const CATALOG_TRACK = 'catalog.json';

/** Catalogs larger than this are not looked into, in bytes. */
const MAX_CATALOG = 1024 * 1024;

/** What a catalog says a track carries. */
export type CatalogedType = 'video' | 'audio';

type JsonObject = { readonly [key: string]: unknown };

/**
 * Reads the catalog of one group as its frames arrive: the first is a whole catalog, the others are merge patches
 * (RFC 7396) on top of it. Of the catalog only the names of the tracks are looked at.
 */
export class CatalogReader {
  #value: unknown;

  /**
   * Takes in the next frame of the group.
   *
   * @returns what each track carries, or `undefined` when the frame is no part of a catalog
   */
  read(payload: Uint8Array): ReadonlyMap<string, CatalogedType> | undefined {
    if (payload.byteLength > MAX_CATALOG) return undefined;
    try {
      const patch: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
      this.#value = this.#value === undefined ? patch : merge(this.#value, patch);
    } catch {
      // No JSON, or nested too deep: the publisher's mistake, and no reason to treat its media differently.
      return undefined;
    }
    return trackTypes(this.#value);
  }
}

function trackTypes(catalog: unknown): ReadonlyMap<string, CatalogedType> {
  const types = new Map<string, CatalogedType>();
  if (!isObject(catalog)) return types;
  for (const type of ['video', 'audio'] as const) {
    const section = catalog[type];
    const renditions = isObject(section) ? section['renditions'] : undefined;
    if (!isObject(renditions)) continue;
    for (const [name, rendition] of Object.entries(renditions)) {
      // A rendition may live in another broadcast; that one's catalog says what it is.
      const elsewhere = isObject(rendition) && typeof rendition['broadcast'] === 'string';
      if (!elsewhere) types.set(name, type);
    }
  }
  return types;
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
