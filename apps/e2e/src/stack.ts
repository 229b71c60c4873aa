import type { Metric } from '@moq-observability/moq-metrics';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort, node, type Running, start } from './process.ts';

/** A sample's labels. */
export type SampleLabels = Readonly<Record<string, string>>;

/** The whole stack as `pnpm dev` starts it, on ports of its own. */
export interface Stack extends AsyncDisposable {
  readonly running: Running;
  /** The environment that moved its ports. */
  readonly settings: Readonly<Record<string, string>>;
  readonly relayPort: number;
  readonly relay: string;
  readonly player: string;
  readonly console: string;
  readonly prometheus: string;
  readonly alertmanager: string;
  readonly nodeExporter: string;
  /** The collector's ops port. */
  readonly collector: string;
  /** All ports it listens on. */
  readonly ports: readonly number[];
  /** The relay's own /metrics. */
  relayMetrics(): Promise<string>;
  /** The sum of a metric's samples at the relay's own /metrics, or undefined when there are none. */
  relayValue(metric: Metric, labels: SampleLabels): Promise<number | undefined>;
  /** The same at the collector's own /metrics. */
  collectorValue(
    metric: Metric,
    labels: SampleLabels,
    suffix?: '_count' | '_sum',
  ): Promise<number | undefined>;
  /** The sum of what Prometheus last scraped, or undefined when it has no such series. */
  prometheusValue(
    metric: Metric,
    labels: SampleLabels,
    suffix?: '_count' | '_sum',
  ): Promise<number | undefined>;
}

/** Adds up the samples of one name whose labels include the given ones. */
export function sumOf(exposition: string, name: string, labels: SampleLabels): number | undefined {
  let sum: number | undefined;
  const wanted = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  for (const line of exposition.split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match?.[1] !== name) continue;
    const found: readonly string[] = match[2]?.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? [];
    if (wanted.every((pair) => found.includes(pair))) sum = (sum ?? 0) + Number(match[3]);
  }
  return sum;
}

/** How {@link startStack} starts it. */
export interface StackOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** The root of the workspace it runs from; this one by default. */
  readonly root?: string;
}

/** Starts the stack and waits until it says that all is up. */
export async function startStack({ environment, root }: StackOptions = {}): Promise<Stack> {
  const names = [
    'MOQ_RELAY_PORT',
    'MOQ_RELAY_OPS_PORT',
    'MOQ_PLAYER_PORT',
    'MOQ_CONSOLE_PORT',
    'MOQ_COLLECTOR_PORT',
    'MOQ_COLLECTOR_OPS_PORT',
    'MOQ_PROMETHEUS_PORT',
    'MOQ_ALERTMANAGER_PORT',
    'MOQ_NODE_PORT',
  ] as const;
  const ports = await Promise.all(names.map(() => freePort()));
  const port = (name: (typeof names)[number]): number => ports[names.indexOf(name)]!;
  const folder = await mkdtemp(join(tmpdir(), 'moq-stack-'));
  const settings = {
    ...Object.fromEntries(names.map((name) => [name, String(port(name))])),
    MOQ_BACKEND: 'native',
    MOQ_DEV_FOLDER: folder,
    MOQ_DEV_VIEWERS: '0',
    // A workspace of its own keeps what it compiled itself.
    ...(root !== undefined && { NODE_COMPILE_CACHE: join(root, '.cache/compiled') }),
    ...environment,
  };
  const running = start('pnpm', ['dev'], settings, root);
  const dispose = async (): Promise<void> => {
    await running[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await running.waitFor(/Ctrl-C ends everything/, 120_000);
  } catch (error) {
    await dispose();
    throw error;
  }
  const relayMetrics = async (): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port('MOQ_RELAY_OPS_PORT')}/metrics`);
    return response.text();
  };
  const collector = `http://127.0.0.1:${port('MOQ_COLLECTOR_OPS_PORT')}/`;
  const prometheus = `http://127.0.0.1:${port('MOQ_PROMETHEUS_PORT')}`;
  return {
    running,
    settings,
    relayPort: port('MOQ_RELAY_PORT'),
    relay: `http://127.0.0.1:${port('MOQ_RELAY_PORT')}/`,
    player: `http://127.0.0.1:${port('MOQ_PLAYER_PORT')}/`,
    console: `http://127.0.0.1:${port('MOQ_CONSOLE_PORT')}/`,
    prometheus,
    alertmanager: `http://127.0.0.1:${port('MOQ_ALERTMANAGER_PORT')}`,
    nodeExporter: `http://127.0.0.1:${port('MOQ_NODE_PORT')}`,
    collector,
    ports,
    relayMetrics,
    async collectorValue(metric, labels, suffix = undefined) {
      const response = await fetch(`${collector}metrics`);
      return sumOf(await response.text(), metric.name + (suffix ?? ''), labels);
    },
    relayValue: async (metric, labels) => sumOf(await relayMetrics(), metric.name, labels),
    async prometheusValue(metric, labels, suffix = undefined) {
      const matchers = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
      const query = `sum(${metric.name}${suffix ?? ''}{${matchers.join(',')}})`;
      const response = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
      const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
      const value = data.result[0]?.value[1];
      return value === undefined ? undefined : Number(value);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** Resolves once the relay has announced a broadcast. */
export async function announced(relay: string, broadcast: string): Promise<void> {
  await eventually(`${broadcast} is announced`, async () => {
    const response = await fetch(new URL('announced', relay));
    return (await response.text()).includes(broadcast);
  });
}

/** Starts `moq-load publish` against a relay and waits until the relay has announced the broadcast. */
export async function publish(
  relay: string,
  broadcast: string,
  ...args: readonly string[]
): Promise<Running> {
  const target = ['--relay', relay, '--broadcast', broadcast];
  const running = start(node, ['apps/load/src/main.ts', 'publish', ...target, ...args]);
  await announced(relay, broadcast);
  return running;
}
