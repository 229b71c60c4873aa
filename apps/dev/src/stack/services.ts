import { join } from 'node:path';
import { relay } from '@moq-observability/moq-metrics';
import type { Command } from '../control/messages.ts';
import { root } from '../paths.ts';
import type { PortUse } from './ports.ts';
import { answers, sumOfSamples } from './probes.ts';

/** Everything that runs. Each is a task of turbo: `dev:<name>`. */
export const serviceNames = ['player', 'relay', 'collector', 'prometheus', 'publisher', 'viewers'] as const;
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
  publisher: { folder: 'apps/load' },
  viewers: { folder: 'apps/load' },
};

/** Ways to get the backends: `native` is binaries on PATH or out of Debian's packages. */
export const backends = ['auto', 'native', 'none'] as const;
/** A way to get the backends. */
type Backend = (typeof backends)[number];

/** What is to be started, and on which ports. */
export interface StackOptions {
  readonly relayPort: number;
  readonly relayOpsPort: number;
  readonly playerPort: number;
  readonly collectorPort: number;
  readonly collectorOpsPort: number;
  readonly prometheusPort: number;
  /** How many viewers run in Node. */
  readonly viewers: number;
  readonly backend: Backend;
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
}

/** The channel that is published and viewed. */
const BROADCAST = 'demo/clock.hang';

/** All ports of the stack. */
export function portsOf(options: StackOptions): readonly PortUse[] {
  const uses: readonly PortUse[] = [
    { port: options.relayPort, purpose: 'relay', variable: 'MOQ_RELAY_PORT', udp: true },
    { port: options.relayOpsPort, purpose: 'relay metrics', variable: 'MOQ_RELAY_OPS_PORT' },
    { port: options.playerPort, purpose: 'player page', variable: 'MOQ_PLAYER_PORT' },
    { port: options.collectorPort, purpose: 'collector', variable: 'MOQ_COLLECTOR_PORT' },
    { port: options.collectorOpsPort, purpose: 'collector metrics', variable: 'MOQ_COLLECTOR_OPS_PORT' },
  ];
  const prometheus = { port: options.prometheusPort, purpose: 'Prometheus', variable: 'MOQ_PROMETHEUS_PORT' };
  return options.backend === 'none' ? uses : [...uses, prometheus];
}

/**
 * The services of a stack.
 *
 * @param prometheus how Prometheus is started, or why it is not
 */
export function describeStack(options: StackOptions, prometheus: Service['command']): readonly Service[] {
  const relayUrl = `http://localhost:${options.relayPort}/`;
  const relayOps = `http://127.0.0.1:${options.relayOpsPort}`;
  const collectorOps = `http://127.0.0.1:${options.collectorOpsPort}`;
  const environment = {
    MOQ_RELAY_PORT: String(options.relayPort),
    MOQ_RELAY_OPS_PORT: String(options.relayOpsPort),
    MOQ_PLAYER_PORT: String(options.playerPort),
    MOQ_COLLECTOR_PORT: String(options.collectorPort),
    MOQ_COLLECTOR_OPS_PORT: String(options.collectorOpsPort),
  };
  const node = (folder: string, script: string, ...args: readonly string[]): Command => ({
    executable: process.execPath,
    args: [script, ...args],
    cwd: join(root, folder),
    environment,
  });
  const load = (...args: readonly string[]): Command =>
    node(
      'apps/load',
      'src/main.ts',
      ...args,
      '--relay',
      `http://127.0.0.1:${options.relayPort}/`,
      '--broadcast',
      BROADCAST,
    );

  return [
    {
      name: 'player',
      after: [],
      rows: [{ what: 'player page', url: `http://localhost:${options.playerPort}/` }],
      command: async () =>
        node(
          'packages/player-web',
          'node_modules/vite/bin/vite.js',
          '--host=127.0.0.1',
          `--port=${options.playerPort}`,
          '--strictPort',
        ),
      isReady: (signal) => answers(`http://127.0.0.1:${options.playerPort}/`, signal),
    },
    {
      name: 'relay',
      after: [],
      rows: [
        { what: 'relay', url: relayUrl },
        { what: 'relay metrics', url: `${relayOps}/metrics` },
      ],
      command: async () => node('packages/relay-node', 'src/main.ts'),
      isReady: (signal) => answers(`${relayOps}/health`, signal),
    },
    {
      name: 'collector',
      after: [],
      rows: [
        { what: 'collector', url: `http://localhost:${options.collectorPort}/` },
        { what: 'collector metrics', url: `${collectorOps}/metrics` },
      ],
      command: async () => node('packages/collector', 'src/main.ts'),
      isReady: (signal) => answers(`${collectorOps}/ready`, signal),
    },
    {
      name: 'prometheus',
      after: [],
      rows: [{ what: 'Prometheus', url: `http://localhost:${options.prometheusPort}/` }],
      command: prometheus,
      isReady: (signal) => answers(`http://127.0.0.1:${options.prometheusPort}/-/ready`, signal),
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
