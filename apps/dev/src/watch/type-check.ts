import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { printable } from '../supervise/log-lines.ts';

const run = promisify(execFile);

/** How long the compiler may take, in milliseconds. */
const PATIENCE = 60_000;

/** Compiles a package of the workspace. Resolves with its first error, in one line, or nothing. */
export async function typeCheck(
  root: string,
  folder: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    // What was checked before and has not changed is not checked again.
    const memory = join(root, '.cache/types', `${folder.replaceAll('/', '-')}.tsbuildinfo`);
    const remembering = ['--incremental', '--tsBuildInfoFile', memory];
    await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false', ...remembering], {
      cwd: root,
      timeout: PATIENCE,
      signal,
    });
    return undefined;
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    return firstError(output) ?? printable(`${folder}: the compiler failed: ${String(error)}`);
  }
}

/** The first error in the compiler's output, and how many more there are. */
export function firstError(output: string): string | undefined {
  const errors = output.split('\n').filter((line) => /\berror TS\d+: /.test(line));
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return errors[0] && printable(errors[0]) + more;
}
