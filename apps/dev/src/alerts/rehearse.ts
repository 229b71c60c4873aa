import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, connectToConductor } from '../control/channel.ts';
import type { Order, Report } from '../control/messages.ts';
import { root } from '../paths.ts';
import { REHEARSAL } from '../stack/conductor.ts';
import type { StackOptions } from '../stack/services.ts';
import { printable } from '../supervise/log-lines.ts';
import { signalGroup } from '../supervise/signal-group.ts';
import { rehearsals, type Stage } from './conditions.ts';
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

/** Between two looks at the alerts, in milliseconds. */
const INTERVAL = 250;

/** How long a step may take at the speed of production, in seconds, and how long it may take at any speed. */
const PATIENCE = { production: 30 * 60, least: 60 };

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
  if ((await activeAlerts(running, name)).length > 0) {
    throw new RehearsalError(`${name} is active already: wait until it is over`);
  }
  const channel = await connectToConductor<Report, Order>(running.control);
  const told: Notification[] = [];
  const ended = AbortSignal.any([signal, closing(channel)]);
  const began = performance.now();
  const step = async (what: string, happened: () => Promise<string | undefined>): Promise<void> => {
    const detail = await eventually(`${name} is not ${what}`, happened, patienceOf(running, options), ended);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    say(printable(`${name} ${what} after ${seconds} s${detail && `: ${detail}`}`));
  };
  const delivered = (status: Notification['status']) => async (): Promise<string | undefined> =>
    told.find((notification) => notification.status === status)?.summary;
  try {
    const players = new Players(running, channel);
    try {
      channel.listen((order) => {
        if (order.type === 'notified' && order.notification.name === name) told.push(order.notification);
        else if (order.type === 'held') players.held(order.service);
      });
      channel.send({ type: 'hello', name: REHEARSAL });
      say(`${name}: ${rehearsal.does}`);
      await rehearsal.cause(players);
      const active = async (states: readonly string[]): Promise<string | undefined> => {
        const found = (await activeAlerts(running, name)).find(({ state }) => states.includes(state));
        return found && labelsOf(found.labels);
      };
      await step('pending', () => active(['pending', 'firing']));
      await step('firing', () => active(['firing']));
      await step('delivered', delivered('firing'));
    } finally {
      await players.leave();
    }
    // What was held starts again when the channel closes; notifications are wanted until the end.
    channel.send({ type: 'release' });
    say(`${name}: everything is as it was`);
    await step('resolved', delivered('resolved'));
  } finally {
    channel.close();
  }
}

/** What was started and held for a rehearsal. */
class Players implements Stage {
  readonly #running: Running;
  readonly #channel: Channel<Report, Order>;
  readonly #ends: (() => Promise<unknown>)[] = [];
  readonly #held = new Map<string, () => void>();
  #proxy: Promise<string> | undefined;

  constructor(running: Running, channel: Channel<Report, Order>) {
    this.#running = running;
    this.#channel = channel;
  }

  /** A service that was to be held has ended. */
  held(service: string): void {
    this.#held.get(service)?.();
  }

  async hold(service: 'collector' | 'publisher' | 'relay'): Promise<void> {
    const held = new Promise<void>((resolve) => this.#held.set(service, resolve));
    this.#channel.send({ type: 'hold', service });
    await Promise.race([held, this.#channel.closed]);
  }

  async load(...args: readonly string[]): Promise<void> {
    const { relayPort, collectorPort } = this.#running;
    this.#proxy ??= freeAddress();
    const proxy = await this.#proxy;
    const words = args.map((word) =>
      word
        .replace('RELAY', `http://127.0.0.1:${relayPort}/`)
        .replace('COLLECTOR', `http://127.0.0.1:${collectorPort}/`)
        .replace('TARGET', `127.0.0.1:${relayPort}`)
        .replace('PROXY', proxy),
    );
    const child = spawn(process.execPath, ['src/main.ts', ...words], {
      cwd: join(root, 'apps/load'),
      stdio: 'ignore',
      detached: true,
    });
    const exited = once(child, 'exit');
    this.#ends.push(async () => {
      if (child.pid === undefined) return;
      signalGroup(child.pid, 'SIGTERM');
      await Promise.race([exited, sleep(3_000)]);
      signalGroup(child.pid, 'SIGKILL');
    });
  }

  /** Ends everything that was started. */
  async leave(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end()));
  }
}

async function find(folder: string): Promise<Running> {
  const file = join(folder, 'stack.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Running;
  } catch {
    throw new RehearsalError('no stack is up: start "pnpm dev" first, and wait for its table');
  }
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
