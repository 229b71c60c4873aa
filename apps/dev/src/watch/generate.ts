import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { printable } from '../supervise/log-lines.ts';

const run = promisify(execFile);

/** The package that dashboards, rules and alerts are generated from. */
export const GENERATOR = 'packages/dashboards';

/** How long generating may take, in milliseconds. */
const PATIENCE = 60_000;

/**
 * Generates dashboards, rules and alerts again; when anything in them cannot work nothing is written. Resolves with the
 * reason, in one line, or nothing.
 */
export async function generate(root: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    await run(process.execPath, ['scripts/generate.ts'], {
      cwd: join(root, GENERATOR),
      timeout: PATIENCE,
      signal,
    });
    return undefined;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    const lines = said.split('\n').filter((line) => line.trim() !== '');
    const reason = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0] ?? String(error);
    return printable(`${GENERATOR}: ${reason}`);
  }
}
