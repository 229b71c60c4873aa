import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { NativeUnavailableError, nativeTools, provideNative } from './backends/native.ts';
import { preparePrometheus } from './backends/prometheus.ts';
import { CONTROL_VARIABLE } from './control/channel.ts';
import { root } from './paths.ts';
import { conduct } from './stack/conductor.ts';
import { findPortConflict } from './stack/ports.ts';
import { backends, describeStack, portsOf, serviceNames, type StackOptions } from './stack/services.ts';
import { supervise } from './supervise/supervisor.ts';
import { watchCode } from './watch/watch.ts';

/** Where what was unpacked stays between runs. */
const cache = join(root, '.cache/native');

/** The exit code for what makes no sense as it was asked for. */
const USAGE = 2;

const program = new Command('moq-dev')
  .description('Starts the whole stack for development')
  .showSuggestionAfterError(false)
  .exitOverride();

program
  .command('up', { isDefault: true })
  .description('run everything until Ctrl-C')
  .addOption(port('relay', 'relay: UDP and TCP', 4443))
  .addOption(port('relay-ops', "relay's metrics", 9464))
  .addOption(port('player', 'player page', 5173))
  .addOption(port('collector', 'collector: OTLP', 4318))
  .addOption(port('collector-ops', "collector's metrics", 8889))
  .addOption(port('prometheus', 'Prometheus', 9090))
  .addOption(
    new Option('--viewers <number>', 'viewers in Node')
      .default(2)
      .env('MOQ_DEV_VIEWERS')
      .argParser(integer(0, 1000)),
  )
  .addOption(
    new Option('--backend <way>', 'how Prometheus is had: native is on PATH or out of Debian packages')
      .choices(backends)
      .default('auto')
      .env('MOQ_BACKEND'),
  )
  .addOption(
    new Option('--folder <path>', 'where logs go')
      .default(join(root, '.cache/dev'))
      .env('MOQ_DEV_FOLDER')
      .argParser((path: string) => resolve(path)),
  )
  .allowExcessArguments(false)
  .action(up);

program
  .command('service')
  .description('supervise a part of the stack (a task of turbo)')
  .addArgument(new Argument('<name>', 'which one').choices(serviceNames))
  .action((name: string) =>
    supervise({ name, control: given(CONTROL_VARIABLE), log: join(given('MOQ_DEV_LOGS'), `${name}.log`) }),
  );

program
  .command('watch')
  .description('watch the code of what runs (a task of turbo)')
  .action(() => watchCode({ root, control: given(CONTROL_VARIABLE) }));

program
  .command('backend')
  .description("print the path of a backend's executable, getting it first when it is not there")
  .addArgument(new Argument('<tool>', 'which one').choices(nativeTools))
  .action(async (tool: (typeof nativeTools)[number]) => {
    const { path } = await provideNative(tool, { cache, onProgress: (line) => console.error(line) });
    console.log(path);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  } else if (error instanceof NativeUnavailableError) {
    console.error(error.message);
    process.exitCode = 1;
  } else {
    throw error;
  }
}

function say(line: string): void {
  console.log(line);
}

async function up(options: StackOptions & { readonly folder: string }): Promise<void> {
  const conflict = await findPortConflict(portsOf(options));
  if (conflict !== undefined) {
    console.error(conflict);
    process.exitCode = USAGE;
    return;
  }
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ending.abort());
  const scratch = await mkdtemp(join(tmpdir(), 'moq-dev-'));
  try {
    process.exitCode = await conduct({
      services: describeStack(options, async (signal) => {
        if (options.backend === 'none') return 'MOQ_BACKEND is none';
        const command = await preparePrometheus({
          port: options.prometheusPort,
          targets: { 'moq-relay': options.relayOpsPort, 'moq-collector': options.collectorOpsPort },
          folder: join(scratch, 'prometheus'),
          cache,
          say,
          signal,
        });
        if (typeof command !== 'string') return command;
        if (options.backend === 'native') throw new NativeUnavailableError(command);
        say(`There is no Prometheus: ${command}`);
        return command;
      }),
      logs: join(options.folder, 'logs'),
      scratch,
      say,
      signal: ending.signal,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function port(name: string, description: string, fallback: number): Option {
  const variable = `MOQ_${name.replaceAll('-', '_').toUpperCase()}_PORT`;
  return new Option(`--${name}-port <number>`, description)
    .default(fallback)
    .env(variable)
    .argParser(integer(1, 65_535));
}

function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,6}$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It is a number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** What the conductor tells its tasks by the environment. */
function given(variable: string): string {
  const value = process.env[variable];
  return value ?? program.error('error: this is a part of "pnpm dev": start that instead');
}
