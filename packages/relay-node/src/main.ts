#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { pino } from 'pino';
import type { RelayOptions } from './config.ts';
import { RelayError } from './errors.ts';
import { createRelay } from './relay.ts';
import { routeConsole } from './telemetry/console.ts';

/** What can be wrong with the command line or the environment ends with this code. */
const USAGE = 2;

/** How long the process may take to end once it was asked to, in milliseconds. */
const STOP_LIMIT = 5000;

type Settings = RelayOptions & { readonly logLevel: string };

const program = new Command('moq-relay-node')
  .description('Relays Media over QUIC, and tells everything that matters about every stream.')
  .addOption(setting('host <address>', 'address that clients reach it at', '127.0.0.1'))
  .addOption(
    setting('port <number>', 'port for UDP (QUIC) and TCP (HTTP, WebSocket)', 4443).argParser(parsePort),
  )
  .addOption(
    setting('ops-host <addresses>', 'addresses of the ops port, with commas between', [
      '127.0.0.1',
    ]).argParser(parseList),
  )
  .addOption(setting('ops-port <number>', 'port of metrics and health', 9464).argParser(parsePort))
  .addOption(
    setting(
      'ops-allowed-hosts <names>',
      'further names the ops port answers to, with commas between',
    ).argParser(parseList),
  )
  .addOption(setting('ops-token <token>', 'what requests to the ops port must bring as a bearer token'))
  .addOption(
    setting(
      'transports <names>',
      'quiche, websocket; with commas between (default: all there are)',
    ).argParser(parseList),
  )
  .addOption(setting('certificate <file>', 'PEM file of the certificate (default: self-signed)'))
  .addOption(setting('private-key <file>', "PEM file of the certificate's key"))
  .addOption(
    setting(
      'allow-outdated-quic [yes|no]',
      'serve QUIC beyond this machine by quiche 0.18, which has advisories (CVE-2024-1410, CVE-2024-1765)',
    )
      .preset('yes')
      .argParser(parseSwitch),
  )
  .addOption(
    setting('idle-timeout <seconds>', 'silence after which a session is over', 8).argParser(parseSeconds),
  )
  .addOption(
    setting('expected-broadcasts <paths>', 'broadcasts that must be live, with commas between').argParser(
      parseList,
    ),
  )
  .addOption(
    setting('stream-info [yes|no]', 'tell in metrics what catalogs say of codecs and resolutions', true)
      .preset('yes')
      .argParser(parseSwitch),
  )
  .addOption(setting('max-sessions <number>', 'sessions open at once', 10_000).argParser(parseCount))
  .addOption(
    setting('log-level <level>', 'the least that is logged', 'info').choices([
      'trace',
      'debug',
      'info',
      'warn',
      'error',
      'fatal',
      'silent',
    ]),
  )
  .allowExcessArguments(false)
  .showSuggestionAfterError(false)
  .exitOverride()
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed what was wrong, or the help that was asked for.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  else if (error instanceof RelayError) fail(error);
  else throw error;
}

async function run({ logLevel, opsHost, ...options }: Settings & { opsHost: string[] }): Promise<void> {
  const logger = pino({
    level: logLevel,
    base: { 'service.name': 'moq-relay' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  });
  routeConsole(logger);
  // The protocol layer lets some failures of streams go unheard. They are a session's, never the process'.
  process.on('unhandledRejection', (error) => logger.debug({ err: error }, 'unhandled rejection'));
  const relay = await createRelay({ ...options, opsHosts: opsHost }, logger);
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), STOP_LIMIT).unref();
    relay.close().catch((error: unknown) => logger.error({ err: error }, 'could not close'));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
}

function fail(error: RelayError): void {
  const option = error.option === 'opsHosts' ? 'opsHost' : error.option;
  const variable = option && environmentVariable(option.replace(/[A-Z]/g, '-$&'));
  const advice =
    error.code === 'port_taken' ? `: choose another with ${variable}` : variable ? ` (${variable})` : '';
  process.stderr.write(`error: ${error.message}${advice}\n`);
  process.exitCode = USAGE;
}

function setting(flag: string, description: string, fallback?: unknown): Option {
  return new Option(`--${flag}`, description)
    .default(fallback)
    .env(environmentVariable(flag.split(' ', 1)[0]!));
}

function environmentVariable(name: string): string {
  return `MOQ_RELAY_${name.replaceAll('-', '_').toUpperCase()}`;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError('It is a number from 0 to 65535.');
  }
  return port;
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds < 0.1 || seconds > 86_400) {
    throw new InvalidArgumentError('It is a number of seconds from 0.1 to 86400.');
  }
  return seconds;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It is a whole number of at least 1.');
  return Number(text);
}

function parseSwitch(text: string): boolean {
  if (/^(yes|true|on|1)$/i.test(text)) return true;
  if (/^(no|false|off|0|)$/i.test(text)) return false;
  throw new InvalidArgumentError('It is yes or no.');
}

function parseList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
}
