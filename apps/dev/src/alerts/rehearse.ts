import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, connectToConductor } from '../control/channel.ts';
import type { Order, Report } from '../control/messages.ts';
import { root } from '../paths.ts';
import { REHEARSAL } from '../stack/conductor.ts';
import type { StackOptions } from '../stack/services.ts';
import { printable } from '../supervise/log-lines.ts';
import { signalGroup } from '../supervise/signal-group.ts';
import { type Means, rehearsals } from './conditions.ts';
import type { Notification } from './notifications.ts';

/** How an alert is rehearsed. */
export interface RehearsalOptions {
  /** Where the stack that runs says where it is. */
  readonly folder: string;
  /** How long to wait for each step, in seconds. */
  readonly patience?: number;
  readonly say: (line: string) => void;
  /** Ends it, and puts everything right. */
  readonly signal: AbortSignal;
}

/** A rehearsal cannot be held, or an alert does not do what it should; the message is one line for the user. */
export class RehearsalError extends Error {
  override readonly name = 'RehearsalError';
  readonly code = 'rehearsal';
}

/** An alert as Prometheus sees it. */
interface ActiveAlert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
}

type Running = StackOptions & { readonly control: string };

/** How long what was started may take to end before it is killed, in milliseconds. */
const GRACE = 3_000;

/** Between two looks at the alerts, in milliseconds. */
const INTERVAL = 250;

/** How long a step may take at the speed of production, in seconds, and how long it may take at any speed. */
const PATIENCE = { production: 30 * 60, least: 90 };

/**
 * Causes what an alert is about in the stack that runs, and tells when the alert is pending, fires, and is delivered;
 * then puts everything right, and tells when that is delivered too.
 *
 * @throws RehearsalError when there is no stack, or a step does not happen in time
 */
export async function rehearse(name: string, options: RehearsalOptions): Promise<void> {
  const running = await find(options.folder);
  const { say, signal } = options;
  const rehearsal = rehearsals[name]!;
  const channel = await connectToConductor<Report, Order>(running.control).catch(nothingUp);
  const told = new OpenNotifications(name);
  const ended = AbortSignal.any([signal, closing(channel)]);
  const patience = patienceOf(running, options);
  const condition = new Condition(running, channel);
  const admitted = Promise.withResolvers<void>();
  channel.listen((order) => {
    if (order.type === 'notified') told.take(order.notification);
    else if (order.type === 'held') condition.held(order.service);
    else if (order.type === 'admitted') admitted.resolve();
  });
  channel.send({ type: 'hello', name: REHEARSAL });
  await Promise.race([admitted.promise, channel.closed]);
  const active = async (states: readonly string[]): Promise<string | undefined> => {
    const found = (await activeAlerts(running, name)).find(({ state }) => states.includes(state));
    return found && labelsOf(found.labels);
  };
  try {
    // Alertmanager tells of nothing that is over and begins again before it has told so.
    const isQuiet = async (): Promise<true | undefined> =>
      (await active(['pending', 'firing'])) === undefined && told.open === undefined ? true : undefined;
    if (!(await isQuiet())) say(`${name} is active: waiting until it is over`);
    await eventually(`${name} is still active`, isQuiet, patience, ended);
    const began = performance.now();
    const step = async (what: string, happened: () => Promise<string | undefined>): Promise<void> => {
      const detail = await eventually(`${name} is not ${what}`, happened, patience, ended);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      say(printable(`${name} ${what} after ${seconds} s${detail && `: ${detail}`}`));
    };
    try {
      say(`${name}: ${rehearsal.does}`);
      await rehearsal.cause(condition);
      await step('pending', () => active(['pending', 'firing']));
      await step('firing', () => active(['firing']));
      await step('delivered', async () => told.open?.summary);
    } finally {
      await condition.end();
    }
    channel.send({ type: 'release' });
    say(`${name}: everything is as it was`);
    await step('resolved', async () => (told.open ? undefined : ''));
  } finally {
    channel.close();
  }
}

/** What Alertmanager has told of an alert, and not yet that it is over. */
class OpenNotifications {
  readonly #name: string;
  readonly #open = new Map<string, Notification>();

