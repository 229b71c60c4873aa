import { join } from 'node:path';
import { relay } from '@moq-observability/moq-metrics';
import type { Command } from '../control/messages.ts';
import { root } from '../paths.ts';
import type { PortUse } from './ports.ts';
import { answers, sumOfSamples } from './probes.ts';

/** Everything that may run. Each is a task of turbo: `dev:<name>`. */
export const serviceNames = [
  'player',
  'console',
  'relay',
  'collector',
  'prometheus',
  'alertmanager',
  'node',
  'containers',
  'publisher',
  'viewers',
] as const;
/** A part of the stack. */
export type ServiceName = (typeof serviceNames)[number];

/** The folder of the workspace whose code a service runs, and whether it takes changes up by itself. */
export interface ServiceCode {
  readonly folder: string;
  readonly reloads?: boolean;
}

/** The code of the services that are ours. */
export const serviceCode: Readonly<Partial<Record<ServiceName, ServiceCode>>> = {
  relay: { folder: 'packages/relay-node' },
  collector: { folder: 'packages/collector' },
  // Vite sees every change, and reloads the page.
  player: { folder: 'packages/player-web', reloads: true },
  console: { folder: 'apps/console', reloads: true },
  publisher: { folder: 'apps/load' },
  viewers: { folder: 'apps/load' },
};

/**
 * Ways to have the backends: `docker` is containers, `native` is binaries on PATH or out of Debian's packages, `auto`
 * is the first of these that there is.
 */
export const backends = ['auto', 'docker', 'native', 'none'] as const;
/** A way to have the backends. */
type Backend = (typeof backends)[number];

/** What is to be started, and on which ports. */
export interface StackOptions {
  readonly relayPort: number;
  readonly relayOpsPort: number;
  readonly playerPort: number;
  readonly consolePort: number;
  readonly collectorPort: number;
  readonly collectorOpsPort: number;
  readonly prometheusPort: number;
  readonly alertmanagerPort: number;
  readonly nodePort: number;
  readonly grafanaPort: number;
  readonly lokiPort: number;
  readonly tempoPort: number;
  readonly tempoOtlpPort: number;
  readonly alloyPort: number;
  readonly alloyOtlpPort: number;
  /** How many viewers run in Node. */
  readonly viewers: number;
  readonly backend: Backend;
  /** How many times as fast alerts are as they are in production. */
  readonly alertSpeed: number;
}

/** What the stack needs to know of the backends it has. */
export interface Surroundings {
  /** Addresses of the ops ports: those by which the backends reach them. */
  readonly opsHosts: readonly string[];
  /** What else the backends call this machine. */
  readonly opsAllowedHosts?: readonly string[];
  readonly prometheus?: string;
  readonly alertmanager?: string;
  readonly grafana?: string;
  /** Where the collector passes traces and logs on to. */
  readonly traces?: string;
  readonly logs?: string;
}

/** A service that runs, as those who can do something with it see it. */
export interface RunningService {
  /** Has it read its configuration again, as servers do on this signal. */
  hangUp(): void;
}

/** A service: how it is started, and how it is seen that it works. */
export interface Service {
  readonly name: ServiceName;
  /** What must be ready before it is started. */
  readonly after: readonly ServiceName[];
  /** What of it is shown in the table. */
  readonly rows: readonly { readonly what: string; readonly url: string }[];
  /** How it is started, or why it is not; found out when it is its turn. */
  readonly command: (signal: AbortSignal) => Promise<Command | string>;
  /** Whether it does its work. */
  readonly isReady: (signal: AbortSignal) => Promise<boolean>;
  /** Has it take up a configuration that has changed, where it has one. */
  readonly reload?: (running: RunningService) => Promise<void>;
}

/** The channel that is published and viewed. */
const BROADCAST = 'demo/clock.hang';

function use(port: number, purpose: string, variable: string, udp: boolean = false): PortUse {
  return { port, purpose, variable: `MOQ_${variable}_PORT`, udp };
}

/** All ports of the stack. */
export function portsOf(options: StackOptions, services: readonly Service[]): readonly PortUse[] {
  const named = (name: ServiceName): boolean => services.some((service) => service.name === name);
  return [
    use(options.relayPort, 'relay', 'RELAY', true),
    use(options.relayOpsPort, 'relay metrics', 'RELAY_OPS'),
    use(options.playerPort, 'player page', 'PLAYER'),
    use(options.consolePort, 'console', 'CONSOLE'),
    use(options.collectorPort, 'collector', 'COLLECTOR'),
    use(options.collectorOpsPort, 'collector metrics', 'COLLECTOR_OPS'),
    ...(named('prometheus') || named('containers')
      ? [
          use(options.prometheusPort, 'Prometheus', 'PROMETHEUS'),
          use(options.alertmanagerPort, 'Alertmanager', 'ALERTMANAGER'),
          use(options.nodePort, 'node_exporter', 'NODE'),
        ]
      : []),
    ...(named('containers')
      ? [
          use(options.grafanaPort, 'Grafana', 'GRAFANA'),
          use(options.lokiPort, 'Loki', 'LOKI'),
          use(options.tempoPort, 'Tempo', 'TEMPO'),
          use(options.tempoOtlpPort, 'OTLP of Tempo', 'TEMPO_OTLP'),
          use(options.alloyPort, 'Alloy', 'ALLOY'),
          use(options.alloyOtlpPort, 'OTLP of Alloy', 'ALLOY_OTLP'),
        ]
      : []),
  ];
}

