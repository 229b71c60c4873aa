/** A collector in a process of its own, for tests: it can be killed, and started again at the same ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

export class CollectorProcess implements AsyncDisposable {
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #addresses: { readonly url: URL; readonly opsUrl: URL } | undefined;

  /** @param args of `moq-collector`, without its ports */
  private constructor(args: readonly string[]) {
    this.#args = args;
  }

  /** Starts one at free ports. Resolves when it takes reports. */
  static async start(args: readonly string[]): Promise<CollectorProcess> {
    const collector = new CollectorProcess(args);
    await collector.start();
    return collector;
  }

  /** Its OTLP port. */
  get url(): URL {
    return this.#addresses!.url;
  }

  /** Its ops port. */
  get opsUrl(): URL {
    return this.#addresses!.opsUrl;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts it again, where it was. */
  async start(): Promise<void> {
    const { url, opsUrl } = this.#addresses ?? {};
    const ports = ['--port', url?.port ?? '0', '--ops-port', opsUrl?.port ?? '0'];
    const child = spawn(process.execPath, [MAIN, ...ports, ...this.#args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    for await (const line of createInterface(child.stdout)) {
      const { otlp, ops } = JSON.parse(line) as { otlp?: string; ops?: string };
      if (otlp === undefined || ops === undefined) continue;
      this.#addresses = { url: new URL(otlp), opsUrl: new URL(ops) };
      break;
    }
    if (!this.isRunning) throw new Error(`the collector ended with ${child.exitCode ?? child.signalCode}`);
    child.stdout.resume();
  }

  /** Ends it: in whatever it is doing with `SIGKILL`, in order with `SIGTERM`. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.#child!, 'exit');
    this.#child!.kill(signal);
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SIGTERM');
  }
}
