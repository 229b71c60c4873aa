/** A relay as a process of its own, for tests and benchmarks that measure what it takes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Usage, UsageQuestion } from './usage-fixture.ts';

/** A relay that runs elsewhere. */
export interface RelayProcess extends AsyncDisposable {
  /** Where clients reach it. */
  readonly url: URL;
  /** Where operators reach it; empty for one that is not ours. */
  readonly opsUrls: readonly URL[];
  /** Asks what it takes. */
  usage(question?: UsageQuestion): Promise<Usage>;
}

/** How it is started. */
export interface RelayProcessOptions {
  /** The `MOQ_RELAY_*` and `OTEL_*` variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of Node. */
  readonly flags?: readonly string[];
  /** Told of each line of its log. */
  readonly onLine?: (line: string) => void;
  /** Another program, whose first line says where it listens as the relay's does. */
  readonly program?: URL;
}

/** Starts a relay, on any free ports. */
export async function startRelayProcess(options: RelayProcessOptions = {}): Promise<RelayProcess> {
  const program = options.program ?? new URL('main.ts', import.meta.url);
  const usage = new URL('usage-fixture.ts', import.meta.url);
  const flags = ['--expose-gc', ...(options.flags ?? []), '--import', usage.href];
  const child = spawn(process.execPath, [...flags, fileURLToPath(program)], {
    env: {
      PATH: process.env['PATH'],
      MOQ_RELAY_PORT: '0',
      MOQ_RELAY_OPS_PORT: '0',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const ended = once(child, 'close');
  const lines = createInterface(child.stdout!);
  const first = await Promise.race([once(lines, 'line'), ended]);
  const said = JSON.parse(String(first[0])) as { url: string; ops?: readonly string[] };
  lines.on('line', options.onLine ?? (() => {}));
  return {
    url: new URL(said.url),
    opsUrls: (said.ops ?? []).map((url) => new URL(url)),
    usage: async (question = 'usage') => {
      const answer = once(child, 'message');
      child.send(question);
      return ((await answer) as [Usage])[0];
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      const forced = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(forced);
    },
  };
}
