import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';

/** What observing adds to a page that plays, gzipped, in bytes. */
const BUDGET = 8000;

test('observing adds at most 8 kB to a page', async () => {
  const { output } = (await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      rolldownOptions: {
        input: fileURLToPath(new URL('../src/index.ts', import.meta.url)),
        preserveEntrySignatures: 'strict',
      },
    },
  })) as Rolldown.RolldownOutput;
  const code = output.flatMap((file) => ('code' in file ? file.code : [])).join('');
  const size = gzipSync(code, { level: 9 }).length;
  console.log(`observePlayer: ${size} B gzip (${code.length} B minified), budget ${BUDGET} B`);
  expect(code).not.toContain('moq_relay_bytes_sent');
  expect(size).toBeLessThanOrEqual(BUDGET);
});
