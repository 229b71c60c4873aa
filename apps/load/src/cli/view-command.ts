import { Command } from 'commander';

import { view, type ViewProgress } from '../view/view.ts';
import type { TrackChoice } from '../view/viewer.ts';
import { addChannelOptions, type ChannelSettings, setting, toggle } from './options.ts';
import type { Surroundings } from './process.ts';
import { parseInteger } from './quantities.ts';

interface ViewSettings extends ChannelSettings {
  readonly count: number;
  readonly tracks: keyof typeof KINDS;
  readonly rendition: string;
  readonly untilEnd: boolean;
  readonly json: boolean;
}

const KINDS = { video: ['video'], audio: ['audio'], all: ['video', 'audio'] } as const;
const MAX_VIEWERS = 10_000;
/** Where progress is not a line that changes but one after another, one in this many is said. */
const SPARSE = 10;

/** `moq-load view` */
export function viewCommand(surroundings: () => Surroundings): Command {
  return addChannelOptions(new Command('view'))
    .description('Watches a broadcast with many viewers and counts what they get. The totals go to stdout.')
    .addOption(
      setting('MOQ_LOAD', '--count <number>', 'how many viewers', (text) =>
        parseInteger(text, 1, MAX_VIEWERS),
      ).default(1),
    )
    .addOption(
      setting('MOQ_LOAD', '--tracks <kind>', 'what to watch').choices(Object.keys(KINDS)).default('all'),
    )
    .addOption(
      setting(
        'MOQ_LOAD',
        '--rendition <name>',
        'of the picture: "first" of the catalog, "all", or one by name',
      ).default('first'),
    )
    .addOption(toggle('MOQ_LOAD', 'until-end', 'return when the broadcast has ended'))
    .addOption(toggle('MOQ_LOAD', 'json', 'say nothing but the totals'))
    .action(async (settings: ViewSettings) => {
      const { log, signal, result } = surroundings();
      const { duration, tracks, rendition, untilEnd, json, ...options } = settings;
      const limit = duration === undefined ? [] : [AbortSignal.timeout(duration)];
      const progress = json ? undefined : new ProgressLine(process.stderr);
      try {
        const report = await view({
          ...options,
          untilEnd,
          tracks: { kinds: KINDS[tracks], rendition: parseRendition(rendition) },
          signal: AbortSignal.any([signal, ...limit]),
          log,
          ...(progress ? { onProgress: (now: ViewProgress) => progress.show(now) } : {}),
        });
        result(report);
      } finally {
        progress?.end();
      }
    });
}

function parseRendition(text: string): TrackChoice['rendition'] {
  return text === 'first' || text === 'all' ? text : { name: text };
}

/** The line that says how it goes; on a terminal it is always the same one. */
class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  #shown = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(progress: ViewProgress): void {
    if (this.#stream.isTTY) this.#stream.write(`\r\u001B[2K${formatProgress(progress)}`);
    else if (this.#shown % SPARSE === 0) this.#stream.write(`${formatProgress(progress)}\n`);
    this.#shown += 1;
  }

  end(): void {
    if (this.#stream.isTTY && this.#shown > 0) this.#stream.write('\n');
  }
}

/** Such as `2 of 2 watching, 160 frames/s, 1.6 Mbit/s, latency p50 3 ms, p95 6 ms, 0 reconnects`. */
function formatProgress(progress: ViewProgress): string {
  const { viewers, watching, framesPerSecond, bitsPerSecond, latency, reconnects } = progress;
  const { p50, p95 } = latency;
  return [
    `${watching} of ${viewers} watching`,
    `${Math.round(framesPerSecond)} frames/s`,
    `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`,
    ...(p50 === undefined || p95 === undefined ? [] : [`latency p50 ${p50} ms`, `p95 ${p95} ms`]),
    `${reconnects} reconnects`,
  ].join(', ');
}
