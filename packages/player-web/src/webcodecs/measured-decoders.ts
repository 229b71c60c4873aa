import type { Medium } from '../qoe/events.ts';
import { type DecoderOwner, Decoding } from './decoding.ts';

/** The decoders of WebCodecs, or what stands in their place; one that a browser has not is missing. */
export interface Decoders {
  readonly VideoDecoder?: typeof VideoDecoder | undefined;
  readonly AudioDecoder?: typeof AudioDecoder | undefined;
}

/** Tells whom a decoder works for: asked before each frame that is decoded; the first answer holds. */
export type FindOwner = (medium: Medium, bytes: number) => DecoderOwner | undefined;

/** Decoders that are used like those of the browser, and are measured. */
export function measuredDecoders(native: Decoders, findOwner: FindOwner): Decoders {
  return {
    VideoDecoder: native.VideoDecoder && measured(native.VideoDecoder, 'video', findOwner),
    AudioDecoder: native.AudioDecoder && measured(native.AudioDecoder, 'audio', findOwner),
  };
}

/** What both kinds of decoders have in common. */
type DecoderClass = new (init: {
  readonly output: (frame: { readonly timestamp: number }) => void;
  readonly error: (reason: DOMException) => void;
}) => {
  configure(config: { readonly codec: string }): void;
  decode(chunk: EncodedVideoChunk | EncodedAudioChunk): void;
  reset(): void;
};

function measured<Native>(native: Native, medium: Medium, findOwner: FindOwner): Native {
  return class extends (native as DecoderClass) {
    readonly #decoding: Decoding;

    constructor({ output, error }: ConstructorParameters<DecoderClass>[0]) {
      const decoding = new Decoding(medium);
      super({
        output: (frame) => {
          decoding.output(performance.now(), frame.timestamp);
          output(frame);
        },
        error: (reason) => {
          decoding.fail();
          error(reason);
        },
      });
      this.#decoding = decoding;
    }

    override configure(config: { readonly codec: string }): void {
      super.configure(config);
      this.#decoding.configure(config.codec);
    }

    override decode(chunk: EncodedVideoChunk | EncodedAudioChunk): void {
      const owner = findOwner(medium, chunk.byteLength);
      this.#decoding.owner ??= owner;
      try {
        super.decode(chunk);
      } catch (error) {
        this.#decoding.refuse();
        throw error;
      }
      this.#decoding.submit(performance.now(), chunk.timestamp, chunk.type === 'key');
    }

    override reset(): void {
      super.reset();
      this.#decoding.reset();
    }
  } as Native;
}
