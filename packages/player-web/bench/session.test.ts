import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { PlaybackFact, PlayerEvent } from '../src/qoe/events.ts';
import { Playback } from '../src/qoe/playback.ts';
import { measurePlayback } from '../src/otel/measure-playback.ts';
import { measureStart } from '../src/otel/measure-start.ts';
import { OtelMeters } from '../src/otel/otel-meters.ts';
import { resourceOf } from '../src/otel/resource.ts';

const stream = { namespace: 'live/main', broadcast: 'live/main/channel-1.hang' };
const resource = resourceOf({
  session: '5f0c8a5e-2b0f-4d0e-9a36-0d0f6f2c9b11',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  broadcast: stream.broadcast,
  transport: 'webtransport',
});

/** Seconds from one report to the next. */
const INTERVAL = 10;

/** What a viewer may upload in a second of playback, compressed, in bytes. */
const UPLOAD_BUDGET = 250;

/** What a second of playback may take of the main thread, in milliseconds. */
const TIME_BUDGET = 2;

/** The events of a second of playback with picture and sound: 30 frames, 50 pieces of sound, 20 looks at each. */
function* second(start: number): Generator<readonly [PlayerEvent, number]> {
  for (let t = start; t < start + 1000; t += 10) {
    const media = t + Math.round(Math.sin(t) * 20);
    if (t % 30 < 10) {
      yield [{ type: 'progress', medium: 'video', media }, t];
      yield [{ type: 'frame', media: media - 80 - (t % 70) }, t];
    }
    if (t % 20 === 0) yield [{ type: 'progress', medium: 'audio', media }, t];
    if (t % 50 !== 0) continue;
    for (const medium of ['video', 'audio'] as const) {
      const buffered = [{ start: media, end: media + 80 + (t % 130) }];
      yield [{ type: 'sample', medium, buffered, received: t * (medium === 'video' ? 500 : 12) }, t];
    }
  }
}

function player(meters: OtelMeters): Playback {
  const playback = new Playback(false, { relay: () => ({ offset: 0, error: 2 }), own: () => 0 });
  playback.handle({ type: 'play', underWay: false }, 0);
  playback.handle({ type: 'rtt', milliseconds: 24 }, 0);
  measureStart(meters, { type: 'watched', at: 0, seconds: 0 }, stream, 'webtransport');
  return playback;
}

function record(meters: OtelMeters, facts: readonly PlaybackFact[]): void {
  for (const fact of facts) measurePlayback(meters, fact, stream, 'webtransport');
}

test(`a viewer uploads at most ${UPLOAD_BUDGET} B/s`, async () => {
  const meters = new OtelMeters();
  const playback = player(meters);
  const sizes: number[] = [];
  for (let at = 0; at < 6 * INTERVAL * 1000; at += 1000) {
    for (const [event, time] of second(at)) record(meters, playback.handle(event, time));
    if ((at / 1000) % INTERVAL !== INTERVAL - 1) continue;
    measureStart(meters, { type: 'watched', at, seconds: INTERVAL }, stream, 'webtransport');
    record(meters, playback.totals(at));
    const body = (await meters.collect(resource))!;
    sizes.push(gzipSync(body).length);
    if (sizes.length === 1) console.log(`a report is ${body.length} B, ${sizes[0]} B gzip`);
  }
  await meters.close();
  const rate = Math.max(...sizes.slice(1)) / INTERVAL;
  console.log(`a viewer uploads ${rate} B/s at an interval of ${INTERVAL} s, budget ${UPLOAD_BUDGET} B/s`);
  expect(rate).toBeLessThanOrEqual(UPLOAD_BUDGET);
});

test(`measuring a second of playback takes at most ${TIME_BUDGET} ms`, async () => {
  const meters = new OtelMeters();
  const playback = player(meters);
  const took: number[] = [];
  for (let at = 0; at < 120_000; at += 1000) {
    const events = [...second(at)];
    const started = performance.now();
    for (const [event, time] of events) record(meters, playback.handle(event, time));
    record(meters, playback.totals(at));
    if ((at / 1000) % INTERVAL === 0) await meters.collect(resource);
    took.push(performance.now() - started);
  }
  await meters.close();
  const median = took.toSorted((a, b) => a - b)[took.length / 2]!;
  console.log(`measuring a second of playback takes ${median.toFixed(2)} ms, budget ${TIME_BUDGET} ms`);
  expect(median).toBeLessThanOrEqual(TIME_BUDGET);
});
