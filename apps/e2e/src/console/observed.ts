/** A collector with the built console, Prometheus and Alertmanager: each a process that can be ended and started again. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { eventually, freePort, node, root, type Running, start } from '../process.ts';

/** Everything the console shows, and nothing else. */
export interface Observed extends AsyncDisposable {
  /** The console. */
  readonly console: URL;
  /** Where players report. */
  readonly collector: URL;
  /** The folder of its files. */
  readonly files: string;
  startCollector(): Promise<void>;
  endCollector(): Promise<void>;
  startPrometheus(): Promise<void>;
  endPrometheus(): Promise<void>;
  /** It is away until it is started. */
  startAlertmanager(): Promise<void>;
}

/** How it is started. */
export interface ObservedOptions {
  /** Seconds between two scrapes; 1. */
  readonly scrapeSeconds?: number;
  /** The folder of a Prometheus that has a past; it goes on there. */
  readonly history?: string | undefined;
}

/** Starts a collector that serves the console, and a Prometheus that scrapes it. */
export async function observe({ scrapeSeconds = 1, history }: ObservedOptions = {}): Promise<Observed> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'moq-console-'));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const [dist, prometheusPath, alertmanagerPath, ...ports] = await Promise.all([
    buildConsole(join(folder, 'dist')),
    executable('prometheus'),
    executable('alertmanager'),
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const [port, opsPort, prometheusPort, alertmanagerPort] = ports;
  const prometheusConfig = await configurePrometheus(join(folder, 'prometheus'), opsPort, scrapeSeconds);
  const console = new URL(`http://127.0.0.1:${opsPort}/`);
  const prometheus = `http://127.0.0.1:${prometheusPort}`;
  const alertmanager = `http://127.0.0.1:${alertmanagerPort}`;
  const running: Partial<Record<'collector' | 'prometheus' | 'alertmanager', Running>> = {};
  for (const name of ['collector', 'prometheus', 'alertmanager'] as const) {
    stack.defer(() => running[name]?.[Symbol.asyncDispose]());
  }

  const observed = {
    console,
    collector: new URL(`http://127.0.0.1:${port}/`),
    files: dist,
    async startCollector(): Promise<void> {
      running.collector = start(node, ['packages/collector/src/main.ts'], {
        MOQ_COLLECTOR_PORT: String(port),
        MOQ_COLLECTOR_OPS_PORT: String(opsPort),
        MOQ_COLLECTOR_DATA_DIR: join(folder, 'collector'),
        MOQ_COLLECTOR_PROMETHEUS_URL: prometheus,
        MOQ_COLLECTOR_ALERTMANAGER_URL: alertmanager,
        MOQ_COLLECTOR_CONSOLE: dist,
      });
      await eventually(
        'the collector and its store are ready',
        async () => {
          const response = await fetch(new URL('health', console));
          const { store } = (await response.json()) as { store: { state: string } };
          return store.state === 'ready';
        },
        60_000,
      );
    },
    async endCollector(): Promise<void> {
      await running.collector?.[Symbol.asyncDispose]();
    },
    async startPrometheus(): Promise<void> {
      running.prometheus = start(prometheusPath, [
        `--config.file=${prometheusConfig}`,
        `--storage.tsdb.path=${history ?? join(folder, 'prometheus/data')}`,
        `--web.listen-address=127.0.0.1:${prometheusPort}`,
      ]);
      await eventually('Prometheus is ready', async () => (await fetch(`${prometheus}/-/ready`)).ok, 60_000);
    },
    async endPrometheus(): Promise<void> {
      await running.prometheus?.[Symbol.asyncDispose]();
    },
    async startAlertmanager(): Promise<void> {
      const config = join(folder, 'alertmanager.yml');
      await writeFile(
        config,
        JSON.stringify({ route: { receiver: 'nobody' }, receivers: [{ name: 'nobody' }] }),
      );
      running.alertmanager = start(alertmanagerPath, [
        `--config.file=${config}`,
        `--storage.path=${join(folder, 'alertmanager')}`,
        `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
        '--cluster.listen-address=',
      ]);
      await eventually(
        'Alertmanager is ready',
        async () => (await fetch(`${alertmanager}/-/ready`)).ok,
        60_000,
      );
    },
  };
  await Promise.all([observed.startCollector(), observed.startPrometheus()]);
  const opened = stack.move();
  return { ...observed, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const consoleRoot = dirname(fileURLToPath(import.meta.resolve('@moq-observability/console/package.json')));

async function buildConsole(outDir: string): Promise<string> {
  await build({ root: consoleRoot, logLevel: 'warn', build: { outDir, emptyOutDir: true } });
  return outDir;
}

/** The one that `pnpm dev` uses. */
async function executable(name: 'prometheus' | 'alertmanager'): Promise<string> {
  const running = start(node, ['apps/dev/src/main.ts', 'backend', name]);
  const code = await running.exited;
  const path = running.output().trim().split('\n').at(-1);
  if (code !== 0 || !path) throw new Error(`there is no ${name}:\n${running.output()}`);
  return path;
}

/** Our rules and alerts, and the collector as the only target. */
async function configurePrometheus(folder: string, opsPort: number, seconds: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const rules = ['prometheus-rules.yml', 'prometheus-alerts.yml'];
  for (const name of rules) {
    await writeFile(join(folder, name), await readFile(join(root, 'observability', name)));
  }
  const path = join(folder, 'prometheus.yml');
  await writeFile(
    path,
    JSON.stringify({
      global: {
        scrape_interval: `${seconds}s`,
        scrape_timeout: `${seconds}s`,
        evaluation_interval: `${seconds}s`,
      },
      rule_files: rules,
      scrape_configs: [
        { job_name: 'moq-collector', static_configs: [{ targets: [`127.0.0.1:${opsPort}`] }] },
      ],
    }),
  );
  return path;
}
