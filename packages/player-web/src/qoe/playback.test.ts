import { describe, expect, test } from 'vitest';
import type { BufferedRange, Fact, Medium, PlayerEvent, StopCause } from './events.ts';
import { type Clocks, Playback } from './playback.ts';
import { Startup } from './startup.ts';

const PLAY: PlayerEvent = { type: 'play', underWay: false };

interface Freeze {
  readonly buffered?: readonly BufferedRange[];
  readonly medium?: Medium;
  readonly coming?: boolean;
}

const CLOCKS: Clocks = { relay: () => ({ offset: 0, error: 1 }), own: () => 0 };

/** A playback on a scripted timeline, in milliseconds. Its clock is the relay's. */
class Script {
  readonly facts: Fact[] = [];
  readonly #startup: Startup;
  readonly #playback: Playback;
  #now = 0;

  constructor(options: { readonly hidden?: boolean; readonly clocks?: Clocks } = {}) {
    this.#startup = new Startup(options.hidden ?? false);
    this.#playback = new Playback(options.hidden ?? false, options.clocks ?? CLOCKS);
  }

  /** The stalls that counted. */
  get stalls(): readonly Fact[] {
    return this.of('stall', 'stall-end');
  }

  /** The facts of some types. */
  of(...types: readonly Fact['type'][]): readonly Fact[] {
    return this.facts.filter(({ type }) => types.includes(type));
  }

