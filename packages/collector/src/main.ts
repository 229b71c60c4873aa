#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { pino } from 'pino';
import { createCollector } from './collector.ts';
import type { CollectorOptions } from './config.ts';
import { CollectorError } from './errors.ts';
import { collectGarbageSeldom } from './heap.ts';

/** What can be wrong with the command line or the environment ends with this code. */
const USAGE = 2;

/** What is set by `--flag` or by the environment. */
interface Settings extends CollectorOptions {
  readonly opsHost: readonly string[];
  readonly logLevel: string;
}

const program = new Command('moq-collector')
  .description('Adds up what a fleet of Media over QUIC players reports, and exposes it to Prometheus.')
  .addOption(setting('host <address>', 'address of the OTLP port', '127.0.0.1'))
  .addOption(setting('port <number>', 'OTLP port, 0 for any free one', 4318).argParser(parsePort))
  .addOption(
    setting(
      'ops-host <addresses>',
      'addresses of the ops port, with commas between; beyond this machine and the Docker bridge only with --ops-token',
      ['127.0.0.1'],
    ).argParser(parseList),
  )
  .addOption(
    setting('ops-port <number>', 'port of metrics, health and API, 0 for any free one', 8889).argParser(
      parsePort,
    ),
  )
  .addOption(
    setting(
      'ops-allowed-hosts <names>',
      'further names the ops port answers to, with commas between',
    ).argParser(parseList),
  )
  .addOption(setting('ops-token <token>', 'what requests to the ops port must bring, as bearer or password'))
  .addOption(
    setting(
      'data-dir <folder>',
      'folder that counters, sessions and logs outlive a restart in (default: they do not)',
    ),
  )
  .addOption(
    setting('allowed-origins <origins>', 'origins of pages that may report, with commas between; * for all', [
      'http://localhost:*',
      'http://127.0.0.1:*',
    ]).argParser(parseList),
  )
  .addOption(
    setting(
      'trusted-proxies <networks>',
      'addresses or networks of proxies whose X-Forwarded-For is believed, with commas between',
    ).argParser(parseList),
  )
  .addOption(
    setting('rate-limit <number>', 'requests per second of one address, 0 for any number', 0).argParser(
      parseNumber,
    ),
  )
  .addOption(
    setting('rate-burst <number>', 'requests of one address at once, where they are limited', 100).argParser(
      parseNumber,
    ),
  )
  .addOption(
    setting('auth-key <file>', 'JWK of moq-token; reports then need a token that covers their broadcasts'),
  )
  .addOption(setting('region <name>', 'region of viewers of whom nothing else is known', 'unknown'))
  .addOption(
    setting('regions <names>', 'regions that --region-header may name, with commas between').argParser(
      parseList,
    ),
  )
  .addOption(setting('region-header <name>', 'header in which trusted proxies name the region'))
  .addOption(
    setting(
      'known-streams-from <url>',
      'address of a relay: only broadcasts it announces have series of their own',
    ),
  )
  .addOption(
    setting(
      'store <name>',
      'what keeps sessions, logs and traces (default: chdb, where there is --data-dir)',
    ).choices(['chdb', 'clickhouse', 'off']),
  )
  .addOption(setting('clickhouse-url <url>', 'a ClickHouse server instead of the embedded one'))
  .addOption(setting('clickhouse-cluster <name>', 'the cluster on all nodes of which tables are made'))
  .addOption(
    setting(
      'retention-days <number>',
      'days after which sessions, logs and traces go (default: 7)',
    ).argParser(parseNumber),
  )
  .addOption(
    setting('retention-bytes <number>', 'bytes the embedded tables may take (default: 10 GiB)').argParser(
      parseNumber,
    ),
  )
  .addOption(
    setting(
      'forward-traces <url>',
      'where traces are passed on to, such as http://127.0.0.1:14318/v1/traces',
    ),
  )
  .addOption(
    setting('forward-logs <url>', 'where logs are passed on to, such as http://127.0.0.1:3100/otlp/v1/logs'),
  )
  .addOption(setting('forward-metrics <url>', 'where reports of players are passed on to'))
  .addOption(
    setting(
      'forward-headers <headers>',
      'sent with all that is passed on: name=value, with commas between, percent-encoded',
    ).argParser(parseHeaders),
  )
  .addOption(setting('prometheus-url <url>', 'the Prometheus shown below /prometheus'))
  .addOption(setting('alertmanager-url <url>', 'the Alertmanager shown below /alertmanager'))
  .addOption(setting('console <folder>', 'the built console, shown by the ops port'))
  .addOption(setting('max-sessions <number>', 'sessions held in memory', 200_000).argParser(parseNumber))
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

async function run({ logLevel, opsHost, ...options }: Settings): Promise<void> {
  const logger = pino({
    level: logLevel,
    base: { 'service.name': 'moq-collector' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  });
  collectGarbageSeldom();
  const collector = await createCollector({ ...options, opsHosts: opsHost, processMetrics: true }, logger);
  const stop = (): void => {
    collector.close().catch((error: unknown) => logger.error({ err: error }, 'could not close'));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
}

function fail({ message, option, code }: CollectorError): void {
  const variable = option && environmentVariable(flagOf(option));
  const advice =
    code === 'port_taken' ? `: choose another with ${variable}` : variable ? ` (${variable})` : '';
  console.error(`error: ${message}${advice}`);
  process.exitCode = USAGE;
}

/** The flag that sets an option. */
function flagOf(option: string): string {
  return option === 'opsHosts'
    ? 'ops-host'
    : option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function setting(flag: string, description: string, fallback?: unknown): Option {
  return new Option(`--${flag}`, description)
    .default(fallback)
    .env(environmentVariable(flag.split(' ', 1)[0]!));
}

function environmentVariable(flag: string): string {
  return `MOQ_COLLECTOR_${flag.replaceAll('-', '_').toUpperCase()}`;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError('It is a number from 0 to 65535.');
  }
  return port;
}

function parseNumber(text: string): number {
  if (!/^\d{1,12}(\.\d{1,6})?$/.test(text)) throw new InvalidArgumentError('It is a number.');
  return Number(text);
}

function parseList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
}

/** Headers as `OTEL_EXPORTER_OTLP_HEADERS` has them. */
function parseHeaders(text: string): Record<string, string> {
  const pairs = parseList(text).map((pair) => {
    const [, name, value] = /^([\w-]+) *= *(.*)$/.exec(pair) ?? [];
    if (name === undefined || value === undefined || /%(?![\da-f]{2})/i.test(value)) {
      throw new InvalidArgumentError('It is name=value,name=value, percent-encoded.');
    }
    return [name, decodeURIComponent(value)] as const;
  });
  return Object.fromEntries(pairs);
}
