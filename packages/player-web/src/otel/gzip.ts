/** Bodies shorter than this gain nothing worth the work, in characters. */
const WORTH_IT = 1000;

/** Text gzipped; undefined where the browser cannot, or where it gains nothing. Never rejects. */
export async function gzip(text: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (text.length < WORTH_IT || !('CompressionStream' in globalThis)) return undefined;
  try {
    const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    return undefined; // It can go as it is.
  }
}
