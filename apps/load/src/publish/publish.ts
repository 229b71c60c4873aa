import { setTimeout as wait } from 'node:timers/promises';

import { type Connection, Path } from '@moq/net';
import type { Logger } from 'pino';

import { backoff } from '../backoff.ts';
import type { Clip } from '../clip/clip.ts';
import { TimeSync } from '../clock/time-sync.ts';
import { connectRelay, type TransportChoice } from '../connect.ts';
import { LoadError, messageOf } from '../error.ts';
import { Totals, type TrackTotals } from '../totals.ts';
import { ClipBroadcast } from './clip-broadcast.ts';
import { PublishWindow } from './publish-window.ts';

/** What {@link publish} is told. */
export interface PublishOptions {
  readonly relay: URL;
  readonly transport: TransportChoice;
  /** The path of the broadcast, below the relay's URL. */
  readonly broadcast: string;
  readonly clip: Clip;
  /** Video frames after which the channel ends; without, it never does. It begins when somebody first watches. */
  readonly frames?: number | undefined;
  /** Milliseconds after which no media comes any more though the connection stays; without, it never does. */
  readonly silentAfter?: number | undefined;
  /** Gives up at the first failure of the connection instead of trying again for ever. */
  readonly once?: boolean | undefined;
  /** Ends the channel, in order. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** What was published. */
export interface PublishReport {
  readonly broadcast: string;
  /** Whether a finite channel was sent to its end. */
  readonly complete: boolean;
  /** How often the relay was connected to. */
  readonly connections: number;
  /** What was sent, by track. */
  readonly tracks: Readonly<Record<string, TrackTotals>>;
}

/** A connection that lasted this long was no failure, in milliseconds. */
const GOOD_CONNECTION = 5_000;
/** How long subscribers may take to hear the rest of a channel that has ended, in milliseconds. */
const MAX_DRAIN = 10_000;
/** How long the relay has to hand the end of the tracks on before the broadcast goes too, in milliseconds. */
const LINGER = 500;
/** How long the end of the broadcast has to leave before the connection goes, in milliseconds. */
const FLUSH = 100;

/**
 * Publishes a clip as a live channel until it ends, or the signal fires.
 *
 * @throws LoadError `connect` when the connection fails and `once` is set.
 */
export async function publish(options: PublishOptions): Promise<PublishReport> {
  const { clip, relay, signal, log } = options;
  await using clock = await TimeSync.start({
    relay,
    onSync: ({ source, error, stepped, reason }) => {
      const fields = { source, error_ms: error / 1_000, stepped };
      if (source === 'relay') log.debug(fields, 'clock synchronised');
      else
        log.warn(
          { ...fields, reason },
          'the relay does not tell the time: going by the clock of this machine',
        );
    },
  });
  const reference = clip.tracks.find(({ kind }) => kind === 'video') ?? clip.tracks[0];
  if (!reference) throw new LoadError('clip', 'the clip has no tracks');
  const publisher = new Publisher(
    options,
    clock,
    new PublishWindow(clock, reference, options.frames, options.silentAfter),
  );
  const stop = (): void => publisher.stop();
  signal.addEventListener('abort', stop);
  try {
    return await publisher.run();
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

class Publisher {
  readonly #options: PublishOptions;
  readonly #clock: TimeSync;
  readonly #window: PublishWindow;
  readonly #totals = new Totals();
  #connections = 0;
  #complete = false;

  constructor(options: PublishOptions, clock: TimeSync, window: PublishWindow) {
    this.#options = options;
    this.#clock = clock;
    this.#window = window;
  }

  stop(): void {
    this.#window.stop();
  }

  async run(): Promise<PublishReport> {
    const { signal, once, log, broadcast } = this.#options;
    let failures = 0;
    while (!signal.aborted && this.#clock.now() < this.#window.end) {
      const start = performance.now();
      try {
        await this.#publishOnce();
      } catch (error) {
        if (signal.aborted) break;
        if (once) throw error;
        failures = performance.now() - start > GOOD_CONNECTION ? 1 : failures + 1;
        const delay = backoff(failures, Math.random());
        log.warn({ reason: messageOf(error), retry_ms: delay }, 'not connected');
        // Being stopped ends the wait.
        await wait(delay, undefined, { signal }).catch(() => {});
      }
    }
    return {
      broadcast,
      complete: this.#complete,
      connections: this.#connections,
      tracks: this.#totals.snapshot(),
    };
  }

  // Returns when the channel has ended; throws when the connection has.
  async #publishOnce(): Promise<void> {
    const { relay, transport, broadcast, clip, signal, log } = this.#options;
    const connection = await connectRelay(relay, transport, signal);
    const media = new ClipBroadcast({ clip, clock: this.#clock, window: this.#window, totals: this.#totals });
    try {
      this.#connections += 1;
      void this.#clock.refresh();
      connection.publish(Path.from(broadcast), media);
      log.info({ broadcast, transport: connection.transport, version: connection.version }, 'publishing');
      await Promise.race([this.#end(media), lost(connection, relay)]);
      media.close();
      await wait(FLUSH);
    } finally {
      media.close();
      connection.close();
    }
  }

  // Resolves when everything was sent to everybody who asked for it.
  async #end(media: ClipBroadcast): Promise<void> {
    while (this.#clock.now() < this.#window.end) {
      // A finite channel gets its end when it begins, and any may be stopped.
      await wait(100, undefined, { signal: this.#window.stopped }).catch(() => {});
    }
    await Promise.race([media.idle(), wait(MAX_DRAIN, undefined, { ref: false })]);
    this.#complete = media.subscriptions === 0 && !this.#window.stopped.aborted;
    await wait(LINGER);
  }
}

async function lost(connection: Connection.Established, relay: URL): Promise<never> {
  let cause: unknown;
  try {
    await connection.closed;
  } catch (error) {
    cause = error;
  }
  const why = cause === undefined ? 'closed by the relay' : messageOf(cause);
  throw new LoadError('connect', `the connection with ${relay.href} was lost: ${why}`, { cause });
}
