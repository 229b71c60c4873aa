#!/usr/bin/env node
import { hostname } from 'node:os';
import { attributes } from '@moq-observability/moq-metrics';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type Logger, multistream, pino } from 'pino';
import type { RelayOptions } from './config.ts';
import { RelayError } from './errors.ts';
import { collectGarbageSeldom } from './heap.ts';
import { replacePromiseRace } from './promise-race.ts';
import { createRelay, type Relay, relayVersion } from './relay.ts';
import { routeConsole } from './telemetry/console.ts';
import { EXPORT_SOURCE, type ExportFault } from './telemetry/export-protocol.ts';
import { startExport, type TelemetryExport } from './telemetry/export.ts';
import { printable } from './telemetry/text.ts';
import { pause } from './timeout.ts';

/** What can be wrong with the command line or the environment ends with this code. */
const USAGE = 2;

/** How long what is left to export may take to be sent when the process ends, in milliseconds. */
const FLUSH_LIMIT = 2000;

/** How long the process may take to end once it was asked to, in milliseconds. */
const STOP_LIMIT = 5000;

type Settings = Omit<RelayOptions, 'opsHosts'> & {
  readonly logLevel: string;
  readonly opsHost: readonly string[];
  readonly traceRatio: number;
  readonly maxSpansPerSecond: number;
};

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
      'auth-key <file>',
      'JWK of moq-token, or a set of them: clients need a token for what is not public',
    ),
  )
  .addOption(
    setting(
      'public-get <paths>',
      'what may be watched without a token: prefixes with commas between, / for all',
    ).argParser(parseList),
  )
  .addOption(
    setting(
      'public-put <paths>',
      'what may be published without a token: prefixes with commas between, / for all',
    ).argParser(parseList),
  )
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
  .addOption(setting('setup-timeout <seconds>', 'how long MoQ setup may take', 10).argParser(parseSeconds))
  .addOption(
    setting(
      'stuck-limit <seconds>',
      'how long a transport may take nothing of what waits for it before its session is closed',
      15,
    ).argParser(parseSeconds),
  )
  .addOption(
    setting(
      'silence-limit <seconds>',
      'how long a publisher that is watched may send no media before its session is closed; 0 for ever',
      0,
    ).argParser(parseDelay),
  )
  .addOption(
    setting(
      'max-backlog-bytes <number>',
      'what may wait for one subscriber of a track before it loses groups',
      8 * 1024 * 1024,
    ).argParser(parseCount),
  )
  .addOption(
    setting(
      'max-backlog-age <seconds>',
      'how long frames may wait for one subscriber of a track before it loses groups',
      5,
    ).argParser(parseSeconds),
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
  .addOption(setting('id <name>', 'what it is called among other relays (default: the name of the machine)'))
  .addOption(
    setting('telemetry [on|off]', 'measure: metrics, and traces and logs by the OTEL_* variables', true)
      .preset('on')
      .argParser(parseSwitch),
  )
  .addOption(
    setting('trace-ratio <share>', 'share of sessions whose spans are exported', 1).argParser(parseShare),
  )
  .addOption(
    setting('max-spans-per-second <number>', 'spans exported in a second, at most', 200).argParser(
      parseCount,
    ),
  )
  .addOption(
    setting(
      'drain-delay <seconds>',
      'how long to serve on, not ready, before sessions are closed at the end',
      0,
    ).argParser(parseDelay),
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

async function run(settings: Settings): Promise<void> {
  const { logLevel, opsHost, traceRatio, maxSpansPerSecond, ...options } = settings;
  const id = options.id ?? hostname();
  collectGarbageSeldom();
  replacePromiseRace();
  const exported =
    options.telemetry === false
      ? undefined
      : startExport(process.env, {
          version: relayVersion(),
          id,
          ratio: traceRatio,
          spansPerSecond: maxSpansPerSecond,
          onFault: (fault) => tellFault(logger, fault),
        });
  const logger = createLogger(logLevel, exported);
  routeConsole(logger);
  // The protocol layer lets some failures of streams go unheard. They are a session's, never the process'.
  process.on('unhandledRejection', (error) => logger.debug({ err: error }, 'unhandled rejection'));
  const relay = await createRelay({ ...options, id, opsHosts: opsHost }, logger, exported?.tracer);
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), STOP_LIMIT + (options.drainDelay ?? 0) * 1000).unref();
    shutDown(relay, exported).catch((error: unknown) => logger.error({ err: error }, 'could not close'));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
}

async function shutDown(relay: Relay, exported: TelemetryExport | undefined): Promise<void> {
  await relay.close();
  if (!exported) return;
  const given = new AbortController();
  await Promise.race([exported.close(), pause(FLUSH_LIMIT, given.signal)]);
  given.abort();
  // An endpoint that does not answer would hold the process.
  process.exit(0);
}

function createLogger(level: string, exported: TelemetryExport | undefined): Logger {
  const options = {
    level,
    base: { [attributes.serviceName.name]: 'moq-relay' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!exported?.logs) return pino(options);
  const streams = [{ stream: pino.destination(1) }, { stream: exported.logs }];
  return pino(options, multistream(streams.map((entry) => ({ ...entry, level: 'trace' as const }))));
}

function tellFault(logger: Logger, { level, message, details }: ExportFault): void {
  const more = details !== undefined && { details: printable(details, 1024) };
  logger[level]({ source: EXPORT_SOURCE, ...more }, printable(message));
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

function parseDelay(text: string): number {
  return text === '0' ? 0 : parseSeconds(text);
}

function parseShare(text: string): number {
  if (!/^(0|1|0?\.\d+|1\.0+|0\.\d+)$/.test(text))
    throw new InvalidArgumentError('It is a number from 0 to 1.');
  return Number(text);
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
