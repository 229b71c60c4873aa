/** The running stack, for tests: a relay, a publisher, viewers, a collector and players, and a Prometheus that scrapes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { alertRules, recordingRules } from '../emit/prometheus.ts';
import type { Model } from '../model.ts';
import { defaultSite } from '../site.ts';
import { freePort, type Server, startServer } from './server.ts';
import { root } from './tool.ts';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';

/** What runs. */
export interface Stack extends AsyncDisposable {
  readonly prometheus: Server;
  /** The broadcast that is published and watched. */
  readonly broadcast: string;
}

const BROADCAST = 'demo/clock.hang';

/** Starts everything; Prometheus scrapes every second, and evaluates as often. */
export async function startStack({ ruleGroups, alerts }: Model): Promise<Stack> {
  await using started = new AsyncDisposableStack();
  const run = (script: string, args: readonly string[]): void => {
    started.use(program(script, args));
  };
  const [relay, relayOps, otlp, ops] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  run('packages/relay-node/src/main.ts', [
    `--port=${relay}`,
    `--ops-port=${relayOps}`,
    `--expected-broadcasts=${BROADCAST}`,
  ]);
  run('packages/collector/src/main.ts', [`--port=${otlp}`, `--ops-port=${ops}`, '--store=off']);
  await Promise.all([
    answers(`http://127.0.0.1:${relayOps}/health`),
    answers(`http://127.0.0.1:${ops}/ready`),
  ]);
  const prometheus = started.use(
    await startServer(
      'prometheus',
      configuration({ 'moq-relay': relayOps, 'moq-collector': ops }),
      ['--enable-feature=exemplar-storage'],
      async (folder) => {
        const often = ruleGroups.map((group) => ({ ...group, interval: '1s' as const }));
        await writeFile(join(folder, 'rules.yml'), JSON.stringify(recordingRules(often)));
        await writeFile(join(folder, 'alerts.yml'), JSON.stringify(alertRules(alerts, defaultSite)));
      },
    ),
  );
  const load = 'apps/load/src/main.ts';
  const channel = [`--relay=http://127.0.0.1:${relay}/`, `--broadcast=${BROADCAST}`];
  run(load, ['publish', ...channel]);
  await answers(`http://127.0.0.1:${relay}/announced`, BROADCAST);
  run(load, ['view', ...channel, '--count=2', '--transport=webtransport']);
  // They come and go, as viewers do.
  run(load, [
    'players',
    `--collector=http://127.0.0.1:${otlp}/`,
    `--broadcast=${BROADCAST}`,
    '--count=20',
    '--interval=2s',
    '--reloads=20%',
  ]);
  const all = started.move();
  return { prometheus, broadcast: BROADCAST, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function configuration(targets: Readonly<Record<string, number>>): string {
  return JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yml', 'alerts.yml'],
    scrape_configs: Object.entries(targets).map(([job_name, port]) => ({
      job_name,
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    })),
  });
}

function program(script: string, args: readonly string[]): AsyncDisposable {
  const child: ChildProcess = spawn(process.execPath, [join(root, script), ...args], {
    cwd: root,
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}

async function answers(url: string, text = ''): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const body = await fetch(url).then(
      (response) => (response.ok ? response.text() : undefined),
      () => undefined,
    );
    if (body?.includes(text)) return;
    await sleep(100);
  }
  throw new Error(`${url} does not answer${text && ` with ${text}`}`);
}
