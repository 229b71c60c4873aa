import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '../control/messages.ts';
import { root } from '../paths.ts';
import { NativeUnavailableError, provideNative } from './native.ts';

/** How Prometheus is run. */
export interface PrometheusOptions {
  readonly port: number;
  /** The ports of the targets, by the name of their job. */
  readonly targets: Readonly<Record<string, number>>;
  /** A folder of this run, for its configuration and its data. */
  readonly folder: string;
  /** Where executables are kept between runs. */
  readonly cache: string;
  /** Called with a line before anything that takes long. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A group of targets as Prometheus reads it from a file. */
export interface TargetGroup {
  readonly labels: Readonly<Record<string, string>>;
  readonly targets: readonly string[];
}

/** The same targets on the ports of this run. */
export function moveTargets(
  groups: readonly TargetGroup[],
  ports: Readonly<Record<string, number>>,
): readonly TargetGroup[] {
  return groups.map(({ labels, targets }) => {
    const port = ports[labels['job'] ?? ''];
    return {
      labels,
      targets: targets.map((target) => (port ? target.replace(/\d+$/, String(port)) : target)),
    };
  });
}

/**
 * Puts a configuration together for this run. Resolves with the command, or with the reason, in one line, why there
 * is no Prometheus.
 */
export async function preparePrometheus(options: PrometheusOptions): Promise<Command | string> {
  const { port, targets, folder, cache, say, signal } = options;
  try {
    const { path } = await provideNative('prometheus', { cache, signal, onProgress: say });
    const groups = JSON.parse(
      await readFile(join(root, 'observability/targets/native.json'), 'utf8'),
    ) as TargetGroup[];
    await mkdir(join(folder, 'targets'), { recursive: true });
    await copyFile(join(root, 'observability/prometheus.yml'), join(folder, 'prometheus.yml'));
    await writeFile(
      join(folder, 'targets/native.json'),
      JSON.stringify(moveTargets(groups, targets), undefined, 2),
    );
    return {
      executable: path,
      args: [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        '--storage.tsdb.retention.time=6h',
        '--enable-feature=exemplar-storage',
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      cwd: folder,
      environment: {},
    };
  } catch (error) {
    if (error instanceof NativeUnavailableError) return error.message;
    throw error;
  }
}
