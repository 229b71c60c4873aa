import { Command } from 'commander';

import { simulatePlayers } from '../players/players.ts';
import { setting, toggle } from './options.ts';
import type { Surroundings } from './process.ts';
import { parseBroadcast, parseDuration, parseInteger, parsePercent, parseUrl } from './quantities.ts';

interface PlayersSettings {
  readonly collector: URL;
  readonly count: number;
  readonly broadcasts: number;
  readonly broadcast: string;
  readonly interval: number;
  readonly duration?: number;
  readonly connections: number;
  readonly duplicates: number;
  readonly lostAnswers: number;
  readonly reloads: number;
  readonly skew: number;
  readonly latency?: number;
  readonly startup?: number;
  readonly stalled?: number;
  readonly events: boolean;
  readonly patience: number;
  readonly seed: number;
  readonly token?: string;
}

const PREFIX = 'MOQ_LOAD_PLAYERS';
const MAX_PLAYERS = 200_000;

/** `moq-load players` */
export function playersCommand(surroundings: () => Surroundings): Command {
  return new Command('players')
    .description(
      'Simulated players that watch nothing and report to a collector as real ones do, with all that goes wrong on ' +
        'the way. What they counted themselves goes to stdout at the end.',
    )
    .addOption(
      setting(PREFIX, '--collector <url>', "the collector's OTLP port", parseUrl).default(
        new URL('http://127.0.0.1:4318/'),
        'http://127.0.0.1:4318/',
      ),
    )
    .addOption(
      setting(PREFIX, '--count <number>', 'how many players', (text) =>
        parseInteger(text, 1, MAX_PLAYERS),
      ).default(100),
    )
    .addOption(
      setting(PREFIX, '--broadcast <path>', 'path of what they watch', parseBroadcast).default(
        'demo/clock.hang',
      ),
    )
    .addOption(
      setting(
        PREFIX,
        '--broadcasts <number>',
        'how many broadcasts they watch: with numbers at the end',
        (text) => parseInteger(text, 1, 100_000),
      ).default(1),
    )
    .addOption(
      setting(PREFIX, '--interval <time>', 'from one report of a player to the next', parseDuration).default(
        10_000,
        '10s',
      ),
    )
    .addOption(setting(PREFIX, '--duration <time>', 'end after this long (default: never)', parseDuration))
    .addOption(
      setting(PREFIX, '--connections <number>', 'connections held open', (text) =>
        parseInteger(text, 1, 50_000),
      ).default(64),
    )
    .addOption(
      setting(PREFIX, '--duplicates <percent>', 'reports that are sent twice', parsePercent).default(0, '0%'),
    )
    .addOption(
      setting(
        PREFIX,
        '--lost-answers <percent>',
        'reports whose answer is lost, and that are sent again',
        parsePercent,
      ).default(0, '0%'),
    )
    .addOption(
      setting(PREFIX, '--reloads <percent>', 'players that reload the page', parsePercent).default(0, '0%'),
    )
    .addOption(
      setting(PREFIX, '--skew <time>', 'by how much clocks are off at the most', parseDuration).default(
        0,
        '0s',
      ),
    )
    .addOption(
      setting(PREFIX, '--latency <time>', 'from capture to render (default: by chance)', parseDuration),
    )
    .addOption(
      setting(
        PREFIX,
        '--startup <time>',
        'from intent to the first frame (default: by chance)',
        parseDuration,
      ),
    )
    .addOption(
      setting(
        PREFIX,
        '--stalled <percent>',
        'share of the time that stands still (default: by chance)',
        parsePercent,
      ),
    )
    .addOption(toggle(PREFIX, 'events', 'send events and the span of the start too'))
    .addOption(
      setting(PREFIX, '--patience <time>', 'how long to try after the end', parseDuration).default(
        30_000,
        '30s',
      ),
    )
    .addOption(
      setting(PREFIX, '--seed <number>', 'chance is the same for the same seed', (text) =>
        parseInteger(text, 0),
      ).default(1),
    )
    .addOption(setting(PREFIX, '--token <jwt>', 'bearer token of the reports'))
    .action(
      async ({ duration, broadcast, broadcasts, latency, startup, stalled, ...options }: PlayersSettings) => {
        const { signal, result, log } = surroundings();
        const limit = duration === undefined ? [] : [AbortSignal.timeout(duration)];
        log.info({ players: options.count, collector: options.collector.href }, 'players report');
        const report = await simulatePlayers({
          ...options,
          experience: { latency, startup, stalled },
          broadcasts: names(broadcast, broadcasts),
          signal: AbortSignal.any([signal, ...limit]),
        });
        result(report);
      },
    );
}

function names(broadcast: string, count: number): readonly string[] {
  return count === 1 ? [broadcast] : Array.from({ length: count }, (_, i) => `${broadcast}-${i}`);
}
