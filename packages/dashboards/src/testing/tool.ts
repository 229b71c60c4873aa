/** The tools of Prometheus and Alertmanager, for tests: on PATH, or had by the command of the workspace. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The root of the workspace, with a slash at the end. */
export const root: string = fileURLToPath(new URL('../../../../', import.meta.url));

/** Where an executable of a backend is. The first time it may have to be downloaded. */
export async function backend(name: 'alertmanager' | 'amtool' | 'prometheus' | 'promtool'): Promise<string> {
  const { stdout } = await run(process.execPath, [`${root}apps/dev/src/main.ts`, 'backend', name], {
    cwd: root,
  });
  return stdout.trim();
}

/** What a tool says, and whether it was content. */
export interface Verdict {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a tool to its end. */
export async function verdict(executable: string, args: readonly string[], cwd: string): Promise<Verdict> {
  try {
    const { stdout, stderr } = await run(executable, [...args], { cwd, maxBuffer: 32 * 1024 * 1024 });
    return { ok: true, output: stdout + stderr };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { ok: false, output: stdout + stderr || String(error) };
  }
}
