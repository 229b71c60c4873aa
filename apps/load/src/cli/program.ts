import { Command, CommanderError } from 'commander';

import { LoadError, messageOf } from '../error.ts';
import { setting } from './options.ts';
import { LOG_LEVELS, type Surroundings } from './process.ts';
import { playersCommand } from './players-command.ts';
import { proxyCommand } from './proxy-command.ts';
import { publishCommand } from './publish-command.ts';
import { viewCommand } from './view-command.ts';

/** What can be wrong with the command line, the environment or a port ends with this code. */
const USAGE = 2;

/**
 * Runs the tool, and says what is wrong in one line.
 *
 * @param args without the program's name
 * @param surround makes what commands need, once it is clear that there is one to run
 * @param writeError writes to stderr
 * @returns the exit code
 */
export async function runProgram(
  args: readonly string[],
  surround: (logLevel: string) => Surroundings,
  writeError: (text: string) => void,
): Promise<number> {
  const program = new Command('moq-load')
    .description(
      'Publishes a synthetic live channel, watches broadcasts, simulates players, and injects faults into the path.',
    )
    .addOption(
      setting('MOQ_LOAD', '--log-level <level>', 'the least that is logged')
        .choices(LOG_LEVELS)
        .default('info'),
    );
  const surroundings = (): Surroundings => surround(program.opts<{ logLevel: string }>().logLevel);
  for (const makeCommand of [publishCommand, viewCommand, playersCommand, proxyCommand]) {
    program.addCommand(makeCommand(surroundings));
  }
  for (const command of [program, ...program.commands]) {
    command
      .allowExcessArguments(false)
      .showSuggestionAfterError(false)
      .exitOverride()
      .configureOutput({ writeErr: writeError });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has said what was wrong, or given the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    writeError(`error: ${messageOf(error)}\n`);
    return error instanceof LoadError && ['option', 'port'].includes(error.code) ? USAGE : 1;
  }
}
