import { execFile } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from '../control/messages.ts';
import { root } from '../paths.ts';

const run = promisify(execFile);

/** How long the engine may take to answer, in milliseconds. */
const ANSWER = 5_000;

/** How long getting all images may take, in milliseconds. */
const PULL = 15 * 60_000;

/** How long containers may take to stop before they are killed, in seconds. */
const STOP_SECONDS = 3;

/** What `docker compose` is told by the environment: ports, and where the configuration of this run is. */
export type ComposeEnvironment = Readonly<Record<string, string>>;

/** How Docker is found and asked. */
export interface DockerOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Called with a line before anything that takes long. */
  readonly onProgress: (line: string) => void;
}

/** Everything `docker compose` is told before the command itself. */
const COMPOSE = ['compose', '--file', join(root, 'observability/docker-compose.yml')] as const;

/**
 * Why the backends cannot run in containers, in one line; `undefined` when they can: the engine answers, knows
 * `compose`, and all images are there.
 */
export async function dockerProblem(options: DockerOptions): Promise<string | undefined> {
  const { environment, signal, onProgress } = options;
  const ask = async (args: readonly string[], timeout: number): Promise<string | undefined> => {
    try {
      await run('docker', [...args], { env: environment, timeout, signal, maxBuffer: 1024 * 1024 });
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      return reasonOf(error);
    }
  };
  const engine = await ask(['version', '--format', '{{.Server.Version}}'], ANSWER);
  if (engine === 'ENOENT') return 'docker is not on PATH';
  if (engine !== undefined) return 'no Docker engine answers';
  if ((await ask(['compose', 'version', '--short'], ANSWER)) !== undefined) {
    return 'docker has no compose plugin';
  }
  onProgress('getting container images that are not there yet');
  const images = await ask([...COMPOSE, 'pull', '--quiet', '--policy', 'missing'], PULL);
  return images === undefined ? undefined : `images cannot be had (${images})`;
}

/** How the containers run, as long as the command does. */
export function composeUp(environment: ComposeEnvironment): Command {
  // What these say is of interest here: whether rules and routes are in order. All logs are in Loki.
  const shown = ['prometheus', 'alertmanager'].flatMap((service) => ['--attach', service]);
  return {
    executable: 'docker',
    args: [...COMPOSE, 'up', '--no-color', '--remove-orphans', ...shown, '--timeout', String(STOP_SECONDS)],
    cwd: join(root, 'observability'),
    environment,
    // The engine is given time to stop them, and compose to say so.
    grace: (STOP_SECONDS + 2) * 1000,
  };
}

/** Removes the containers of this and earlier runs. What they stored stays in its volumes. */
export async function composeDown(environment: ComposeEnvironment): Promise<void> {
  await run('docker', [...COMPOSE, 'down', '--timeout', String(STOP_SECONDS)], {
    env: { ...process.env, ...environment },
  }).catch(() => {
    // The engine is gone, and the containers with it.
  });
}

/** Has servers in containers read their configuration again. */
export async function composeReload(
  environment: ComposeEnvironment,
  services: readonly string[],
): Promise<void> {
  await run('docker', [...COMPOSE, 'kill', '--signal', 'SIGHUP', ...services], {
    env: { ...process.env, ...environment },
  });
}

/**
 * The address by which containers reach what listens on this machine, where it is one of this machine's own. With
 * Docker Desktop it is not, and containers reach what listens on loopback.
 */
export async function bridgeGateway({ environment, signal }: DockerOptions): Promise<string | undefined> {
  const format = '{{range .IPAM.Config}}{{.Gateway}} {{end}}';
  const { stdout } = await run('docker', ['network', 'inspect', 'bridge', '--format', format], {
    env: environment,
    timeout: ANSWER,
    signal,
  });
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return stdout
    .trim()
    .split(/\s+/)
    .find((gateway) => own.some(({ address }) => address === gateway));
}

/** What went wrong, in a few words. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, stderr, killed } = error as { code?: unknown; stderr?: unknown; killed?: boolean };
  if (code === 'ENOENT') return code;
  if (killed) return 'no answer in time';
  const lines = String(stderr ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim() ?? `exit code ${String(code)}`;
}
