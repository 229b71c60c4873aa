import { type Command, InvalidArgumentError, Option } from 'commander';

import { TRANSPORTS } from '../connect.ts';
import { LoadError } from '../error.ts';
import { parseBroadcast, parseDuration, parseUrl } from './quantities.ts';

/** What `publish` and `view` have in common. */
export interface ChannelSettings {
  readonly relay: URL;
  readonly broadcast: string;
  readonly transport: (typeof TRANSPORTS)[number];
  /** Milliseconds, `undefined` for ever. */
  readonly duration?: number;
}

/**
 * An option that can be set by an environment variable too.
 *
 * @param prefix of the variable, such as `MOQ_LOAD`
 * @param parse throws a {@link LoadError} that says what is wrong with the value
 */
export function setting<T>(
  prefix: string,
  flags: string,
  description: string,
  parse?: (text: string) => T,
): Option {
  const option = new Option(flags, description);
  option.env(environmentVariable(prefix, option.name()));
  if (parse) option.argParser((text) => parseOrRefuse(parse, text));
  return option;
}

/** An option that is on or off; said without a value it is on. */
export function toggle(prefix: string, name: string, description: string): Option {
  return setting(prefix, `--${name} [yes|no]`, description, parseSwitch).preset('yes').default(false, 'no');
}

/** The environment variable that sets an option. */
export function environmentVariable(prefix: string, name: string): string {
  return `${prefix}_${name.replaceAll('-', '_').toUpperCase()}`;
}

/** Adds what `publish` and `view` have in common. */
export function addChannelOptions(command: Command): Command {
  return command
    .addOption(
      setting('MOQ_LOAD', '--relay <url>', 'the relay', parseUrl).default(
        new URL('http://127.0.0.1:4443/'),
        'http://127.0.0.1:4443/',
      ),
    )
    .addOption(
      setting('MOQ_LOAD', '--broadcast <path>', 'path of the broadcast', parseBroadcast).default(
        'demo/clock.hang',
      ),
    )
    .addOption(
      setting('MOQ_LOAD', '--transport <name>', 'how to reach the relay').choices(TRANSPORTS).default('auto'),
    )
    .addOption(
      setting('MOQ_LOAD', '--duration <time>', 'end after this long (default: never)', parseDuration),
    );
}

function parseSwitch(text: string): boolean {
  if (text === 'yes') return true;
  if (text === 'no') return false;
  throw new LoadError('option', `${JSON.stringify(text)} is neither yes nor no`);
}

/** Words with commas between. */
export function parseList(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
}

function parseOrRefuse<T>(parse: (text: string) => T, text: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof LoadError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}