  constructor(name: string) {
    this.#name = name;
  }

  take(notification: Notification): void {
    if (notification.name !== this.#name) return;
    const key = JSON.stringify(notification.labels);
    if (notification.status === 'firing') this.#open.set(key, notification);
    else this.#open.delete(key);
  }

  /** The first of them. */
  get open(): Notification | undefined {
    return this.#open.values().next().value;
  }
}

/** What was started and held for a rehearsal. */
class Condition implements Means {
  readonly relay: string;
  readonly collector: string;
  readonly #target: string;
  readonly #channel: Channel<Report, Order>;
  readonly #ends: (() => Promise<unknown>)[] = [];
  readonly #held = new Map<string, () => void>();

  constructor({ relayPort, collectorPort }: Running, channel: Channel<Report, Order>) {
    this.#target = `127.0.0.1:${relayPort}`;
    this.relay = `http://${this.#target}/`;
    this.collector = `http://127.0.0.1:${collectorPort}/`;
    this.#channel = channel;
  }

  /** A service that was to be held has ended. */
  held(service: string): void {
    this.#held.get(service)?.();
  }

  readonly hold: Means['hold'] = async (service) => {
    const held = new Promise<void>((resolve) => this.#held.set(service, resolve));
    this.#channel.send({ type: 'hold', service });
    await Promise.race([held, this.#channel.closed]);
  };

  readonly load: Means['load'] = (...args) => {
    const child = spawn(process.execPath, ['src/main.ts', ...args], {
      cwd: join(root, 'apps/load'),
      stdio: 'ignore',
      detached: true,
    });
    // One that could not be started has ended too.
    const exited = once(child, 'exit').catch(() => {});
    this.#ends.push(async () => {
      if (child.pid === undefined) return;
      signalGroup(child.pid, 'SIGTERM');
      await Promise.race([exited, sleep(GRACE)]);
      signalGroup(child.pid, 'SIGKILL');
    });
  };

  readonly behindProxy: Means['behindProxy'] = async (...faults) => {
    const address = await freeAddress();
    this.load('proxy', '--listen', address, '--target', this.#target, ...faults);
    return `http://${address}/`;
  };

  /** Ends everything that was started. */
  async end(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end()));
  }
}

async function find(folder: string): Promise<Running> {
  const text = await readFile(join(folder, 'stack.json'), 'utf8').catch(nothingUp);
  return JSON.parse(text) as Running;
}

function nothingUp(cause: unknown): never {
  throw new RehearsalError('no stack is up: start "pnpm dev" first, and wait for its table', { cause });
}

async function activeAlerts({ prometheusPort }: Running, name: string): Promise<readonly ActiveAlert[]> {
  const response = await fetch(`http://127.0.0.1:${prometheusPort}/api/v1/alerts`).catch((cause: unknown) => {
    throw new RehearsalError('the stack has no Prometheus', { cause });
  });
  const { data } = (await response.json()) as { data: { alerts: readonly ActiveAlert[] } };
  return data.alerts.filter(({ labels }) => labels['alertname'] === name);
}

/** Labels that tell one alert of a name from another. */
function labelsOf(labels: Readonly<Record<string, string>>): string {
  const own = ['broadcast', 'instance', 'metric', 'reason'].filter((label) => label in labels);
  return own.map((label) => `${label} ${labels[label]}`).join(', ');
}

async function eventually<T>(
  otherwise: string,
  probe: () => Promise<T | undefined>,
  seconds: number,
  signal: AbortSignal,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (signal.aborted) throw new RehearsalError('given up');
    if (performance.now() > end) throw new RehearsalError(`${otherwise} after ${seconds} s`);
    await sleep(INTERVAL, undefined, { signal }).catch(() => {});
  }
}

function patienceOf({ alertSpeed }: Running, { patience }: RehearsalOptions): number {
  return patience ?? Math.max(PATIENCE.least, PATIENCE.production / alertSpeed);
}

/** Aborted when the stack is gone. */
function closing(channel: Channel<Report, Order>): AbortSignal {
  const closed = new AbortController();
  void channel.closed.then(() => closed.abort());
  return closed.signal;
}

async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return `127.0.0.1:${port}`;
}