/** What is set here when the user has not set it. */
function unlessSet(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !process.env[entry[0]],
    ),
  );
}

/**
 * The services of a stack that are ours.
 *
 * @param folder of this run, for what is kept while it lasts
 */
export function describeStack(
  options: StackOptions,
  surroundings: Surroundings,
  folder: string,
): readonly Service[] {
  const relayUrl = `http://localhost:${options.relayPort}/`;
  const relayOps = `http://127.0.0.1:${options.relayOpsPort}`;
  const collectorOps = `http://127.0.0.1:${options.collectorOpsPort}`;
  const opsHosts = surroundings.opsHosts.join(',');
  const opsAllowedHosts = surroundings.opsAllowedHosts?.join(',');
  const ports = {
    MOQ_RELAY_PORT: String(options.relayPort),
    MOQ_RELAY_OPS_PORT: String(options.relayOpsPort),
    MOQ_PLAYER_PORT: String(options.playerPort),
    MOQ_CONSOLE_PORT: String(options.consolePort),
    MOQ_COLLECTOR_PORT: String(options.collectorPort),
    MOQ_COLLECTOR_OPS_PORT: String(options.collectorOpsPort),
  };
  const node = (
    path: string,
    script: string,
    args: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ): Command => ({
    executable: process.execPath,
    args: [script, ...args],
    cwd: join(root, path),
    environment: { ...ports, ...environment },
  });
  const vite = (path: string, port: number, environment: Readonly<Record<string, string>> = {}): Command =>
    node(
      path,
      'node_modules/vite/bin/vite.js',
      ['--host=127.0.0.1', `--port=${port}`, '--strictPort'],
      environment,
    );
  const load = (...args: readonly string[]): Command =>
    node('apps/load', 'src/main.ts', [
      ...args,
      '--relay',
      `http://127.0.0.1:${options.relayPort}/`,
      '--broadcast',
      BROADCAST,
    ]);

  return [
    {
      name: 'player',
      after: [],
      rows: [{ what: 'player page', url: `http://localhost:${options.playerPort}/` }],
      command: async () => vite('packages/player-web', options.playerPort),
      isReady: (signal) => answers(`http://127.0.0.1:${options.playerPort}/`, signal),
    },
    {
      name: 'console',
      after: [],
      rows: [{ what: 'console', url: `http://localhost:${options.consolePort}/` }],
      command: async () =>
        vite('apps/console', options.consolePort, unlessSet({ MOQ_GRAFANA_URL: surroundings.grafana })),
      isReady: (signal) => answers(`http://127.0.0.1:${options.consolePort}/`, signal),
    },
    {
      name: 'relay',
      after: [],
      rows: [
        { what: 'relay', url: relayUrl },
        { what: 'relay metrics', url: `${relayOps}/metrics` },
      ],
      command: async () =>
        node(
          'packages/relay-node',
          'src/main.ts',
          [],
          unlessSet({
            MOQ_RELAY_OPS_HOST: opsHosts,
            MOQ_RELAY_OPS_ALLOWED_HOSTS: opsAllowedHosts,
            MOQ_RELAY_EXPECTED_BROADCASTS: BROADCAST,
            OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${options.collectorPort}`,
          }),
        ),
      isReady: (signal) => answers(`${relayOps}/health`, signal),
    },
    {
      name: 'collector',
      after: [],
      rows: [
        { what: 'collector', url: `http://localhost:${options.collectorPort}/` },
        { what: 'collector metrics', url: `${collectorOps}/metrics` },
      ],
      command: async () =>
        node(
          'packages/collector',
          'src/main.ts',
          [],
          unlessSet({
            MOQ_COLLECTOR_OPS_HOST: opsHosts,
            MOQ_COLLECTOR_OPS_ALLOWED_HOSTS: opsAllowedHosts,
            // What it keeps outlives a restart for new code, and goes with the stack.
            MOQ_COLLECTOR_DATA_DIR: join(folder, 'collector'),
            MOQ_COLLECTOR_PROMETHEUS_URL: surroundings.prometheus,
            MOQ_COLLECTOR_ALERTMANAGER_URL: surroundings.alertmanager,
            MOQ_COLLECTOR_FORWARD_TRACES: surroundings.traces,
            MOQ_COLLECTOR_FORWARD_LOGS: surroundings.logs,
          }),
        ),
      isReady: (signal) => answers(`${collectorOps}/ready`, signal),
    },
    {
      name: 'publisher',
      after: ['relay'],
      rows: [{ what: 'publisher', url: BROADCAST }],
      command: async () => load('publish'),
      isReady: async (signal) =>
        (await sumOfSamples(`${relayOps}/metrics`, relay.activeStreams.name, signal)) > 0,
    },
    {
      name: 'viewers',
      after: ['publisher'],
      rows: [{ what: 'viewers', url: BROADCAST }],
      command: async () =>
        options.viewers === 0 ? 'MOQ_DEV_VIEWERS is 0' : load('view', '--count', String(options.viewers)),
      isReady: async (signal) =>
        (await sumOfSamples(`${relayOps}/metrics`, relay.activeSubscribers.name, signal)) >= options.viewers,
    },
  ];
}
