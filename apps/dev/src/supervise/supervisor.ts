import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, connectToConductor } from '../control/channel.ts';
import type { Command, Order, Report } from '../control/messages.ts';
import { printable, readLogLine } from './log-lines.ts';
import { signalGroup } from './signal-group.ts';

/** How long a service may take to end before it is killed, in milliseconds. */
const GRACE = 2_000;

/** How long the output of a service that has ended is waited for, in milliseconds. */
const LAST_WORDS = 500;

/** What a supervisor is told when it is started. */
export interface SupervisorOptions {
  /** The service. */
  readonly name: string;
  /** Where the conductor listens. */
  readonly control: string;
  /** The file that gets everything the service prints. */
  readonly log: string;
}

/**
 * Runs one service as the conductor says, and keeps its log. It ends with the conductor, and never leaves the service
 * behind. Resolves when it has ended.
 */
export async function supervise({ name, control, log }: SupervisorOptions): Promise<void> {
  const channel = await connectToConductor<Report, Order>(control);
  const output = createWriteStream(log);
  const service = new Service(channel, output);
  const ended = new Promise<void>((resolve) => {
    channel.listen((order) => {
      if (order.type === 'run') service.run(order.command);
      else if (order.type === 'stop') service.stop();
      else if (order.type === 'end') resolve();
    });
    // Whoever sends a signal here means all of it; the conductor hears of it by the closed connection.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    void channel.closed.then(resolve);
  });
  channel.send({ type: 'hello', name });
  await ended;
  await service.end();
  channel.close();
  output.end();
}

interface Running {
  readonly child: ChildProcess;
  /** How long it may take to end, in milliseconds. */
  readonly grace: number;
  ended: Promise<void>;
  stopping: boolean;
}

class Service {
  readonly #channel: Channel<Report, Order>;
  readonly #output: WriteStream;
  #running: Running | undefined;
  /** Orders are carried out one after another. */
  #last: Promise<void> = Promise.resolve();

  constructor(channel: Channel<Report, Order>, output: WriteStream) {
    this.#channel = channel;
    this.#output = output;
  }

  run(command: Command): void {
    this.#last = this.#replace(this.#last, command);
  }

  stop(): void {
    this.#last = this.#finish(this.#last);
  }

  async end(): Promise<void> {
    this.stop();
    await this.#last;
  }

  async #replace(before: Promise<void>, command: Command): Promise<void> {
    await before;
    await this.#kill();
    this.#start(command);
  }

  async #finish(before: Promise<void>): Promise<void> {
    await before;
    await this.#kill();
    this.#channel.send({ type: 'stopped' });
  }

  #start({ executable, args, cwd, environment, grace = GRACE }: Command): void {
    this.#output.write(`--- ${new Date().toISOString()} ${[executable, ...args].join(' ')}\n`);
    // A process group of its own: a Ctrl-C reaches it in good order, and nothing it started outlives it.
    const child = spawn(executable, args, {
      cwd,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let lastError = '';
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#output.write(`${line}\n`);
        const { isWarning, text } = readLogLine(line);
        if (isWarning || (stream === child.stderr && /error|taken/i.test(text))) lastError = text;
        if (isWarning) this.#channel.send({ type: 'warning', line: text });
      });
    }
    child.once('error', (error) => {
      lastError = printable(error.message);
    });
    const running: Running = { child, grace, ended: Promise.resolve(), stopping: false };
    running.ended = this.#waitFor(running, () => lastError);
    this.#running = running;
    if (child.pid !== undefined) this.#channel.send({ type: 'started', pid: child.pid });
  }

  /** Waits for the end of a service and of all its output, and tells of it unless the service was told to end. */
  async #waitFor(running: Running, lastError: () => string): Promise<void> {
    const { child } = running;
    const closed = new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
    // What it started in its turn must not outlive it, nor keep its output open.
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    await Promise.race([closed, sleep(LAST_WORDS)]);
    child.stdout?.destroy();
    child.stderr?.destroy();
    const { exitCode: code, signalCode } = child;
    const how = signalCode ? `was ended by ${signalCode}` : `exited with code ${code}`;
    this.#output.write(`--- ${how}\n`);
    if (running.stopping) return;
    this.#running = undefined;
    this.#channel.send({ type: 'exited', how, code, lastError: lastError() });
  }

  async #kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    running.stopping = true;
    const { pid } = running.child;
    if (pid === undefined) return;
    signalGroup(pid, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), running.grace);
    await running.ended;
    clearTimeout(timer);
  }
}
