import { join } from 'node:path';
import type { Command } from '../control/messages.ts';
import { answers } from '../stack/probes.ts';
import type { Service, StackOptions, Surroundings } from '../stack/services.ts';
import { bridgeGateway, composeDown, composeReload, composeUp, dockerProblem } from './docker.ts';
import { NativeUnavailableError, type NativeTool, provideNative } from './native.ts';
import { stage } from './stage.ts';

/** How metrics, alerts, and with Docker pictures, logs and traces are had. */
export interface Backends {
  /** What was chosen, and why, in one line. */
  readonly why: string;
  readonly services: readonly Service[];
  /** What the rest of the stack needs to know of them. */
  readonly surroundings: Surroundings;
  /** Puts the configuration together for this run, from the files as they are now. */
  configure(webhook: string): Promise<void>;
  /** Takes away what ending the services has left behind. */
  clear(): Promise<void>;
}

/** What backends are chosen and run by. */
export interface BackendsOptions {
  readonly stack: StackOptions;
  /** A folder of this run. */
  readonly folder: string;
  /** Where executables are kept between runs. */
  readonly cache: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What containers call the machine they run on. */
const HOST = 'host.docker.internal';

/**
 * Chooses how the backends are had: as asked, or by what there is.
 *
 * @throws NativeUnavailableError when a way was asked for that cannot be taken
 */
export async function chooseBackends(options: BackendsOptions): Promise<Backends> {
  const { backend } = options.stack;
  if (backend === 'none') return none();
  if (backend === 'native') return native(options, 'as MOQ_BACKEND says');
  const { say, signal } = options;
  const docker = { environment: process.env, signal, onProgress: say };
  const problem = await dockerProblem(docker);
  if (problem === undefined) return inContainers(options, await bridgeGateway(docker));
  if (backend === 'docker') throw new NativeUnavailableError(`MOQ_BACKEND is docker, and ${problem}`);
  return native(options, `because ${problem}`);
}

function none(): Backends {
  return {
    why: 'Backends: none, as MOQ_BACKEND says.',
    services: [],
    surroundings: { opsHosts: ['127.0.0.1'] },
    configure: async () => {},
    clear: async () => {},
  };
}

function native(options: BackendsOptions, why: string): Backends {
  const { stack, folder, cache, say } = options;
  const ports = { prometheus: stack.prometheusPort, alertmanager: stack.alertmanagerPort };
  const program = (tool: NativeTool, args: readonly string[]) => async (signal: AbortSignal) => {
    try {
      const { path } = await provideNative(tool, { cache, signal, onProgress: say });
      return { executable: path, args, cwd: folder, environment: {} } satisfies Command;
    } catch (error) {
      if (!(error instanceof NativeUnavailableError) || stack.backend === 'native') throw error;
      say(`There is no ${tool}: ${error.message}`);
      return error.message;
    }
  };
  return {
    why: `Backends: native, ${why}.`,
    services: [
      {
        name: 'prometheus',
        after: [],
        rows: [{ what: 'Prometheus', url: `http://localhost:${ports.prometheus}/` }],
        command: program('prometheus', [
          `--config.file=${join(folder, 'prometheus.yml')}`,
          `--storage.tsdb.path=${join(folder, 'prometheus')}`,
          '--storage.tsdb.retention.time=6h',
          '--enable-feature=exemplar-storage',
          `--web.listen-address=127.0.0.1:${ports.prometheus}`,
        ]),
        isReady: (signal) => answers(`${local(ports.prometheus)}/-/ready`, signal),
        reload: async (runner) => runner.hangUp(),
      },
      {
        name: 'alertmanager',
        after: [],
        rows: [{ what: 'Alertmanager', url: `http://localhost:${ports.alertmanager}/` }],
        command: program('alertmanager', [
          `--config.file=${join(folder, 'alertmanager.yml')}`,
          `--storage.path=${join(folder, 'alertmanager')}`,
          `--web.listen-address=127.0.0.1:${ports.alertmanager}`,
          // It is alone, and listens for no others.
          '--cluster.listen-address=',
        ]),
        isReady: (signal) => answers(`${local(ports.alertmanager)}/-/ready`, signal),
        reload: async (runner) => runner.hangUp(),
      },
      {
        name: 'node',
        after: [],
        rows: [{ what: 'node_exporter', url: `http://localhost:${stack.nodePort}/metrics` }],
        command: program('node_exporter', [
          `--web.listen-address=127.0.0.1:${stack.nodePort}`,
          // What every machine has: others log that theirs is missing with every scrape.
          '--collector.disable-defaults',
          ...['cpu', 'filesystem', 'loadavg', 'meminfo', 'netdev'].map((name) => `--collector.${name}`),
          '--log.level=error',
        ]),
        isReady: (signal) => answers(`${local(stack.nodePort)}/`, signal),
      },
    ],
    surroundings: {
      opsHosts: ['127.0.0.1'],
      prometheus: local(ports.prometheus),
      alertmanager: local(ports.alertmanager),
    },
    configure: (webhook) =>
      stage({
        folder,
        targets: 'native',
        ports: {
          'moq-relay': stack.relayOpsPort,
          'moq-collector': stack.collectorOpsPort,
          node: stack.nodePort,
          alertmanager: stack.alertmanagerPort,
        },
        webhook,
        speed: stack.alertSpeed,
      }),
    clear: async () => {},
  };
}

function inContainers({ stack, folder }: BackendsOptions, gateway: string | undefined): Backends {
  const environment = {
    MOQ_STAGE: folder,
    MOQ_PROMETHEUS_PORT: String(stack.prometheusPort),
    MOQ_ALERTMANAGER_PORT: String(stack.alertmanagerPort),
    MOQ_NODE_PORT: String(stack.nodePort),
    MOQ_GRAFANA_PORT: String(stack.grafanaPort),
    MOQ_LOKI_PORT: String(stack.lokiPort),
    MOQ_TEMPO_PORT: String(stack.tempoPort),
    MOQ_TEMPO_OTLP_PORT: String(stack.tempoOtlpPort),
    MOQ_ALLOY_PORT: String(stack.alloyPort),
    MOQ_ALLOY_OTLP_PORT: String(stack.alloyOtlpPort),
  };
  const servers = [
    { what: 'Grafana', port: stack.grafanaPort, health: 'api/health' },
    { what: 'Prometheus', port: stack.prometheusPort, health: '-/ready' },
    { what: 'Alertmanager', port: stack.alertmanagerPort, health: '-/ready' },
    { what: 'Loki', port: stack.lokiPort, health: 'ready' },
    { what: 'Tempo', port: stack.tempoPort, health: 'ready' },
    { what: 'Alloy', port: stack.alloyPort, health: '-/ready' },
    { what: 'node_exporter', port: stack.nodePort, health: '' },
  ];
  return {
    why: 'Backends: containers, because a Docker engine answers.',
    services: [
      {
        name: 'containers',
        after: [],
        rows: servers.map(({ what, port }) => ({ what, url: `http://localhost:${port}/` })),
        command: async () => composeUp(environment),
        isReady: async (signal) => {
          const ready = servers.map(({ port, health }) => answers(`${local(port)}/${health}`, signal));
          return !(await Promise.all(ready)).includes(false);
        },
        reload: () => composeReload(environment, ['prometheus', 'alertmanager']),
      },
    ],
    surroundings: {
      opsHosts: ['127.0.0.1', ...(gateway === undefined ? [] : [gateway])],
      opsAllowedHosts: [HOST],
      prometheus: local(stack.prometheusPort),
      alertmanager: local(stack.alertmanagerPort),
      grafana: `http://localhost:${stack.grafanaPort}`,
      traces: `${local(stack.tempoOtlpPort)}/v1/traces`,
      logs: `${local(stack.lokiPort)}/otlp/v1/logs`,
    },
    configure: async (webhook) => {
      const url = new URL(webhook);
      url.hostname = HOST;
      const ports = { 'moq-relay': stack.relayOpsPort, 'moq-collector': stack.collectorOpsPort };
      await stage({ folder, targets: 'docker', ports, webhook: url.href, speed: stack.alertSpeed });
    },
    clear: () => composeDown(environment),
  };
}

function local(port: number): string {
  return `http://127.0.0.1:${port}`;
}
