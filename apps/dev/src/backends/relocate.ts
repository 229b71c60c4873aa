import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An executable that looks for files in a folder which is compiled into it. */
export interface Rooted {
  /** The executable, from the root of its package. */
  readonly path: string;
  /** The folder, absolute. */
  readonly folder: string;
}

/**
 * Makes an executable out of a package that was unpacked somewhere read its files there instead of from the root of the
 * machine, where only an installation would put them. A path in a Go program is text of a fixed length: its leading
 * slash becomes a trailing one, which makes it relative, and a script starts the program in the right folder. So what
 * the program is told must be absolute.
 *
 * @returns the script, from the root of the package; it is written last
 * @throws Error when the executable has no such folder in it
 */
export async function relocate(root: string, { path, folder }: Rooted): Promise<string> {
  const bytes = await readFile(join(root, path));
  const relative = Buffer.from(`${folder.slice(1)}/`);
  let found = 0;
  for (let at = bytes.indexOf(folder); at >= 0; at = bytes.indexOf(folder, at)) {
    relative.copy(bytes, at);
    found += 1;
  }
  if (found === 0) throw new Error(`${path} does not read ${folder}`);
  const program = `${path}.relocated`;
  await writeExecutable(join(root, program), bytes);
  const script = relocatedPath(path);
  const depth = script.split('/').slice(1).fill('..').join('/');
  await writeExecutable(
    join(root, script),
    `#!/bin/sh\ncd "$(dirname "$0")/${depth}" && exec "./${program}" "$@"\n`,
  );
  return script;
}

/** Where {@link relocate} puts its script. */
export function relocatedPath(path: string): string {
  return `${path}.sh`;
}

/** Written beside its place and moved there, because others may be about to start it. */
async function writeExecutable(path: string, content: string | Buffer): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, content);
  await chmod(part, 0o755);
  await rename(part, path);
}
