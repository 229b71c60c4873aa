import { readFile } from 'node:fs/promises';
import { setInterval } from 'node:timers/promises';

/** How often it is looked, in milliseconds. */
const INTERVAL = 500;

/** The programs that stand between the user and this process. */
const LAUNCHERS = /^(sh|dash|bash|cmd|pnpm|npm.*|npx.*)$/;

/**
 * Resolves when any of the launchers above this process has gone: `npx` dies of a SIGTERM without passing it on, and
 * leaves the shell, pnpm and everything below it to themselves. Resolves as well when the signal is aborted.
 */
export async function launcherGone(signal: AbortSignal): Promise<void> {
  const launchers = await launchersAbove(process.ppid);
  try {
    for await (const _ of setInterval(INTERVAL, undefined, { signal })) {
      const alive = await Promise.all(launchers.map(describe));
      if (alive.includes(undefined)) return;
    }
  } catch {
    // Aborted: whoever waited no longer cares.
  }
}

/** The processes from this one's parent up to the outermost pnpm, npm or npx. */
async function launchersAbove(pid: number): Promise<readonly number[]> {
  const found: number[] = [];
  let outermost = 0;
  for (let next = pid; next > 1;) {
    const process = await describe(next);
    if (!process || !LAUNCHERS.test(process.name)) break;
    found.push(next);
    if (/^(pnpm|npm|npx)/.test(process.name)) outermost = found.length;
    next = process.parent;
  }
  return found.slice(0, outermost);
}

/** A process' name and parent while it lives, where the system tells (Linux). */
async function describe(
  pid: number,
): Promise<{ readonly name: string; readonly parent: number } | undefined> {
  try {
    const [, name, state, parent] =
      /^\d+ \((.*)\) (\S) (\d+) /s.exec(await readFile(`/proc/${pid}/stat`, 'utf8')) ?? [];
    // A zombie has ended, and only waits for its parent to ask how.
    return name === undefined || state === 'Z' ? undefined : { name, parent: Number(parent) };
  } catch {
    return undefined; // No such process, or no such system: then only signals end the stack.
  }
}
