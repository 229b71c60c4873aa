import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { root } from '../paths.ts';
import { shorten, shortenRules } from './speed.ts';

/** What Prometheus and Alertmanager read in a run. */
export interface StageOptions {
  /** A folder of this run. */
  readonly folder: string;
  /** Which of the files of targets. */
  readonly targets: 'docker' | 'native';
  /** The ports of the targets, by the name of their job. */
  readonly ports: Readonly<Record<string, number>>;
  /** Where Alertmanager sends notifications. */
  readonly webhook: string;
  /** How many times as fast rules and notifications are. */
  readonly speed: number;
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
 * Puts the files of `observability/` that Prometheus and Alertmanager read into a folder of this run: with its ports,
 * its speed, and its own notifications. Files are written in place, so that containers that have them see it.
 */
export async function stage({ folder, targets, ports, webhook, speed }: StageOptions): Promise<void> {
  const write = async (path: string, text: string): Promise<void> => {
    await writeFile(join(folder, path), text);
    // Servers in containers are other users.
    await chmod(join(folder, path), 0o644);
  };
  await mkdir(join(folder, 'targets'), { recursive: true });
  const groups = JSON.parse(await read(`targets/${targets}.json`)) as TargetGroup[];
  await write(`targets/${targets}.json`, JSON.stringify(moveTargets(groups, ports), undefined, 2));
  await write('prometheus.yml', hasten(await read('prometheus.yml'), speed));
  for (const file of ['prometheus-rules.yml', 'prometheus-alerts.yml']) {
    const text = await read(file);
    await write(file, speed === 1 ? text : shortenRules(text, speed));
  }
  await write('alertmanager.yml', redirect(await read('alertmanager.yml'), webhook, speed));
}

function read(path: string): Promise<string> {
  return readFile(join(root, 'observability', path), 'utf8');
}

interface PrometheusConfig {
  readonly global: { readonly evaluation_interval: string };
}

/** Rules are evaluated as much more often. */
function hasten(text: string, speed: number): string {
  if (speed === 1) return text;
  const config = parse(text) as PrometheusConfig;
  const { evaluation_interval } = config.global;
  return stringify({
    ...config,
    global: { ...config.global, evaluation_interval: shorten(evaluation_interval, speed) },
  });
}

/** A part of the tree by which Alertmanager finds who is told. */
interface Route {
  readonly routes?: readonly Route[];
}

interface AlertmanagerConfig {
  readonly route: Route;
  readonly receivers: readonly Readonly<Record<string, unknown>>[];
}

const WAITS = ['group_wait', 'group_interval', 'repeat_interval'] as const;

/** The receiver of what tells other alerts something, and nobody. */
const NOBODY = 'nobody';

/** The same routes, groups and inhibitions, with everybody who would be told replaced by one webhook. */
function redirect(text: string, webhook: string, speed: number): string {
  const config = parse(text) as AlertmanagerConfig;
  const hastened = (route: Route): Route => {
    const waits = WAITS.flatMap((wait) => {
      const value = (route as Readonly<Record<string, unknown>>)[wait];
      return typeof value === 'string' ? [[wait, shorten(value, speed)]] : [];
    });
    return {
      ...route,
      ...Object.fromEntries(waits),
      ...(route.routes && { routes: route.routes.map(hastened) }),
    };
  };
  return stringify({
    ...config,
    route: speed === 1 ? config.route : hastened(config.route),
    receivers: config.receivers.map((receiver) => ({
      name: receiver['name'],
      ...(receiver['name'] !== NOBODY && { webhook_configs: [{ url: webhook, send_resolved: true }] }),
    })),
  });
}
