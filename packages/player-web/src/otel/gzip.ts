/** Bodies shorter than this gain nothing worth the work, in characters. */
const WORTH_IT = 1000;

/** Text gzipped; undefined where the browser cannot, or where it gains nothing. Never rejects. */
export async function gzip(text: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (text.length < WORTH_IT || !('CompressionStream' in globalThis)) return undefined;
  try {
    const { readable, writable } = new CompressionStream('gzip');
    const packed = new Response(readable).arrayBuffer();
    const writer = writable.getWriter();
    // What fails here fails there too.
    writer.write(new TextEncoder().encode(text)).catch(() => {});
    writer.close().catch(() => {});
    return new Uint8Array(await packed);
  } catch {
    return undefined; // It can go as it is.
  }
}
