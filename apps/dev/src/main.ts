import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { rehearsals } from './alerts/conditions.ts';
import { listenForNotifications, type Notification } from './alerts/notifications.ts';
import { rehearse, RehearsalError } from './alerts/rehearse.ts';
import { chooseBackends } from './backends/backends.ts';
import { NativeUnavailableError, nativeTools, provideNative } from './backends/native.ts';
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
  .addOption(port('console', 'console', 4000))
  .addOption(port('collector', 'collector: OTLP', 4318))
  .addOption(port('collector-ops', "collector's metrics and API", 8889))
  .addOption(port('prometheus', 'Prometheus', 9090))
  .addOption(port('alertmanager', 'Alertmanager', 9093))
  .addOption(port('node', 'node_exporter', 9100))
  .addOption(port('grafana', 'Grafana, in containers', 3000))
  .addOption(port('loki', 'Loki, in containers', 3100))
  .addOption(port('tempo', 'Tempo, in containers', 3200))
  .addOption(port('tempo-otlp', 'OTLP of Tempo, in containers', 14_318))
  .addOption(port('alloy', 'Alloy, in containers', 12_345))
  .addOption(port('alloy-otlp', 'OTLP of Alloy, in containers', 24_318))
  .addOption(
    new Option('--viewers <number>', 'viewers in Node')
      .default(2)
      .env('MOQ_DEV_VIEWERS')
      .argParser(integer(0, 1000)),
  )
  .addOption(
    new Option(
      '--backend <way>',
      'how Prometheus and the like are had: docker is containers, native is executables on PATH or out of Debian ' +
        'packages, auto is the first of these that there is',
    )
      .choices(backends)
      .default('auto')
      .env('MOQ_BACKEND'),
  )
  .addOption(
    new Option('--alert-speed <number>', 'how many times as fast alerts are as in production')
      .default(1)
      .env('MOQ_ALERT_SPEED')
      .argParser(integer(1, 100)),
  )
  .addOption(folder())
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
  .command('alert')
  .description(
    'cause what an alert is about in the stack that runs, and tell when it fires, is delivered, and is over',
  )
  .addArgument(new Argument('<name>', 'which alert').choices(Object.keys(rehearsals)))
  .addOption(folder())
  .addOption(
    new Option(
      '--patience <seconds>',
      'how long to wait for each step (default: by the speed of alerts)',
    ).argParser(integer(1, 86_400)),
  )
  .addHelpText(
    'after',
    () =>
      `\nWhat is caused:\n${Object.entries(rehearsals)
        .map(([name, { does }]) => `  ${name}: ${does}`)
        .join('\n')}`,
  )
  .action(alert);

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
  } else if (error instanceof NativeUnavailableError || error instanceof RehearsalError) {
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
  const ending = new AbortController();
  const { signal } = ending;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => ending.abort());
  const scratch = await mkdtemp(join(tmpdir(), 'moq-dev-'));
  const listeners = new Set<(notification: Notification) => void>();
  try {
    const backendsFolder = join(scratch, 'backends');
    const chosen = await chooseBackends({ stack: options, folder: backendsFolder, cache, say, signal });
    // Containers of a run that was killed may still have the ports.
    await chosen.clear();
    const services = [...describeStack(options, chosen.surroundings, scratch), ...chosen.services];
    const conflict = await findPortConflict(portsOf(options, services));
    if (conflict !== undefined) {
      console.error(conflict);
      process.exitCode = USAGE;
      return;
    }
    say(chosen.why);
    await using notifications = await listenForNotifications(chosen.surroundings.opsHosts, (notification) => {
      for (const listener of listeners) listener(notification);
    });
    const configure = (): Promise<void> => chosen.configure(notifications.url);
    await configure();
    try {
      process.exitCode = await conduct({
        services,
        logs: join(options.folder, 'logs'),
        scratch,
        whereabouts: { file: join(options.folder, 'stack.json'), content: { ...options } },
        configure,
        onNotification: (listener) => listeners.add(listener),
        say,
        signal,
      });
    } finally {
      await chosen.clear();
    }
  } catch (error) {
    // Ended while it was still looking around.
    if (!signal.aborted) throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function alert(
  name: string,
  options: { readonly folder: string; readonly patience?: number },
): Promise<void> {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ending.abort());
  await rehearse(name, { ...options, say, signal: ending.signal });
}

function folder(): Option {
  return new Option('--folder <path>', 'where logs go, and where it says what runs')
    .default(join(root, '.cache/dev'))
    .env('MOQ_DEV_FOLDER')
    .argParser((path: string) => resolve(path));
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
