/** The processes of a benchmark, and how they are spoken to. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RelayProcess } from '../src/relay-process-fixture.ts';
import type { AudienceOrder, AudienceReport } from './audience.ts';

/** The load. */
export class Audience implements Disposable {
  readonly #child: ChildProcess = fork(new URL('audience.ts', import.meta.url), [], { execArgv: [] });

  async ask(order: AudienceOrder): Promise<AudienceReport> {
    const answer = once(this.#child, 'message');
    this.#child.send(order);
    return ((await answer) as [AudienceReport])[0];
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}

/** What a relay took for what it delivered. */
export interface Cost extends AudienceReport {
  /** Processor time, in seconds. */
  readonly cpu: number;
  /** Processor time for each gigabyte delivered, in seconds. */
  readonly cpuPerGigabyte: number;
}

/** Has the audience play for a while, and tells what that took. */
export async function measure(
  audience: Audience,
  relays: readonly RelayProcess[],
  relay: number,
  seconds: number,
): Promise<Cost> {
  const before = await relays[relay]!.usage();
  const report = await audience.ask({ order: 'play', relay, seconds });
  const cpu = (await relays[relay]!.usage()).cpu - before.cpu;
  return { ...report, cpu, cpuPerGigabyte: cpu / (report.bytes / 1e9) };
}

/** Somewhere to export to, which takes everything and looks at nothing. */
export async function startSink(): Promise<Disposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A number on the command line, `--name value`. */
export function argument(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

/** A word on the command line, `--name value`. */
export function word(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** Prints a row of a table. */
export function print(cells: readonly string[]): void {
  console.log(cells.map((cell) => cell.padStart(14)).join(' '));
}
