import { expect, test } from 'vitest';
import type { Decoders } from './measured-decoders.ts';
import { type DecodingPlayer, measurePageDecoders } from './page-decoders.ts';

/** Stands for the browser's decoder: what goes in comes out at once, but for a delta frame without its keyframe. */
class InstantDecoder {
  readonly #output: (frame: { readonly timestamp: number }) => void;
  readonly #error: (reason: Error) => void;
  #primed = false;

  constructor(init: {
    readonly output: (frame: { readonly timestamp: number }) => void;
    readonly error: (reason: Error) => void;
  }) {
    this.#output = init.output;
    this.#error = init.error;
  }

  static isConfigSupported(): string {
    return 'asked';
  }

  configure(): void {
    this.#primed = false;
  }

  decode({ type, timestamp }: Chunk): void {
    this.#primed ||= type === 'key';
    if (!this.#primed) throw new TypeError('a keyframe is needed');
    queueMicrotask(() => this.#output({ timestamp }));
  }

  reset(): void {
    this.#primed = false;
  }

  break(): void {
    this.#error(new Error('broken'));
  }
}

interface Chunk {
  readonly type: 'key' | 'delta';
  readonly timestamp: number;
  readonly byteLength: number;
}

/** A page with decoders like the browser's. */
function page(): Decoders {
  return { VideoDecoder: InstantDecoder as unknown as typeof VideoDecoder };
}

/** Something that plays by the decoders of its page: it counts what it received just before it has it decoded. */
class TestPlayer implements DecodingPlayer {
  readonly shown: number[] = [];
  readonly failed: unknown[] = [];
  #decoder: InstantDecoder;
  #received = 0;
  readonly #page: Decoders;

  constructor(page: Decoders) {
    this.#page = page;
    this.#decoder = this.#make();
  }

  get decoder(): InstantDecoder {
    return this.#decoder;
  }

  #make(): InstantDecoder {
    const decoder = new this.#page.VideoDecoder!({
      output: (frame) => this.shown.push(frame.timestamp),
      error: (reason) => this.failed.push(reason),
    }) as unknown as InstantDecoder & VideoDecoder;
    decoder.configure({ codec: 'vp8' });
    return decoder;
  }

  /** Another rendition: another decoder. */
  switch(): void {
    this.#decoder = this.#make();
  }

  restart(): void {
    this.#received = 0;
    this.switch();
  }

  play(timestamp: number, byteLength = 1000, type: Chunk['type'] = 'key'): void {
    this.#received += byteLength;
    this.#decoder.decode({ type, timestamp, byteLength });
  }

  received(): number {
    return this.#received;
  }

  isLate(timestamp: number): boolean {
    return timestamp < (this.shown.at(-1) ?? 0);
  }
}

test('a player decodes as before, and is measured', async () => {
  const home = page();
  using decoders = measurePageDecoders(home);
  const player = new TestPlayer(home);
  const decoding = decoders.attach(player);
  player.play(0);
  player.play(1_000_000);
  await Promise.resolve();
  expect(player.shown).toEqual([0, 1_000_000]);
  expect(home.VideoDecoder?.isConfigSupported({ codec: 'vp8' })).toBe('asked');
  expect(decoding.take()).toMatchObject({ framesDecoded: 2, keyframeSeconds: [1] });
  player.play(500_000);
  await Promise.resolve();
  expect(decoding.take().framesDropped).toEqual({ decode_error: 0, late: 1, backlog: 0 });
  decoding.detach();
});

test('errors reach the player as before, and are counted', () => {
  const home = page();
  using decoders = measurePageDecoders(home);
  const player = new TestPlayer(home);
  const decoding = decoders.attach(player);
  expect(() => player.play(0, 1000, 'delta')).toThrow(new TypeError('a keyframe is needed'));
  player.play(0);
  player.decoder.break();
  expect(player.failed).toEqual([new Error('broken')]);
  expect(decoding.take().framesDropped.decode_error).toBe(2);
});

test('of two players on a page each is told its own, from the first frame of each decoder on', async () => {
  const home = page();
  using decoders = measurePageDecoders(home);
  const players = [new TestPlayer(home), new TestPlayer(home)] as const;
  const decodings = players.map((player) => decoders.attach(player));
  players[0].play(0, 700);
  players[1].play(0, 700);
  players[0].play(40_000, 90);
  players[0].switch();
  players[1].play(40_000, 80);
  players[0].play(80_000, 500);
  players[1].restart();
  players[1].play(80_000, 600);
  players[1].play(120_000, 60);
  await Promise.resolve();
  expect(decodings.map((decoding) => decoding.take().framesDecoded)).toEqual([3, 4]);
});

test('a player that is not attached is not mistaken for one that is', async () => {
  const home = page();
  using decoders = measurePageDecoders(home);
  const attached = new TestPlayer(home);
  const stranger = new TestPlayer(home);
  const decoding = decoders.attach(attached);
  stranger.play(0, 700);
  attached.play(0, 700);
  stranger.play(40_000, 700);
  await Promise.resolve();
  expect(decoding.take().framesDecoded).toBe(1);
});

test('in the end the page has its own decoders back', () => {
  const home = page();
  const own = home.VideoDecoder;
  const decoders = measurePageDecoders(home);
  expect(home.VideoDecoder).not.toBe(own);
  decoders[Symbol.dispose]();
  expect(home.VideoDecoder).toBe(own);
});
