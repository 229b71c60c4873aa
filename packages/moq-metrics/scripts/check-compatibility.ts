/**
 * Holds the schema against the last released one: what breaks those who use it needs a changeset that says major.
 * With --release the schema as it is becomes the last released one.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { announcedLevel, compare } from '../src/registry/compatibility.ts';
import { type SchemaJson, schemaJson } from '../src/registry/schema-json.ts';

const NAME = '@moq-observability/moq-metrics';
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const released = path('../generated/released.json');
const { values: options } = parseArgs({ options: { release: { type: 'boolean', default: false } } });

if (options.release) {
  await writeFile(released, `${JSON.stringify(schemaJson(), null, 2)}\n`);
} else {
  const before = JSON.parse(await readFile(released, 'utf8')) as SchemaJson;
  const changesets = path('../../../.changeset');
  const files = (await readdir(changesets)).filter((name) => name.endsWith('.md'));
  const texts = await Promise.all(files.map((name) => readFile(`${changesets}/${name}`, 'utf8')));
  const breaking = compare(before, schemaJson()).filter(({ level }) => level === 'major');
  if (breaking.length > 0 && announcedLevel(texts, NAME) !== 'major') {
    for (const { message } of breaking) console.error(message);
    console.error(
      `This breaks those who use the released schema: add a changeset that says "${NAME}": major`,
    );
    process.exitCode = 1;
  }
}
