import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { relocate, relocatedPath } from './relocate.ts';

const run = promisify(execFile);

/** The servers and tools of the native backends, by the name their projects give them. */
export const nativeTools = ['prometheus', 'promtool', 'alertmanager', 'amtool', 'node_exporter'] as const;
export type NativeTool = (typeof nativeTools)[number];

interface Source {
  /** What the executable is called on PATH, upstream's name first. */
  readonly names: readonly [upstream: string, ...others: string[]];
  /** The Debian package that has it, and where in it. */
  readonly debian: string;
  readonly path: string;
  /** The folder it reads files from, when it would look for them where only an installation puts them. */
  readonly folder?: string;
}

const sources: Readonly<Record<NativeTool, Source>> = {
  prometheus: { names: ['prometheus'], debian: 'prometheus', path: 'usr/bin/prometheus' },
  promtool: { names: ['promtool'], debian: 'prometheus', path: 'usr/bin/promtool' },
  alertmanager: {
    names: ['alertmanager', 'prometheus-alertmanager'],
    debian: 'prometheus-alertmanager',
    path: 'usr/bin/prometheus-alertmanager',
    folder: '/usr/share/prometheus/alertmanager',
  },
  amtool: { names: ['amtool'], debian: 'prometheus-alertmanager', path: 'usr/bin/amtool' },
  node_exporter: {
    names: ['node_exporter', 'prometheus-node-exporter'],
    debian: 'prometheus-node-exporter',
    path: 'usr/bin/prometheus-node-exporter',
  },
};

/** A backend's executable. */
export interface NativeBinary {
  readonly path: string;
  readonly origin: 'PATH' | 'cache' | 'Debian package';
}

/** A backend's executable cannot be had; the message is one line for the user. */
export class NativeUnavailableError extends Error {
  override readonly name = 'NativeUnavailableError';
  readonly code = 'native_unavailable';
}

/** Where and how to look. */
export interface NativeOptions {
  /** A folder of the project's own; Debian packages are unpacked below it. */
  readonly cache: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Called with a line before anything that takes long. */
  readonly onProgress?: (line: string) => void;
}

async function executable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first of these executables that is on PATH. */
async function onPath(names: readonly string[], environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter(Boolean);
  for (const path of folders.flatMap((folder) => names.map((name) => join(folder, name)))) {
    if (await executable(path)) return path;
  }
  return undefined;
}

/**
 * Downloads a Debian package and unpacks it below `target`, as any user and without installing anything: apt's state
 * stays in the cache too, so that this works where its lists are empty or not ours to refresh.
 */
async function unpack(name: string, target: string, options: NativeOptions): Promise<void> {
  await mkdir(options.cache, { recursive: true });
  const work = await mkdtemp(join(options.cache, 'unpack-'));
  try {
    for (const folder of ['lists/partial', 'archives/partial', 'root']) {
      await mkdir(join(work, folder), { recursive: true });
    }
    const apt = ['-q', '-o', `Dir::State::Lists=${work}/lists`, '-o', `Dir::Cache=${work}`];
    apt.push('-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=');
    const where = {
      cwd: work,
      timeout: 120_000,
      ...(options.environment && { env: options.environment }),
      ...(options.signal && { signal: options.signal }),
    };
    await run('apt-get', [...apt, 'update'], where);
    await run('apt-get', [...apt, 'download', name], where);
    const archive = (await readdir(work)).find((file) => file.endsWith('.deb'));
    if (!archive) throw new Error('apt-get downloaded no package');
    await run('dpkg', ['-x', archive, 'root'], where);
    await rename(join(work, 'root'), target).catch(async (error: NodeJS.ErrnoException) => {
      // Another process was faster: what it put there is the same.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Finds a backend's executable: on PATH, else in the cache, else from Debian's package, unpacked into the cache.
 *
 * @throws NativeUnavailableError when there is none and none can be had
 */
export async function provideNative(tool: NativeTool, options: NativeOptions): Promise<NativeBinary> {
  const { names, debian, path, folder } = sources[tool];
  const environment = options.environment ?? process.env;
  const found = await onPath(names, environment);
  if (found) return { path: found, origin: 'PATH' };
  const target = join(options.cache, debian);
  const cached = join(target, folder === undefined ? path : relocatedPath(path));
  if (await executable(cached)) return { path: cached, origin: 'cache' };
  if (folder !== undefined && (await executable(join(target, path)))) {
    await relocate(target, { path, folder });
    return { path: cached, origin: 'cache' };
  }
  for (const command of ['apt-get', 'dpkg']) {
    if (!(await onPath([command], environment))) {
      throw new NativeUnavailableError(`${names[0]} is not on PATH, and without ${command} it cannot be had`);
    }
  }
  options.onProgress?.(`getting ${names[0]} from Debian's package ${debian} (once)`);
  try {
    await unpack(debian, target, options);
  } catch (cause) {
    options.signal?.throwIfAborted();
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause);
    const line = said.split('\n').find((text) => text.startsWith('E: ')) ?? said.split('\n', 1)[0];
    throw new NativeUnavailableError(
      `${names[0]} is not on PATH, and Debian's package could not be had: ${line}`,
      {
        cause,
      },
    );
  }
  if (folder !== undefined) await relocate(target, { path, folder });
  if (!(await executable(cached))) {
    throw new NativeUnavailableError(`Debian's package ${debian} has no ${path}`);
  }
  return { path: cached, origin: 'Debian package' };
}
