import { sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watch as watchFiles } from 'chokidar';
import { connectToConductor } from '../control/channel.ts';
import type { Order, Report } from '../control/messages.ts';
import { withProgress } from '../stack/progress.ts';
import { type ServiceCode, serviceCode } from '../stack/services.ts';
import { printable } from '../supervise/log-lines.ts';
import { Changes, isConfiguration, packageOf } from './changes.ts';
import { generate, GENERATOR } from './generate.ts';
import { typeCheck } from './type-check.ts';
import { neededBy, readWorkspace } from './workspace.ts';

/** Editors write files in several steps, and several files at once: changes are collected for so many milliseconds. */
const DEBOUNCE = 150;

/** This package: it cannot start itself again. */
const OWN_FOLDER = 'apps/dev';

/** What the watcher is told when it is started. */
export interface WatchOptions {
  /** The root of the workspace. */
  readonly root: string;
  /** Where the conductor listens. */
  readonly control: string;
}

/**
 * Watches the code of everything that runs. What has changed is compiled, and only if it compiles the conductor is told
 * which services to start again. Dashboards, rules and alerts are generated again, and the conductor is told when the
 * configuration of the backends has changed. Ends with the conductor. Resolves when it has ended.
 */
export async function watchCode({ root, control }: WatchOptions): Promise<void> {
  const channel = await connectToConductor<Report, Order>(control);
  const ending = new AbortController();
  const { signal } = ending;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => ending.abort());
  channel.listen((order) => {
    if (order.type === 'end') ending.abort();
  });
  void channel.closed.then(() => ending.abort());
  channel.send({ type: 'hello', name: 'watch' });

  const say = (line: string): void => channel.send({ type: 'say', line });
  const changes = { restarted: new Changes(), others: new Changes() };
  /** Errors shown since all was well: what is broken in one package shows in those that need it too. */
  const shown = new Set<string>();
  const edited = new Set<string>();
  let reconfigured = false;
  let changed = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => changed.resolve());
  const watcher = watchFiles(['packages', 'apps', 'observability'], {
    cwd: root,
    ignoreInitial: true,
    ignored: (path) => /[/\\](node_modules|dist|\.turbo|\.cache|clips)$/.test(path),
  });
  watcher.on('all', (_event, path) => {
    const file = path.split(sep).join('/');
    const folder = packageOf(file);
    if (isConfiguration(file)) reconfigured = true;
    else if (folder !== undefined) edited.add(folder);
    else return;
    changed.resolve();
  });
  watcher.on('error', (error) => say(`changes are not seen: ${printable(String(error))}`));

  while (!signal.aborted) {
    await changed.promise;
    await sleep(DEBOUNCE, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    changed = Promise.withResolvers<void>();
    const folders = [...edited];
    edited.clear();
    if (folders.length > 0) for (const line of await takeUp(folders)) say(line);
    if (reconfigured) channel.send({ type: 'configured' });
    reconfigured = false;
  }
  await watcher.close();
  channel.close();

  async function takeUp(folders: readonly string[]): Promise<readonly string[]> {
    const packages = await readWorkspace(root).catch((error: unknown) => printable(String(error)));
    // A package.json that is being written: its next change comes.
    if (typeof packages === 'string') return [packages];
    const restarted = neededBy(
      foldersOf(({ reloads }) => !reloads),
      packages,
    );
    const others = neededBy([...foldersOf(({ reloads }) => reloads === true), GENERATOR], packages);
    for (const folder of folders) for (const part of Object.values(changes)) part.add(folder);
    const errors: string[] = [];
    // What is started again comes first; what takes changes up by itself is compiled only to tell of its errors.
    for (const [part, running] of [
      [changes.restarted, restarted],
      [changes.others, others.difference(restarted)],
    ] as const) {
      const settled = part.settle(packages, running, async (folder) => {
        const error = await typeCheck(root, folder, signal);
        return error === undefined && folder === GENERATOR ? generate(root, signal) : error;
      });
      const what = folders.join(', ');
      const progress = (): string => `compiling ${what} and what needs it`;
      const { good, errors: found, mended } = await withProgress(settled, progress, say);
      if (signal.aborted) return [];
      const services = servicesOf(good);
      if (services.length > 0) {
        const because = folders.filter((folder) => good.includes(folder));
        channel.send({ type: 'changed', services, packages: because.length > 0 ? because : mended });
      }
      errors.push(...found);
      // What is broken there is broken for the others too.
      if (part.pending) break;
    }
    const fresh = errors.filter((error) => !shown.has(error));
    for (const error of fresh) shown.add(error);
    if (!changes.restarted.pending && !changes.others.pending) shown.clear();
    return [
      ...fresh.map((error) => `${error}; what runs stays as it is`),
      ...(folders.includes(OWN_FOLDER)
        ? [`${OWN_FOLDER} changed: that is taken up when "pnpm dev" is started again`]
        : []),
    ];
  }
}

/** Folders of the services that are of a kind. */
function foldersOf(isOne: (code: ServiceCode) => boolean): readonly string[] {
  return Object.values(serviceCode)
    .filter(isOne)
    .map(({ folder }) => folder);
}

/** Services that run the code of one of these packages and do not take changes up by themselves. */
function servicesOf(folders: readonly string[]): readonly string[] {
  return Object.entries(serviceCode)
    .filter(([, { folder, reloads }]) => !reloads && folders.includes(folder))
    .map(([name]) => name);
}
