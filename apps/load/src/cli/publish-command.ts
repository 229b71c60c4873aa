import { Command } from 'commander';

import { type Clip, CLOCK_CLIP, loadClip } from '../clip/clip.ts';
import { LoadError } from '../error.ts';
import { publish } from '../publish/publish.ts';
import { addChannelOptions, type ChannelSettings, parseList, setting, toggle } from './options.ts';
import type { Surroundings } from './process.ts';
import { parseDuration, parseInteger } from './quantities.ts';

interface PublishSettings extends ChannelSettings {
  readonly renditions: readonly string[];
  readonly audio: boolean;
  readonly frames?: number;
  readonly silentAfter?: number;
  readonly once: boolean;
}

const RENDITIONS = CLOCK_CLIP.tracks.filter(({ kind }) => kind === 'video').map(({ name }) => name);
/** A week of frames. */
const MAX_FRAMES = 30 * 7 * 24 * 3600;

/** `moq-load publish` */
export function publishCommand(surroundings: () => Surroundings): Command {
  return addChannelOptions(new Command('publish'))
    .description('Publishes a live channel: a clock, at 720p and 360p, with sound. Its totals go to stdout.')
    .addOption(
      setting(
        'MOQ_LOAD',
        '--renditions <names>',
        'of the picture, with commas between',
        parseRenditions,
      ).default(RENDITIONS, RENDITIONS.join(',')),
    )
    .addOption(toggle('MOQ_LOAD', 'audio', 'with sound').default(true, 'yes'))
    .option('--no-audio', 'without sound')
    .addOption(
      setting(
        'MOQ_LOAD',
        '--frames <number>',
        'begin when somebody watches, and end after this many',
        (text) => parseInteger(text, 1, MAX_FRAMES),
      ),
    )
    .addOption(
      setting(
        'MOQ_LOAD',
        '--silent-after <time>',
        'send no media any more after this long, and stay connected, as when an encoder hangs',
        parseDuration,
      ),
    )
    .addOption(toggle('MOQ_LOAD', 'once', 'give up when the connection is lost'))
    .action(async (settings: PublishSettings) => {
      const { log, signal, result } = surroundings();
      const { duration, audio, renditions, ...options } = settings;
      const limit = duration === undefined ? [] : [AbortSignal.timeout(duration)];
      const clip = pick(await loadClip(), renditions, audio);
      result(await publish({ ...options, clip, log, signal: AbortSignal.any([signal, ...limit]) }));
    });
}

function parseRenditions(text: string): string[] {
  const names = parseList(text);
  const unknown = names.find((name) => !RENDITIONS.includes(name));
  if (unknown !== undefined || names.length === 0) {
    throw new LoadError(
      'option',
      `${JSON.stringify(unknown ?? text)} is not one of ${RENDITIONS.join(', ')}`,
    );
  }
  return names;
}

function pick(clip: Clip, renditions: readonly string[], audio: boolean): Clip {
  const tracks = clip.tracks.filter(({ kind, name }) =>
    kind === 'audio' ? audio : renditions.includes(name),
  );
  return { ...clip, tracks };
}
