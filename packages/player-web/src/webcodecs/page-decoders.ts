import type { Medium } from '../qoe/events.ts';
import { DecoderMeter, type DecoderReadings } from './decoder-meter.ts';
import type { DecoderOwner } from './decoding.ts';
import { type Decoders, measuredDecoders } from './measured-decoders.ts';

/** A player that decodes by the decoders of its page. */
export interface DecodingPlayer {
  /** Bytes of a medium that it handed to its decoders up to now, the frame it is about to hand over included. */
  received(medium: Medium): number;
  /** Whether a frame of video of this timestamp, in microseconds, is older than what it shows. */
  isLate(timestamp: number): boolean;
}

/** What the decoders of one player did. */
export interface PlayerDecoding {
  /** All that was counted since the last time. */
  take(): DecoderReadings;
  /** It is counted no more. */
  detach(): void;
}

/** The decoders of a page, measured: those that are made after this. */
export interface PageDecoders extends Disposable {
  /** Counts for a player what its decoders do. */
  attach(player: DecodingPlayer): PlayerDecoding;
}

/** A player that is attached. */
interface Attached extends DecoderOwner {
  readonly player: DecodingPlayer;
  /** What it had received when a frame was decoded the last time, by anyone. */
  readonly seen: Record<Medium, number>;
}

/**
 * Puts measured decoders in the place of the browser's own, for players such as `<moq-watch>` that make their decoders
 * themselves. Disposing of what is returned puts the browser's own back.
 *
 * Decoders do not tell whose they are. Whose counter has just grown by the very bytes that are about to be decoded is
 * theirs; where that fits nobody, or several, nothing is counted until it does.
 */
export function measurePageDecoders(page: Decoders = globalThis): PageDecoders {
  const { VideoDecoder, AudioDecoder } = page;
  const attached = new Set<Attached>();
  const findOwner = (medium: Medium, bytes: number): DecoderOwner | undefined => {
    let owner: DecoderOwner | undefined;
    let fitting = 0;
    for (const each of attached) {
      const received = each.player.received(medium);
      // A count that is smaller than before has begun anew.
      const grown = received < each.seen[medium] ? received : received - each.seen[medium];
      each.seen[medium] = received;
      if (grown !== bytes) continue;
      owner = each;
      fitting += 1;
    }
    return fitting === 1 ? owner : undefined;
  };
  Object.assign(page, measuredDecoders({ VideoDecoder, AudioDecoder }, findOwner));
  return {
    attach(player) {
      const meter = new DecoderMeter();
      const seen = { video: player.received('video'), audio: player.received('audio') };
      const entry = { player, meter, seen, isLate: (timestamp: number) => player.isLate(timestamp) };
      attached.add(entry);
      return { take: () => meter.take(), detach: () => attached.delete(entry) };
    },
    [Symbol.dispose]: () => void Object.assign(page, { VideoDecoder, AudioDecoder }),
  };
}
