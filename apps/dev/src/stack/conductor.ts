import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Notification } from '../alerts/notifications.ts';
import { Channel, CONTROL_VARIABLE } from '../control/channel.ts';
import type { Order, Report } from '../control/messages.ts';
import { root } from '../paths.ts';
import { printable } from '../supervise/log-lines.ts';
import { signalGroup } from '../supervise/signal-group.ts';
import { launcherGone } from './lifeline.ts';
import { withProgress } from './progress.ts';
import { Runner } from './runner.ts';
import { type Service, type ServiceName, serviceNames } from './services.ts';
import { renderTable, type TableRow } from './table.ts';

/** How long everything may take to end before what is left is killed, in milliseconds. */
const GRACE = 8_000;

/** By what name a rehearsal of an alert introduces itself. */
export const REHEARSAL = 'rehearsal';

/** What is conducted. */
export interface ConductorOptions {
  /** In the order of the table. */
  readonly services: readonly Service[];
  /** The folder for logs. */
  readonly logs: string;
  /** A folder of this run, whose path is short enough for a socket. */
  readonly scratch: string;
  /** A file that tells rehearsals where this stack is; there as long as it is up. */
  readonly whereabouts: { readonly file: string; readonly content: Readonly<Record<string, unknown>> };
  /** Puts the configuration of the backends together again, from the files as they are now. */
  readonly configure: () => Promise<void>;
  /** Has a listener told what Alertmanager says. */
  readonly onNotification: (listener: (notification: Notification) => void) => void;
  /** A line for the terminal. */
  readonly say: (line: string) => void;
  /** Ends everything, when aborted. */
  readonly signal: AbortSignal;
}

/**
 * Has turbo start a supervisor for each service, and through them starts the services in order, says when all are up,
 * starts again what ended or changed, and ends everything. Resolves with the exit code when nothing is left running.
 */
export async function conduct(options: ConductorOptions): Promise<number> {
  const conductor = new Conductor(options);
  try {
    await conductor.open();
    await conductor.play();
  } finally {
    await conductor.close();
  }
  return conductor.exitCode;
}

