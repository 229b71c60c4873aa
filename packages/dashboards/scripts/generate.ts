/**
 * Writes what is generated from the model, or with --check says what is stale. When anything in the model cannot work
 * nothing is written, and one line says what it is and why.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { reference } from '@moq-observability/moq-metrics/reference';
import type { GeneratedFile } from '../src/generate/files.ts';
import { bringUpToDate, staleness } from '../src/generate/write.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

try {
  // Definitions are checked where they stand, as they are loaded.
  const { generatedFiles, generatedFolders } = await import('../src/generate/files.ts');
  const { model } = await import('../src/model.ts');
  const { usageOf } = await import('../src/check/usage.ts');
  const { checkModel } = await import('../src/check/model.ts');
  const { defaultSite } = await import('../src/site.ts');
  checkModel(model);
  const files: readonly GeneratedFile[] = [
    ...generatedFiles(model, defaultSite),
    { path: 'docs/metrics.md', text: reference(usageOf(model)) },
  ];
  const stale = await staleness(root, files, generatedFolders);
  const paths = [...stale.write.map(({ path }) => path), ...stale.remove];
  if (options.check) {
    for (const path of paths) console.error(`${path} is stale: run pnpm generate`);
    if (paths.length > 0) process.exitCode = 1;
  } else {
    await bringUpToDate(root, stale);
    for (const { path } of stale.write) console.log(`${path} is written`);
    for (const path of stale.remove) console.log(`${path} is removed`);
  }
} catch (error) {
  if (!(error instanceof Error && error.name === 'DefinitionProblem')) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
