/** The only place that touches files. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GeneratedFile } from './files.ts';

/** What is not as it should be: files to write, and the paths of files to remove. */
export interface Staleness {
  readonly write: readonly GeneratedFile[];
  readonly remove: readonly string[];
}

/**
 * Compares what is there with what should be.
 *
 * @param folders those in which nothing else may be
 */
export async function staleness(
  root: string,
  files: readonly GeneratedFile[],
  folders: readonly string[],
): Promise<Staleness> {
  const write: GeneratedFile[] = [];
  for (const file of files) {
    if ((await readIfThere(join(root, file.path))) !== file.text) write.push(file);
  }
  const paths = new Set(files.map(({ path }) => path));
  const there = (await Promise.all(folders.map((folder) => filesIn(root, folder)))).flat();
  return { write, remove: there.filter((path) => !paths.has(path)) };
}

/** Writes and removes what is not as it should be. */
export async function bringUpToDate(root: string, { write, remove }: Staleness): Promise<void> {
  for (const { path, text } of write) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  for (const path of remove) await rm(join(root, path));
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(nothingIfMissing);
}

async function filesIn(root: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(nothingIfMissing);
  return (entries ?? []).filter((entry) => entry.isFile()).map(({ name }) => `${folder}/${name}`);
}

function nothingIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
