import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel } from '../control/channel.ts';
import type { Command, Order, Report } from '../control/messages.ts';
import { signalGroup } from '../supervise/signal-group.ts';
import { backoff } from './backoff.ts';
import type { Service } from './services.ts';

/** How a service is. */
export type ServiceState =
  | { readonly is: 'waiting' | 'starting' }
  | { readonly is: 'up'; readonly seconds: number }
  /** It is not to run, and why. */
  | { readonly is: 'off'; readonly why: string }
  /** It ended by itself and is started again; or it runs, and does not do its work. */
  | { readonly is: 'down'; readonly why: string };

/** Whom a runner tells what. */
export interface RunnerEvents {
  /** A line for the terminal. */
  readonly say: (line: string) => void;
  /** It will never run as things are: the reason, in one line. */
  readonly giveUp: (line: string) => void;
  /** Aborted when everything ends. */
  readonly signal: AbortSignal;
}

/** The code commands exit with when what they were told makes no sense: starting them again would not help. */
const USAGE = 2;

/** How long a service may take until it is ready, in milliseconds. */
const PATIENCE = 60_000;

/** Between two looks at whether a service is ready, in milliseconds. */
const PROBE_INTERVAL = 100;

/** A service that ended this often before it was ready is not waited for any longer: it is tried again on the side. */
const MAX_FAILURES = 3;

/** A service that ran for this long has started well: if it ends later, that is a new story. In milliseconds. */
const STEADY = 30_000;

/** Warnings of one service that are shown in so many milliseconds; the others are in its log. */
const MAX_WARNINGS = 5;
const WARNING_WINDOW = 10_000;

/** Keeps one service running, through its supervisor. */
export class Runner {
  readonly service: Service;
  readonly #log: string;
  readonly #events: RunnerEvents;
  readonly #supervisor = Promise.withResolvers<Channel<Order, Report>>();
  #channel: Channel<Order, Report> | undefined;
  #state: ServiceState = { is: 'waiting' };
  /** Counts what it was told: whoever waits for something under an older number has been overtaken. */
  #turn = 0;
  #command: Command | undefined;
  #pid: number | undefined;
  /** The turn whose readiness is being waited for. */
  #probing: number | undefined;
  #wasUp = false;
  #failures = 0;
  #lastEnd: string | undefined;
  #startedAt = 0;
  #stopped: (() => void) | undefined;
  #warnings = { since: 0, shown: 0 };

  /** @param log the file with everything the service prints, as it is named to the user */
  constructor(service: Service, log: string, events: RunnerEvents) {
    this.service = service;
    this.#log = log;
    this.#events = events;
  }

  get state(): ServiceState {
    return this.#state;
  }

  /** Takes the supervisor's connection. Resolves when the supervisor is gone. */
  async attach(channel: Channel<Order, Report>): Promise<void> {
    this.#channel = channel;
    this.#supervisor.resolve(channel);
    await channel.closed;
    // A supervisor that was killed leaves its service behind.
    this.kill();
  }

