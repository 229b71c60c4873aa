/** Finds metric names written out in code, tests and configuration: only the schema and what is generated from it may have them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findNames, mayHaveNames } from '../src/registry/names.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
}).split('\n');

let found = 0;
for (const file of files.filter(Boolean)) {
  const text = read(file);
  if (mayHaveNames(file, text)) continue;
  for (const { line, name, key } of findNames(text)) {
    console.error(`${file}:${line}: ${name} is ${key}`);
    found += 1;
  }
}
if (found > 0) {
  console.error(
    `${found} metric names are written out: use the metric objects of @moq-observability/moq-metrics`,
  );
  process.exitCode = 1;
}

function read(file: string): string {
  try {
    return readFileSync(`${root}${file}`, 'utf8');
  } catch (error) {
    // Removed and not committed yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
