#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { pino } from 'pino';
import { createCollector } from './collector.ts';
import { CollectorError } from './errors.ts';

/** What can be wrong with the command line or the environment ends with this code. */
const USAGE = 2;

interface Settings {
  readonly host: string;
  readonly port: number;
  readonly opsHost: string;
  readonly opsPort: number;
  readonly opsAllowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly logLevel: string;
}

const program = new Command('moq-collector')
  .description('Adds up what a fleet of Media over QUIC players reports, and exposes it to Prometheus.')
  .addOption(setting('host <address>', 'address of the OTLP port', '127.0.0.1'))
  .addOption(setting('port <number>', 'OTLP port, 0 for any free one', 4318).argParser(parsePort))
  .addOption(setting('ops-host <address>', 'address of the ops port: a loopback one', '127.0.0.1'))
  .addOption(
    setting('ops-port <number>', 'port of metrics and health, 0 for any free one', 8889).argParser(parsePort),
  )
  .addOption(
    setting(
      'ops-allowed-hosts <names>',
      'further names the ops port answers to, with commas between',
      [],
    ).argParser(parseList),
  )
  .addOption(
    setting('allowed-origins <origins>', 'origins of pages that may report, with commas between; * for all', [
      'http://localhost:*',
      'http://127.0.0.1:*',
    ]).argParser(parseList),
  )
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
  else if (error instanceof CollectorError) fail(error);
  else throw error;
}

async function run({ logLevel, ...options }: Settings): Promise<void> {
  const logger = pino({
    level: logLevel,
    base: { 'service.name': 'moq-collector' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  });
  const collector = await createCollector(options, logger);
  const stop = (): void => {
    collector.close().catch((error: unknown) => logger.error({ err: error }, 'could not close'));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
}

function fail(error: CollectorError): void {
  const variable = error.option && environmentVariable(error.option.replace(/[A-Z]/g, '-$&'));
  const advice =
    error.code === 'port_taken' ? `: choose another with ${variable}` : variable ? ` (${variable})` : '';
  console.error(`error: ${error.message}${advice}`);
  process.exitCode = USAGE;
}

function setting(flag: string, description: string, fallback: unknown): Option {
  return new Option(`--${flag}`, description)
    .default(fallback)
    .env(environmentVariable(flag.split(' ', 1)[0]!));
}

function environmentVariable(name: string): string {
  return `MOQ_COLLECTOR_${name.replaceAll('-', '_').toUpperCase()}`;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('It is a number from 0 to 65535.');
  return port;
}

function parseList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
}
