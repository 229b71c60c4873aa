/** The processes of a benchmark, and how they are spoken to. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RelayProcess } from '../src/relay-process-fixture.ts';
import type { AudienceOrder, AudienceReport, GatherOrder } from './audience.ts';

/** The load. */
export class Audience implements Disposable {
  readonly #child: ChildProcess = fork(new URL('audience.ts', import.meta.url), [], { execArgv: [] });

  /** Connects a publisher and viewers to each of some relays. */
  async gather(order: Omit<GatherOrder, 'order'>): Promise<void> {
    await this.#ask({ order: 'gather', ...order });
  }

  /** Publishes to some of them for a while, to all of these at once; tells what their viewers got. */
  play(seconds: number, relays: readonly number[] = [0]): Promise<readonly AudienceReport[]> {
    return this.#ask({ order: 'play', relays, seconds });
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }

  async #ask(order: AudienceOrder): Promise<readonly AudienceReport[]> {
    const answer = once(this.#child, 'message');
    this.#child.send(order);
    return ((await answer) as [readonly AudienceReport[]])[0];
  }
}

/** What a relay took for what it delivered. */
export interface Cost extends AudienceReport {
  /** Processor time, in seconds. */
  readonly cpu: number;
}

/** Has the audience play for a while at some of the relays, all at once, and tells what that took each of them. */
export async function measure(
  audience: Audience,
  relays: readonly RelayProcess[],
  playing: readonly number[],
  seconds: number,
): Promise<readonly Cost[]> {
  const used = (): Promise<readonly number[]> =>
    Promise.all(playing.map(async (relay) => (await relays[relay]!.usage()).cpu));
  const before = await used();
  const reports = await audience.play(seconds, playing);
  const after = await used();
  return reports.map((report, i) => ({ ...report, cpu: after[i]! - before[i]! }));
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
