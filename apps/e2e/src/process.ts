import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

/** The root of the workspace. */
export const root: string = fileURLToPath(new URL('../../..', import.meta.url));

/** The Node that runs the tests runs what they start too. */
export const node: string = process.execPath;

/** A process of ours, with what it printed. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  /** Everything it printed so far, both streams. */
  readonly output: () => string;
  /** Resolves with the exit code, or -1 when a signal ended it. */
  readonly exited: Promise<number>;
  /** Sends a signal; does nothing when the process is gone. */
  kill(signal?: NodeJS.Signals): void;
  /** Sends a signal to the process and everything it started. */
  killGroup(signal?: NodeJS.Signals): void;
  /** Resolves with the match once the output matches; rejects on exit or after the time, in milliseconds. */
  waitFor(pattern: RegExp, timeout?: number): Promise<RegExpExecArray>;
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Starts a process in a group of its own, by default from the root of the workspace. */
export function start(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  folder: string = root,
): Running {
  const child: ChildProcess = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...environment },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  let gone = false;
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      gone = true;
      resolve(code ?? -1);
      for (const listener of listeners) listener();
    });
  });
  exited.catch(() => {
    gone = true;
  });
  const running: Running = {
    pid: child.pid ?? 0,
    output: () => output,
    exited,
    kill: (name = 'SIGTERM') => {
      if (!gone) child.kill(name);
    },
    killGroup: (name = 'SIGKILL') => {
      if (child.pid) signalGroup(child.pid, name);
    },
    waitFor: (pattern, timeout = 60_000) =>
      new Promise((resolve, reject) => {
        const finish = (outcome: () => void): void => {
          clearTimeout(timer);
          listeners.delete(look);
          outcome();
        };
        const look = (): void => {
          const match = pattern.exec(output);
          if (match) finish(() => resolve(match));
          else if (gone)
            finish(() => reject(new Error(`${command} ended before ${pattern} appeared:\n${output}`)));
        };
        const timer = setTimeout(
          () =>
            finish(() =>
              reject(new Error(`${command} did not print ${pattern} in ${timeout} ms:\n${output}`)),
            ),
          timeout,
        );
        listeners.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      if (!gone) {
        child.kill('SIGTERM');
        const timer = setTimeout(() => running.killGroup('SIGKILL'), 10_000);
        await exited;
        clearTimeout(timer);
      }
      running.killGroup('SIGKILL');
    },
  };
  return running;
}

/** A TCP port that was free a moment ago, on loopback. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/** Resolves with the first result that is neither undefined nor false; rejects after the time, in milliseconds. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeout = 20_000,
): Promise<T> {
  const end = performance.now() + timeout;
  let last: unknown;
  for (;;) {
    try {
      const result = await probe();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`not within ${timeout} ms: ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
