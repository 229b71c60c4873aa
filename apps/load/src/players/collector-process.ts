import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Where a collector is reached. */
export interface CollectorAddress {
  readonly otlp: URL;
  readonly ops: URL;
}

/** A collector in a process of its own, which can be killed and started again at the same ports. For tests. */
export class CollectorProcess implements AsyncDisposable {
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #address: CollectorAddress | undefined;

  /** @param args of `moq-collector`, without its ports */
  constructor(args: readonly string[]) {
    this.#args = args;
  }

  /** Where it is, since it was started. */
  get address(): CollectorAddress {
    if (!this.#address) throw new Error('the collector was not started');
    return this.#address;
  }

  /** Starts it, on free ports at first and on the same ones from then on. Resolves when it takes reports. */
  async start(): Promise<void> {
    const main = fileURLToPath(new URL('main.ts', import.meta.resolve('@moq-observability/collector')));
    const { otlp, ops } = this.#address ?? {};
    const ports = ['--port', otlp?.port ?? '0', '--ops-port', ops?.port ?? '0'];
    const child = spawn(process.execPath, [main, ...ports, ...this.#args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    for await (const line of createInterface(child.stdout)) {
      const said = JSON.parse(line) as Record<string, string>;
      if (said['otlp'] === undefined || said['ops'] === undefined) continue;
      this.#address = { otlp: new URL(said['otlp']), ops: new URL(said['ops']) };
      break;
    }
    if (child.exitCode !== null) throw new Error(`the collector ended with code ${child.exitCode}`);
    child.stdout.resume();
  }

  /** Kills it in whatever it is doing. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** A page of its ops port. */
  async text(path: string, accept = '*/*'): Promise<string> {
    const response = await fetch(new URL(path, this.address.ops), { headers: { accept } });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response.text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
