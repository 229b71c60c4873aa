/** Writes what is generated from the schema, or with --check says what is stale. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { schemaJson } from '../src/registry/schema-json.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const files: readonly (readonly [path: string, text: string])[] = [
  [
    fileURLToPath(new URL('../generated/schema.json', import.meta.url)),
    `${JSON.stringify(schemaJson(), null, 2)}\n`,
  ],
];

for (const [path, text] of files) {
  if ((await readFile(path, 'utf8').catch(() => '')) === text) continue;
  if (options.check) {
    console.error(`${relative(root, path)} is stale: run pnpm generate`);
    process.exitCode = 1;
  } else {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    console.log(`${relative(root, path)} is written`);
  }
}