  /** What was watched and stalled until now, in seconds. */
  totals(): { readonly watched: number; readonly stalled: number; readonly bytes: number } {
    this.facts.push(this.#startup.watched(this.#now), ...this.#playback.totals(this.#now));
    const sum = (type: 'watched' | 'stalled'): number =>
      this.facts.reduce((all, fact) => all + (fact.type === type ? fact.seconds : 0), 0);
    const bytes = this.facts.reduce((all, fact) => all + (fact.type === 'bytes' ? fact.bytes : 0), 0);
    return { watched: sum('watched'), stalled: sum('stalled'), bytes };
  }

  at(now: number, ...events: readonly PlayerEvent[]): this {
    this.#now = now;
    for (const event of events) {
      this.facts.push(...this.#startup.handle(event, now), ...this.#playback.handle(event, now));
    }
    return this;
  }

  /** Plays on until `end`: a frame every `step`, its media time the time of day, looked at every 50 ms. */
  flow(end: number, { step = 40, medium = 'video' as Medium } = {}): this {
    const start = this.#now;
    for (let t = start; t <= end; t += 10) {
      if ((t - start) % step === 0) {
        if (medium === 'video') this.at(t, { type: 'frame', media: t - 80 });
        this.at(t, { type: 'progress', medium, media: t });
      }
      if (t % 50 === 0)
        this.at(t, { type: 'sample', medium, buffered: [{ start: t, end: t + 100 }], received: t });
    }
    return this;
  }

  /** Nothing moves until `end`; looked at every 50 ms. What has come by then is `buffered`, unless it comes on. */
  freeze(end: number, { buffered = [], medium = 'video', coming = false }: Freeze = {}): this {
    for (let t = this.#now + 1; t <= end; t += 1) {
      if (t % 50 === 0) this.at(t, { type: 'sample', medium, buffered, received: coming ? t : 0 });
    }
    this.#now = end;
    return this;
  }
}

/** Asked to play at 0, first frame at 200, and steady until 2000. Frames are 40 ms apart: the next is due at 2040. */
function playing(): Script {
  return new Script().at(0, PLAY).at(200).flow(2000);
}

const progress = (media: number, medium: Medium = 'video'): PlayerEvent => ({
  type: 'progress',
  medium,
  media,
});

describe('startup', () => {
  test('is the time from intent to first frame, once', () => {
    expect(playing().of('startup')).toEqual([{ type: 'startup', at: 200, seconds: 0.2 }]);
  });

  test('is not observed when the page was hidden meanwhile', () => {
    const script = new Script().at(0, PLAY).at(50, { type: 'stop', cause: 'hide' });
    script.at(5000, { type: 'show' }).at(5050, { type: 'frame' }).at(5090, { type: 'frame' });
    expect(script.of('startup', 'stall')).toEqual([]);
  });

  test('is not observed when the page was opened in the background', () => {
    const script = new Script({ hidden: true }).at(0, PLAY, { type: 'frame' });
    expect(script.of('startup', 'stall')).toEqual([]);
  });

  test('is not observed of a player that played before', () => {
    const script = new Script().at(0, { type: 'play', underWay: true }, { type: 'frame' });
    expect(script.flow(2000).of('attempt', 'outcome', 'startup', 'phase')).toEqual([]);
    expect(script.freeze(3000).stalls).toEqual([{ type: 'stall', at: 2040 }]);
  });

  test('a pause takes the intent back, the next one counts from there', () => {
    const script = new Script().at(0, PLAY).at(100, { type: 'stop', cause: 'pause' });
    script.at(150, { type: 'frame' }).at(1000, PLAY).at(1300, { type: 'frame' });
    expect(script.of('startup')).toEqual([{ type: 'startup', at: 1300, seconds: 0.3 }]);
  });

  test('resuming is no second startup', () => {
    const script = playing().at(2010, { type: 'stop', cause: 'pause' }).at(3000, PLAY);
    expect(script.flow(4000).of('startup')).toHaveLength(1);
    expect(script.of('paused', 'resumed', 'attempt')).toEqual([
      { type: 'attempt', at: 0 },
      { type: 'paused', at: 2010 },
      { type: 'resumed', at: 3000 },
    ]);
  });

  test('waiting for the first frame is no stall', () => {
    const script = new Script().at(0, PLAY, progress(0, 'audio'), progress(20, 'audio'));
    script.at(40, progress(40, 'audio')).freeze(3000, { medium: 'audio' });
    expect(script.of('startup', 'stall')).toEqual([]);
  });
});

describe('stalls', () => {
  test('a minute of healthy playback has none', () => {
    expect(playing().flow(60_000).stalls).toEqual([]);
  });

  test('an outage is one, from when the next frame was due until it came', () => {
    const script = playing().freeze(5000).flow(7000);
    expect(script.stalls).toEqual([
      { type: 'stall', at: 2040 },
      { type: 'stall-end', at: 5000, seconds: 2.96 },
    ]);
  });

  test('249 ms are none, 250 ms are one', () => {
    expect(playing().freeze(2289).at(2289, progress(2289)).stalls).toEqual([]);
    expect(playing().freeze(2290).at(2290, progress(2290)).stalls).toEqual([
      { type: 'stall', at: 2040 },
      { type: 'stall-end', at: 2290, seconds: 0.25 },
    ]);
  });

  test('counts while it lasts', () => {
    expect(playing().freeze(2299).stalls).toEqual([]);
    expect(playing().freeze(2300).stalls).toEqual([{ type: 'stall', at: 2040 }]);
  });

  test.each(['pause', 'hide', 'leave', 'end'] as const)('%s ends one', (cause) => {
    const script = playing().freeze(3000).at(3000, { type: 'stop', cause }).freeze(9000);
    expect(script.stalls).toEqual([
      { type: 'stall', at: 2040 },
      { type: 'stall-end', at: 3000, seconds: 0.96 },
    ]);
  });

  test.each(['pause', 'hide'] as const)('%s before it counts leaves nothing', (cause) => {
    const script = playing().freeze(2200).at(2200, { type: 'stop', cause }).freeze(9000);
    expect(script.stalls).toEqual([]);
  });

  test('waiting for the first frame after a pause or in a page shown again is none', () => {
    const paused = playing().at(2010, { type: 'stop', cause: 'pause' }).at(3000, PLAY);
    expect(paused.freeze(6000).at(6000).flow(9000).stalls).toEqual([]);
    const hidden = playing().at(2010, { type: 'stop', cause: 'hide' }).at(3000, { type: 'show' });
    expect(hidden.freeze(6000).at(6000).flow(9000).stalls).toEqual([]);
  });

  test('frames that arrived and wait are no want of data', () => {
    const buffered = [{ start: 2000, end: 2400 }];
    expect(playing().freeze(5000, { buffered, coming: true }).stalls).toEqual([]);
    expect(playing().freeze(2500, { buffered }).stalls).toEqual([]);
  });

  test('frames that arrived and wait for one that does not come are', () => {
    const script = playing().freeze(5000, { buffered: [{ start: 2000, end: 2040 }] });
    expect(script.stalls).toEqual([{ type: 'stall', at: 2040 }]);
  });

  test('what lies beyond a hole cannot be played', () => {
    const buffered = [
      { start: 2000, end: 2000 },
      { start: 2500, end: 3000 },
    ];
    const script = playing().freeze(5000, { buffered, coming: true });
    expect(script.stalls).toEqual([{ type: 'stall', at: 2040 }]);
  });

  test('a page that was held up does not blame the network', () => {
    const script = playing().at(3000, { type: 'sample', medium: 'video', buffered: [], received: 0 });
    expect(script.at(3010).flow(5000).stalls).toEqual([]);
  });

  test('an outage that follows a page held up counts from there', () => {
    const script = playing()
      .at(3000, { type: 'sample', medium: 'video', buffered: [], received: 0 })
      .freeze(4000);
    expect(script.stalls).toEqual([{ type: 'stall', at: 3000 }]);
  });

  test('one frame a second is a rate, not a stall', () => {
    const script = new Script().at(0, PLAY).at(200).flow(60_200, { step: 1000 });
    expect(script.stalls).toEqual([]);
  });

  test('audio and video that stall together are one', () => {
    const script = playing();
    for (const t of [1980, 1990, 2000]) script.at(t, progress(t, 'audio'));
    for (let t = 2050; t <= 4000; t += 50) {
      script.at(t, { type: 'sample', medium: 'video', buffered: [], received: 0 });
      script.at(t, { type: 'sample', medium: 'audio', buffered: [], received: 0 });
    }
    script.at(4000, progress(4000)).at(4600, progress(4600, 'audio'));
    expect(script.stalls).toEqual([
      { type: 'stall', at: 2010 },
      { type: 'stall-end', at: 4600, seconds: 2.59 },
    ]);
  });

  test('muting ends the silence it makes', () => {
    const script = playing();
    for (const t of [1980, 1990, 2000]) script.at(t, progress(t, 'audio'));
    script
      .freeze(2200, { medium: 'audio' })
      .at(2200, { type: 'idle', medium: 'audio', received: 0 })
      .freeze(5000, { medium: 'audio' });
    expect(script.stalls).toEqual([]);
  });

  test('audio that never started is no stall', () => {
    expect(playing().freeze(9000, { medium: 'audio' }).stalls).toEqual([]);
  });

  test('the end of a broadcast is none, found out a second later', () => {
    const script = playing()
      .at(2010, { type: 'withdrawn' }, { type: 'idle', medium: 'audio', received: 0 })
      .freeze(3010);
    script.at(2010, { type: 'stop', cause: 'end' }).freeze(9000);
    expect(script.stalls).toEqual([]);
  });

  test('a connection that takes the broadcast with it is one', () => {
    const script = playing().freeze(3000).at(3000, { type: 'withdrawn' }).freeze(3100);
    script.at(3100, { type: 'reinstated' }).freeze(6000).flow(7000);
    expect(script.stalls).toEqual([
      { type: 'stall', at: 2040 },
      { type: 'stall-end', at: 6000, seconds: 3.96 },
    ]);
  });

  test('a publisher that comes back at once leaves what it cost', () => {
    const script = playing().at(2010, { type: 'withdrawn' }).at(2020, { type: 'reinstated' });
    script.freeze(2500).flow(4000);
    expect(script.stalls).toEqual([
      { type: 'stall', at: 2040 },
      { type: 'stall-end', at: 2500, seconds: 0.46 },
    ]);
  });

  test('a freeze while the viewer switches renditions is none', () => {
    const script = playing().at(2010, { type: 'switch' }).freeze(3000).at(3000, { type: 'switched' });
    expect(script.flow(5000).stalls).toEqual([]);
  });

  test('a stall goes on through a switch', () => {
    const script = playing().freeze(3000).at(3000, { type: 'switch' }).freeze(4000).flow(5000);
    expect(script.stalls).toEqual([
      { type: 'stall', at: 2040 },
      { type: 'stall-end', at: 4000, seconds: 1.96 },
    ]);
  });

  test('a switch that never comes about does not hide an outage for long', () => {
    const script = playing().at(2010, { type: 'switch' }).freeze(9000);
    expect(script.stalls).toEqual([{ type: 'stall', at: 5010 }]);
  });
});

const STOP = (cause: StopCause): PlayerEvent => ({ type: 'stop', cause });

describe('time', () => {
  test('is watched from intent to stop, and stalled while a stall lasts', () => {
    const script = playing().freeze(3000);
    expect(script.totals()).toMatchObject({ watched: 3, stalled: 0.96 });
    expect(script.freeze(4000).totals()).toMatchObject({ watched: 4, stalled: 1.96 });
    expect(script.flow(5000).totals()).toMatchObject({ watched: 5, stalled: 1.96 });
  });

  test.each(['pause', 'hide', 'end'] as const)('%s inside a stall stops both', (cause) => {
    const script = playing().freeze(3000).at(3000, STOP(cause)).freeze(9000);
    expect(script.totals()).toMatchObject({ watched: 3, stalled: 0.96 });
  });

  test('leaving inside a stall leaves its length', () => {
    const script = playing().freeze(3000).at(3000, STOP('leave'));
    expect(script.totals()).toMatchObject({ watched: 3, stalled: 0.96 });
    expect(script.stalls).toContainEqual({ type: 'stall-end', at: 3000, seconds: 0.96 });
  });

  test('pauses and hidden time are not watched', () => {
    const script = playing().at(2000, STOP('pause')).at(3000, PLAY).flow(4000);
    script.at(4000, STOP('hide')).at(6000, { type: 'show' }).flow(7000);
    expect(script.totals()).toMatchObject({ watched: 4, stalled: 0 });
  });

  test('a hidden page does not watch until it is shown', () => {
    const script = new Script({ hidden: true }).at(0, PLAY).at(5000, { type: 'show' }).at(6000);
    expect(script.totals()).toMatchObject({ watched: 1 });
  });

  test('a freeze that does not count is no stalled time', () => {
    expect(playing().freeze(2289).at(2289, progress(2289)).totals()).toMatchObject({ stalled: 0 });
  });
});

describe('once a second', () => {
  test('buffer and latency while playing', () => {
    const script = playing().flow(5200);
    const looks = script.of('buffer', 'latency', 'latency-unavailable');
    expect(looks.filter(({ type }) => type === 'buffer')).toHaveLength(5);
    expect(looks.filter(({ type }) => type === 'latency')).toHaveLength(5);
    expect(looks).toContainEqual({ type: 'buffer', at: 2200, medium: 'video', seconds: 0.1 });
    expect(looks).toContainEqual({ type: 'latency', at: 2200, seconds: 0.08 });
  });

  test('not while stalled, paused or hidden', () => {
    const script = playing().freeze(9000);
    // The last look is of a freeze that does not count yet.
    expect(script.of('buffer').at(-1)).toMatchObject({ at: 2200, seconds: 0 });
    const paused = playing().at(2000, STOP('pause')).freeze(9000);
    expect(paused.of('buffer', 'latency', 'bitrate').every(({ at }) => at <= 2000)).toBe(true);
  });

  test('bits of the last second, and all bytes', () => {
    const script = playing().flow(5200);
    // What has come is told as the time of day: 1000 bytes a second.
    expect(script.of('bitrate').map((fact) => 'bitsPerSecond' in fact && fact.bitsPerSecond)).toEqual([
      8000, 8000, 8000, 8000, 8000,
    ]);
    expect(script.totals().bytes).toBe(5000);
  });

  test('a count of bytes that begins anew goes on', () => {
    const script = playing().at(2000, { type: 'sample', medium: 'video', buffered: [], received: 100 });
    expect(script.totals().bytes).toBe(1900);
  });

  test('the round trip, until the connection is lost', () => {
    const script = playing().at(2000, { type: 'rtt', milliseconds: 25 }).flow(3200);
    expect(script.of('rtt')).toEqual([
      { type: 'rtt', at: 2200, seconds: 0.025 },
      { type: 'rtt', at: 3200, seconds: 0.025 },
    ]);
    expect(script.at(3300, { type: 'lost' }).flow(5000).of('rtt')).toHaveLength(2);
  });

  test('how far the playheads are apart', () => {
    const script = playing();
    for (let t = 2000; t <= 3200; t += 10) {
      if (t % 40 === 0) script.at(t, progress(t));
      if (t % 20 === 0) script.at(t, progress(t - 30, 'audio'));
      if (t % 50 === 0) {
        const buffered = [{ start: t, end: t + 100 }];
        script.at(t, { type: 'sample', medium: 'video', buffered, received: t });
      }
    }
    expect(script.of('drift')).toEqual([
      { type: 'drift', at: 2200, ahead: 'video', seconds: 0.03 },
      { type: 'drift', at: 3200, ahead: 'video', seconds: 0.03 },
    ]);
  });

  test('latency is not guessed', () => {
    const script = new Script({ clocks: { ...CLOCKS, relay: () => undefined } });
    script.at(0, PLAY).at(200).flow(1300);
    expect(script.of('latency', 'latency-unavailable')).toEqual([
      { type: 'latency-unavailable', at: 1200, reason: 'clock_sync' },
    ]);
  });
});

/** A rendition is subscribed to. */
function choose(track: string, pixels?: number, bitrate?: number): PlayerEvent {
  return { type: 'rendition', rendition: { track, pixels, bitrate } };
}

describe('renditions', () => {
  test('go up and down by size, then by bitrate; the first is no switch', () => {
    const script = new Script()
      .at(0, PLAY)
      .at(100, choose('a', 100, 10))
      .at(200)
      .flow(1000);
    script
      .at(1000, choose('b', 400, 10))
      .at(1100, choose('c', 400, 5))
      .at(1200, choose('d', 400, 5));
    script.at(1300, choose('e'));
    expect(script.of('switch').map((fact) => 'direction' in fact && fact.direction)).toEqual([
      'up',
      'down',
      'other',
      'other',
    ]);
  });

  test('the same one after a reconnect is none', () => {
    expect(playing().at(2000, choose('a')).at(2100, choose('a')).of('switch')).toEqual([]);
  });
});

describe('connections', () => {
  const CONNECTED: PlayerEvent = {
    type: 'connected',
    transport: 'websocket',
    version: 'moq-lite-05',
    fallback: true,
  };

  test('are told by result', () => {
    const script = new Script().at(0, PLAY);
    script.at(10, { type: 'refused', tried: ['webtransport', 'websocket'] }).at(20, CONNECTED);
    expect(script.of('connection')).toEqual([
      { type: 'connection', at: 10, transport: 'webtransport', result: 'failed' },
      { type: 'connection', at: 10, transport: 'websocket', result: 'failed' },
      { type: 'connection', at: 20, transport: 'websocket', result: 'fallback' },
    ]);
  });

  test('lost and found are one reconnect, until media is there again', () => {
    const script = playing().at(2100, { type: 'lost' }).freeze(3000).at(3000, CONNECTED).freeze(3500);
    script.flow(4000);
    expect(script.of('lost', 'restored', 'reconnect')).toEqual([
      { type: 'lost', at: 2100 },
      { type: 'restored', at: 3000 },
      { type: 'reconnect', at: 3500, seconds: 1.4 },
    ]);
  });
});
