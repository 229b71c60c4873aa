import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { relay } from '@moq-observability/moq-metrics';
import { type OutputChunk, build } from 'rolldown';
import { expect, test } from 'vitest';

/** What runs before the first frame, gzipped, in bytes. */
const CORE_BUDGET = 8000;

/** What observing adds to a page that plays in all, gzipped, in bytes. */
const BUDGET = 50_000;

/** What others of the kind weigh, gzipped, in bytes; measured in November 2026. */
const PEERS = { 'Grafana Faro': 40_100, 'mux-embed': 30_800 };

/** What a browser loads of chunks, each compressed on its own, in bytes. */
function weigh(chunks: readonly OutputChunk[]): number {
  return chunks.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
}

test('observing adds at most 8 kB to a page before its first frame, and 50 kB in all', async () => {
  const { output } = await build({
    input: ['index', 'webcodecs'].map((entry) =>
      fileURLToPath(new URL(`../src/${entry}.ts`, import.meta.url)),
    ),
    platform: 'browser',
    write: false,
    output: { minify: true, format: 'esm' },
  });
  const chunks = output.filter((file) => file.type === 'chunk');
  const entry = chunks.find(({ name, isEntry }) => isEntry && name === 'index')!;
  const core = weigh([entry, ...chunks.filter(({ fileName }) => entry.imports.includes(fileName))]);
  const all = weigh(chunks);
  console.log(
    [
      `before the first frame ${core} B gzip, budget ${CORE_BUDGET} B`,
      `in all ${all} B gzip, budget ${BUDGET} B`,
      ...Object.entries(PEERS).map(([name, size]) => `${name} ${size} B`),
    ].join('\n'),
  );
  expect(chunks.map(({ code }) => code).join('')).not.toContain(relay.bytesSent.name);
  expect(core).toBeLessThanOrEqual(CORE_BUDGET);
  expect(all).toBeLessThanOrEqual(BUDGET);
});