class Conductor {
  exitCode = 0;
  readonly #options: ConductorOptions;
  readonly #ending = new AbortController();
  readonly #runners: ReadonlyMap<ServiceName, Runner>;
  readonly #channels = new Set<Channel<Order, Report>>();
  /** Rehearsals of alerts, which are told of notifications. */
  readonly #rehearsals = new Set<Channel<Order, Report>>();
  /** What Alertmanager has told of, and not yet that it is over. */
  readonly #open = new Map<string, Notification>();
  /** Which rehearsals want a service to be down. */
  readonly #holds = new Map<Runner, Set<Channel<Order, Report>>>();
  readonly #control = createServer((socket) => this.#welcome(new Channel(socket)));
  #turbo: { readonly pid: number | undefined; readonly exited: Promise<unknown> } | undefined;
  /** Changes are taken up one after another. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: ConductorOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#end(0), { once: true });
    options.onNotification((notification) => this.#tell(notification));
    const events = {
      say: options.say,
      giveUp: (line: string): void => this.#end(2, line),
      signal: this.#ending.signal,
    };
    this.#runners = new Map(
      options.services.map((service) => {
        const log = relative(process.cwd(), join(options.logs, `${service.name}.log`));
        return [service.name, new Runner(service, log, events)];
      }),
    );
  }

  /** Listens for the tasks of turbo, and has turbo start them. */
  async open(): Promise<void> {
    const { logs, scratch } = this.#options;
    await mkdir(logs, { recursive: true });
    const path = join(scratch, 'control');
    this.#control.listen(path);
    await once(this.#control, 'listening');

    // In a process group of its own: a Ctrl-C comes here, and everything ends in good order.
    const turbo = spawn(
      join(root, 'node_modules/.bin/turbo'),
      // Every task runs for as long as the stack does, so all of them run at once.
      ['run', 'dev', '--filter=@moq-observability/dev', `--concurrency=${serviceNames.length + 2}`],
      {
        cwd: root,
        env: { ...process.env, [CONTROL_VARIABLE]: path, MOQ_DEV_LOGS: logs },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      },
    );
    const log = createWriteStream(join(logs, 'turbo.log'));
    turbo.stdout.pipe(log);
    turbo.stderr.pipe(log, { end: false });
    const exited = once(turbo, 'exit').catch((error: unknown) => [String(error)]);
    this.#turbo = { pid: turbo.pid, exited };
    void exited.then(([how]) =>
      this.#end(1, `turbo ended (${String(how)}): see ${relative(process.cwd(), join(logs, 'turbo.log'))}`),
    );
    void launcherGone(this.#ending.signal).then(() => this.#end(0));
  }

  /** Starts everything, says so, and goes on until it is to end. */
  async play(): Promise<void> {
    const { say } = this.#options;
    const { signal } = this.#ending;
    const over = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const started = this.#start([...this.#runners.values()]);
    this.#last = withProgress(Promise.race([started, over]), () => `waiting for ${this.#missing()}`, say);
    await this.#last;
    if (!signal.aborted) {
      await this.#publishWhereabouts();
      say(`\n${renderTable(this.#rows())}\n`);
      say(`Logs are in ${relative(process.cwd(), this.#options.logs)}. Ctrl-C ends everything.`);
    }
    await over;
  }

  /** Ends everything, by force where it has to be. */
  async close(): Promise<void> {
    this.#ending.abort();
    await rm(this.#options.whereabouts.file, { force: true });
    this.#control.close();
    await Promise.race([this.#endTasks(), patience()]);
    for (const runner of this.#runners.values()) runner.kill();
    if (this.#turbo?.pid !== undefined) {
      const { pid, exited } = this.#turbo;
      signalGroup(pid, 'SIGTERM');
      await Promise.race([exited, patience()]);
      signalGroup(pid, 'SIGKILL');
    }
  }

  /** Ends services before those they need, and then all tasks at once: turbo kills the others when one ends. */
  async #endTasks(): Promise<void> {
    const runners = [...this.#runners.values()];
    const stopped = new Map<ServiceName, Promise<void>>();
    for (const runner of runners.toReversed()) {
      const { name } = runner.service;
      const before = runners.filter(({ service }) => service.after.includes(name));
      stopped.set(
        name,
        Promise.all(before.map(({ service }) => stopped.get(service.name))).then(() => runner.stop()),
      );
    }
    await Promise.all(stopped.values());
    for (const channel of this.#channels) channel.send({ type: 'end' });
    await Promise.all([...this.#channels].map(({ closed }) => closed));
  }

  #end(code: number, line?: string): void {
    if (this.#ending.signal.aborted) return;
    this.exitCode = code;
    if (line !== undefined) this.#options.say(line);
    this.#ending.abort();
  }

  /** Takes a task of turbo: the supervisor of a service, or the watcher. */
  #welcome(channel: Channel<Order, Report>): void {
    let runner: Runner | undefined;
    this.#channels.add(channel);
    void channel.closed.then(() => this.#seeOff(channel));
    channel.listen((report) => {
      if (report.type === 'hello') {
        runner = this.#runners.get(report.name as ServiceName);
        void runner?.attach(channel);
        if (report.name === REHEARSAL) this.#admit(channel);
      } else if (report.type === 'say') {
        this.#options.say(report.line);
      } else if (report.type === 'changed') {
        this.#last = this.#last.then(() => this.#takeUp(report));
      } else if (report.type === 'configured') {
        this.#last = this.#last.then(() => this.#configure());
      } else if (report.type === 'hold') {
        const held = this.#runners.get(report.service as ServiceName);
        if (held) this.#last = this.#last.then(() => this.#hold(held, channel));
      } else if (report.type === 'release') {
        this.#last = this.#last.then(() => this.#release(channel));
      } else {
        runner?.hear(report);
      }
    });
  }

  /** A rehearsal is told what Alertmanager says, beginning with what it has said. */
  #admit(channel: Channel<Order, Report>): void {
    this.#rehearsals.add(channel);
    for (const notification of this.#open.values()) channel.send({ type: 'notified', notification });
    channel.send({ type: 'admitted' });
  }

  /** Whoever was connected is gone. */
  #seeOff(channel: Channel<Order, Report>): void {
    this.#channels.delete(channel);
    this.#rehearsals.delete(channel);
    this.#last = this.#last.then(() => this.#release(channel));
  }

  async #publishWhereabouts(): Promise<void> {
    const { whereabouts, scratch } = this.#options;
    const content = { ...whereabouts.content, control: join(scratch, 'control') };
    await writeFile(whereabouts.file, JSON.stringify(content, undefined, 2));
  }

  /** Tells of an alert: the terminal, and those who wait for it. */
  #tell(notification: Notification): void {
    const { name, status, severity, summary, labels } = notification;
    const key = JSON.stringify(labels);
    // What is told again, because others of its group have changed, is no news.
    const isNews = this.#open.has(key) !== (status === 'firing');
    if (status === 'firing') this.#open.set(key, notification);
    else this.#open.delete(key);
    const text = status === 'firing' ? `fires (${severity}): ${summary}` : `is over: ${summary}`;
    if (isNews && !this.#ending.signal.aborted) this.#options.say(printable(`alert ${name} ${text}`));
    for (const channel of this.#rehearsals) channel.send({ type: 'notified', notification });
  }

  /** Keeps a service down while a rehearsal wants it. */
  async #hold(runner: Runner, channel: Channel<Order, Report>): Promise<void> {
    if (this.#ending.signal.aborted) return;
    const wanting = this.#holds.get(runner);
    if (wanting) {
      wanting.add(channel);
    } else {
      this.#holds.set(runner, new Set([channel]));
      await runner.stop();
    }
    channel.send({ type: 'held', service: runner.service.name });
  }

  /** Starts what no rehearsal wants to be down any more. */
  async #release(channel: Channel<Order, Report>): Promise<void> {
    const free = [...this.#holds].filter(([, wanting]) => wanting.delete(channel) && wanting.size === 0);
    for (const [runner] of free) this.#holds.delete(runner);
    if (!this.#ending.signal.aborted) await this.#start(free.map(([runner]) => runner));
  }

  /** Has the backends take up a configuration that has changed. */
  async #configure(): Promise<void> {
    try {
      await this.#options.configure();
      const reloaded: string[] = [];
      for (const runner of this.#runners.values()) {
        if (!runner.service.reload || runner.state.is !== 'up') continue;
        await runner.service.reload(runner);
        reloaded.push(runner.service.name);
      }
      if (reloaded.length > 0) this.#options.say(`observability changed: ${reloaded.join(', ')} reloaded`);
    } catch (error) {
      this.#options.say(printable(`observability: ${String(error)}; what runs stays as it is`));
    }
  }

  /** Starts services again whose code has changed. */
  async #takeUp({ services, packages }: Report & { type: 'changed' }): Promise<void> {
    const runners = [...this.#runners.values()].filter(
      (runner) =>
        services.includes(runner.service.name) && runner.state.is !== 'off' && !this.#holds.has(runner),
    );
    const names = runners.map(({ service }) => service.name).join(', ');
    if (names === '' || this.#ending.signal.aborted) return;
    const began = performance.now();
    const again = Promise.all(runners.map((runner) => runner.stop())).then(() => this.#start(runners));
    await withProgress(again, () => `restarting ${names}`, this.#options.say);
    if (this.#ending.signal.aborted) return;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    this.#options.say(`${packages.join(', ')} changed: restarted ${names} in ${seconds} s`);
  }

  /** Starts services, each when those it needs are ready. */
  async #start(runners: readonly Runner[]): Promise<void> {
    const started = new Map<ServiceName, Promise<void>>();
    for (const runner of runners) {
      const { name, after } = runner.service;
      started.set(
        name,
        Promise.all(after.map((other) => started.get(other))).then(() => runner.start()),
      );
    }
    await Promise.all(started.values());
  }

  #missing(): string {
    return [...this.#runners.values()]
      .filter(({ state }) => state.is !== 'up' && state.is !== 'off')
      .map(({ service }) => service.name)
      .join(', ');
  }

  #rows(): TableRow[] {
    return [...this.#runners.values()].flatMap(({ service, state }) =>
      service.rows.map((row) => ({ ...row, state: describe(state) })),
    );
  }
}

/** Resolves when whatever should have ended by now has had its time; keeps nothing alive. */
function patience(): Promise<void> {
  return sleep(GRACE, undefined, { ref: false });
}

function describe(state: Runner['state']): string {
  switch (state.is) {
    case 'up':
      return `up in ${state.seconds.toFixed(1)} s`;
    case 'off':
    case 'down':
      return `${state.is}: ${state.why}`;
    default:
      return state.is;
  }
}
