/** Servers of Prometheus and Alertmanager, for tests: on the loopback only, in a folder of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { backend } from './tool.ts';

/** A server that answers. */
export interface Server extends AsyncDisposable {
  readonly url: string;
  /** Its own folder; it goes with the server. */
  readonly folder: string;
}

/** A port nobody listens at. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/**
 * Starts Prometheus or Alertmanager with a configuration, and waits until it is ready.
 *
 * @param settle what else is to be put into its folder before it starts; its data are in `data`
 */
export async function startServer(
  name: 'alertmanager' | 'prometheus',
  configuration: string,
  options: readonly string[] = [],
  settle: (folder: string) => Promise<unknown> = async () => {},
): Promise<Server> {
  const executable = await backend(name);
  const folder = await mkdtemp(join(tmpdir(), `moq-${name}-`));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const file = join(folder, `${name}.yml`);
  await writeFile(file, configuration);
  await settle(folder);
  const data = name === 'prometheus' ? '--storage.tsdb.path' : '--storage.path';
  const alone = name === 'alertmanager' ? ['--cluster.listen-address='] : [];
  const child = spawn(
    executable,
    [
      `--config.file=${file}`,
      `${data}=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...alone,
      ...options,
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said = `${said}${text.toString()}`.slice(-4000)));
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill();
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${said}`);
      const ready = await fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) break;
      await sleep(50);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, folder, [Symbol.asyncDispose]: stop };
}