  /** Starts the service. Resolves when it does its work, or when it is clear that it does not. */
  async start(): Promise<void> {
    const turn = ++this.#turn;
    this.#state = { is: 'starting' };
    const command = await this.service.command(this.#events.signal);
    const supervisor = await this.#supervisor.promise;
    if (turn !== this.#turn) return;
    if (typeof command === 'string') {
      this.#state = { is: 'off', why: command };
      return;
    }
    this.#command = command;
    this.#failures = 0;
    this.#launch(supervisor);
    await this.#becomeReady(turn, MAX_FAILURES);
  }

  /** Ends the service, if it was ever started. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#turn += 1;
    this.#state = { is: 'waiting' };
    if (!this.#channel) return;
    const stopped = new Promise<void>((resolve) => {
      this.#stopped = resolve;
    });
    this.#channel.send({ type: 'stop' });
    await Promise.race([stopped, this.#channel.closed]);
  }

  /** Has the service read its configuration again, as servers do on this signal. */
  hangUp(): void {
    if (this.#pid !== undefined) process.kill(this.#pid, 'SIGHUP');
  }

  /** Kills what is left of the service. */
  kill(): void {
    if (this.#pid !== undefined) signalGroup(this.#pid, 'SIGKILL');
  }

  /** Takes what the supervisor says. */
  hear(report: Report): void {
    switch (report.type) {
      case 'started':
        this.#pid = report.pid;
        break;
      case 'stopped':
        this.#pid = undefined;
        this.#stopped?.();
        break;
      case 'exited':
        this.#pid = undefined;
        void this.#recover(report);
        break;
      case 'warning':
        this.#warn(report.line);
        break;
    }
  }

  #launch(supervisor: Channel<Order, Report>): void {
    if (!this.#command) return;
    this.#startedAt = performance.now();
    this.#state = { is: 'starting' };
    supervisor.send({ type: 'run', command: this.#command });
  }

  /** Waits until the service does its work, has ended so many times, or has had its time. */
  async #becomeReady(turn: number, failures: number): Promise<boolean> {
    const { signal } = this.#events;
    const end = performance.now() + PATIENCE;
    this.#probing = turn;
    while (turn === this.#turn && !signal.aborted && this.#failures < failures) {
      const ready = this.#state.is === 'starting' && (await this.service.isReady(signal));
      if (turn !== this.#turn) return false;
      // It may have ended while it was asked.
      if (ready && this.#state.is === 'starting') {
        this.#state = { is: 'up', seconds: (performance.now() - this.#startedAt) / 1000 };
        this.#wasUp = true;
        this.#lastEnd = undefined;
        this.#probing = undefined;
        return true;
      }
      if (performance.now() > end) {
        if (this.#state.is === 'starting') {
          this.#state = { is: 'down', why: `not ready after ${PATIENCE / 1000} s` };
          this.#say(`is not ready after ${PATIENCE / 1000} s: see ${this.#log}`);
        }
        break;
      }
      await sleep(PROBE_INTERVAL);
    }
    if (this.#probing === turn) this.#probing = undefined;
    return false;
  }

  /** Starts a service that ended by itself again, after a while. */
  async #recover({ how, code, lastError }: Report & { type: 'exited' }): Promise<void> {
    const { signal, giveUp } = this.#events;
    if (code === USAGE && !this.#wasUp) {
      giveUp(`${this.service.name}: ${lastError || how}`);
      return;
    }
    const turn = this.#turn;
    this.#failures = performance.now() - this.#startedAt > STEADY ? 1 : this.#failures + 1;
    this.#state = { is: 'down', why: how };
    const pause = backoff(this.#failures);
    const why = lastError === '' ? how : `${how} (${lastError})`;
    // What keeps ending in the same way is said once.
    if (why !== this.#lastEnd) this.#say(`${why}, starts again in ${pause / 1000} s: see ${this.#log}`);
    this.#lastEnd = why;
    await sleep(pause, undefined, { ref: false });
    if (turn !== this.#turn || signal.aborted) return;
    this.#launch(await this.#supervisor.promise);
    // Whoever started it still waits for it, and will say so.
    if (this.#probing === turn) return;
    if (await this.#becomeReady(turn, Number.POSITIVE_INFINITY)) this.#say('is up again');
  }

  #warn(line: string): void {
    const now = performance.now();
    if (now - this.#warnings.since > WARNING_WINDOW) this.#warnings = { since: now, shown: 0 };
    this.#warnings.shown += 1;
    if (this.#warnings.shown <= MAX_WARNINGS) this.#say(line);
    else if (this.#warnings.shown === MAX_WARNINGS + 1) this.#say(`says more in ${this.#log}`);
  }

  /** What is said while everything ends is of no interest: peers miss one another then. */
  #say(line: string): void {
    if (!this.#events.signal.aborted) this.#events.say(`${this.service.name}: ${line}`);
  }
}
