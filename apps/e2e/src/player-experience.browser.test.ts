import { randomUUID } from 'node:crypto';
import { CLOCK_CLIP, createFaultProxy } from '@moq-observability/load';
import type { PositionLayout, readPosition } from '@moq-observability/load/position-pattern';
import { client, collector, logFields, type Metric, spans } from '@moq-observability/moq-metrics';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { MoqObservedPlayer } from '@moq-observability/player-web/element';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, moves } from './browser.ts';
import { openLossyWay, type PlayerStage, startPlayerStage } from './player-stage.ts';
import { eventually } from './process.ts';
import { publish } from './stack.ts';

/** For how long playback is to be healthy, in seconds. */
const HEALTHY_SECONDS = process.env['MOQ_TEST_FULL'] ? 60 : 10;

let stage: PlayerStage;
let browser: Browser;

beforeAll(async () => {
  [stage, browser] = await Promise.all([startPlayerStage(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await stage?.[Symbol.asyncDispose]();
});

/** What the page itself saw. Times are milliseconds of `performance.now()`. */
interface Seen {
  /** When the player was put into the page. */
  readonly asked: number;
  /**
   * When another picture than before was found on the canvas, how long before that it was looked at last, and how old
   * the picture was by the position burnt into it, in seconds.
   */
  readonly pictures: readonly { readonly at: number; readonly gap: number; readonly age: number }[];
}

type Pattern = Readonly<{
  POSITION_LAYOUT: PositionLayout;
  readPosition: typeof readPosition;
}>;

/** Has a page look at its own canvas, picture by picture, independently of what the player says. */
async function witness(page: Page): Promise<void> {
  const path = fileURLToPath(import.meta.resolve('@moq-observability/load/position-pattern'));
  const code = stripTypeScriptTypes(await readFile(path, 'utf8')).replaceAll(/^export /gm, '');
  await page.addInitScript(
    `globalThis.pattern = (() => { ${code}; return { POSITION_LAYOUT, readPosition }; })();`,
  );
  const { frameRate } = CLOCK_CLIP.tracks[0]!;
  await page.addInitScript(look, { frameRate, frames: CLOCK_CLIP.seconds * frameRate });
}

/** Runs in the page. */
function look({ frameRate, frames }: { readonly frameRate: number; readonly frames: number }): void {
  const seen = { asked: 0, pictures: [] as { at: number; gap: number; age: number }[] };
  Object.assign(globalThis, { seen });
  new MutationObserver((_, observer) => {
    if (!document.querySelector('moq-observed-player')) return;
    seen.asked = performance.now();
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
  const { POSITION_LAYOUT, readPosition } = (globalThis as unknown as { readonly pattern: Pattern }).pattern;
  const { left, top, cellWidth, cellHeight } = POSITION_LAYOUT;
  const strip = new OffscreenCanvas(640, 16).getContext('2d', { willReadFrequently: true })!;
  let last: number | undefined;
  let lookedAt = performance.now();
  const next = (): void => {
    requestAnimationFrame(next);
    const at = performance.now();
    const gap = at - lookedAt;
    lookedAt = at;
    const canvas = document.querySelector('canvas');
    if (!canvas || canvas.width === 0) return;
    const { width, height } = canvas;
    strip.drawImage(canvas, 0, top * height, width, cellHeight * height, 0, 0, 640, 16);
    const layout = { left, top: 0, cellWidth, cellHeight: 1 };
    const position = readPosition(strip.getImageData(0, 0, 640, 16), layout);
    if (position === undefined || position === last) return;
    last = position;
    // Frames are counted from the Unix epoch: the position is the number of the frame within the clip.
    const now = (Date.now() / 1000) * frameRate;
    const behind = (((now - position) % frames) + frames) % frames;
    seen.pictures.push({ at, gap, age: behind / frameRate });
  };
  next();
}

function seenBy(page: Page): Promise<Seen> {
  return page.evaluate(() => (globalThis as unknown as { readonly seen: Seen }).seen);
}

test(
  'startup, latency and an outage are what the picture shows',
  { timeout: 60_000 + HEALTHY_SECONDS * 1000 },
  async () => {
    const broadcast = 'e2e/experience.hang';
    const labels = { namespace: 'e2e', broadcast };
    await using _publisher = await publish(stage.relayUrl, broadcast);
    await using proxy = await createFaultProxy({
      listen: { host: '127.0.0.1', port: 0 },
      target: { host: '127.0.0.1', port: stage.relayPort },
    });
    const page = await browser.newPage();
    await witness(page);
    await page.goto(
      stage.page({ relay: `http://127.0.0.1:${proxy.address.port}/`, broadcast, interval: '1' }),
    );
    await moves(page);
    await page.waitForTimeout(HEALTHY_SECONDS * 1000);

    const value = (metric: Metric, suffix?: '_count' | '_sum'): Promise<number | undefined> =>
      stage.value(metric, labels, suffix);
    await expect
      .poll(() => value(client.watchedSeconds), { timeout: 5000 })
      .toBeGreaterThan(HEALTHY_SECONDS - 1);
    const healthy = await seenBy(page);
    const startup = (await value(client.startupTime, '_sum'))!;
    const first = healthy.pictures[0]!;
    const paint = (first.at - healthy.asked) / 1000;
    const samples = (await value(client.latency, '_count'))!;
    const latency = (await value(client.latency, '_sum'))! / samples;
    const burnt = mean(healthy.pictures.map(({ age }) => age));
    const gap = mean(healthy.pictures.map((picture) => picture.gap)) / 1000;
    const freezes = freezesOf(healthy.pictures);
    const before = {
      rebuffers: (await value(client.rebufferCount))!,
      stalled: (await value(client.stalledSeconds))!,
    };
    console.log(
      [
        `startup ${startup.toFixed(3)} s, first picture ${paint.toFixed(3)} s`,
        `latency ${latency.toFixed(3)} s, in the picture ${burnt.toFixed(3)} s`,
        `in ${HEALTHY_SECONDS} s of healthy playback ${before.rebuffers} rebuffers, and the picture stood still ${freezes.length} times`,
      ].join('\n'),
    );
    // A picture that is found was painted since the look before.
    expect(startup).toBeLessThan(paint + 0.05);
    expect(startup).toBeGreaterThan(paint - first.gap / 1000 - 0.05);
    expect(samples).toBeGreaterThan(HEALTHY_SECONDS / 1.5);
    expect(latency).toBeLessThan(burnt + 0.05);
    expect(latency).toBeGreaterThan(burnt - gap - 0.05);
    // None, where the machine has time to play: what the viewer did not see is not counted.
    expect(before.rebuffers).toBeLessThanOrEqual(freezes.length);

    proxy.cut(3000);
    await expect
      .poll(() => value(client.rebufferDuration, '_count'), { timeout: 30_000 })
      .toBeGreaterThan(before.rebuffers);
    await page.waitForTimeout(3000);
    const still = freezesOf((await seenBy(page)).pictures.slice(healthy.pictures.length - 1));
    const longest = Math.max(...still);
    const stalled = (await value(client.stalledSeconds))! - before.stalled;
    const rebuffers = (await value(client.rebufferCount))! - before.rebuffers;
    console.log(
      `stalled ${stalled.toFixed(3)} s in ${rebuffers} rebuffer, the picture stood still for ${longest.toFixed(3)} s`,
    );
    // A busy machine may hold the picture up once more, which is no want of data; it is no further rebuffer.
    expect(stalled).toBeGreaterThan(longest - 0.25);
    expect(stalled).toBeLessThan(sum(still) + 0.25);
    expect(stalled).toBeGreaterThan(2);
    expect(rebuffers).toBeGreaterThanOrEqual(1);
    expect(rebuffers).toBeLessThanOrEqual(still.length);
    expect(await stage.value(client.playOutcomes, { ...labels, outcome: 'started' })).toBe(1);
    await page.close();
  },
);

interface Trace {
  readonly spans: readonly {
    readonly name: string;
    readonly spanId: string;
    readonly parentSpanId: string;
    readonly serviceName: string;
  }[];
  readonly logs: readonly { readonly serviceName: string; readonly sessionId: string }[];
}

test.concurrent('a session is one trace from the player to the relay, and what the relay logs of it carries both ids', async ({
  expect,
}) => {
  const broadcast = 'e2e/trace.hang';
  await using _publisher = await publish(stage.relayUrl, broadcast);
  const page = await browser.newPage();
  await page.goto(stage.page({ broadcast, interval: '1', transport: 'webtransport' }));
  await moves(page);
  const { sessionId, traceId } = await page.evaluate(() => {
    const observation = document.querySelector('moq-observed-player')?.observation;
    return { sessionId: observation?.sessionId, traceId: observation?.traceId };
  });
  const session = spans.relaySession.name;
  const { spans: found, logs } = await eventually('the trace with all of its parts', async () => {
    const trace = await stage.ask<Trace>(`/api/traces/${traceId}`);
    const names = new Set(trace?.spans.map(({ name }) => name));
    return (
      [spans.playbackStartup.name, session, spans.relaySubscribe.name].every((name) => names.has(name)) &&
      trace
    );
  });
  await page.close();
  const root = found.find(({ name }) => name === spans.playbackStartup.name)!;
  expect(root).toMatchObject({ serviceName: 'moq-player', parentSpanId: '' });
  const children = found.filter(({ parentSpanId }) => parentSpanId === root.spanId);
  expect(children.filter(({ serviceName }) => serviceName === 'moq-player').map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      spans.connect.name,
      spans.announce.name,
      spans.catalog.name,
      spans.subscribe.name,
      spans.firstFrame.name,
    ]),
  );
  expect(children).toContainEqual(expect.objectContaining({ name: session, serviceName: 'moq-relay' }));
  const known = new Set(found.map(({ spanId }) => spanId));
  expect(found.filter(({ parentSpanId }) => parentSpanId !== '' && !known.has(parentSpanId))).toEqual([]);
  const ofRelay = logs.filter(({ serviceName }) => serviceName === 'moq-relay');
  expect(ofRelay.length).toBeGreaterThan(0);
  expect(new Set(ofRelay.map((line) => line.sessionId))).toEqual(new Set([sessionId]));
  const printed = stage.relay
    .output()
    .split('\n')
    .filter((line) => line.includes(sessionId!))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  expect(printed.length).toBeGreaterThan(0);
  for (const line of printed) {
    expect(line).toMatchObject({ [logFields.traceId.name]: traceId, [logFields.session.name]: sessionId });
  }
});

/** What a player says it received, whatever was reported. */
interface Received {
  readonly video: number;
  readonly audio: number;
  readonly frames: number;
}

function receivedBy(page: Page): Promise<Received> {
  return page.evaluate(() => {
    const { video, audio } = document.querySelector<MoqObservedPlayer>('moq-observed-player')!;
    return {
      video: video.out.stats.peek()?.bytesReceived ?? 0,
      audio: audio.out.stats.peek()?.bytesReceived ?? 0,
      frames: video.out.stats.peek()?.frameCount ?? 0,
    };
  });
}

test.concurrent('of a tab that crashes at most the last interval is missing', async ({ expect }) => {
  const broadcast = 'e2e/crash.hang';
  const labels = { namespace: 'e2e', broadcast };
  await using _publisher = await publish(stage.relayUrl, broadcast);
  const page = await browser.newPage();
  await page.goto(stage.page({ broadcast, interval: '1' }));
  await moves(page);
  await page.waitForTimeout(2000);
  const before = await receivedBy(page);
  // An interval, and time to deliver its report.
  await page.waitForTimeout(2500);
  const crashing = await receivedBy(page);
  const devtools = await page.context().newCDPSession(page);
  await Promise.race([devtools.send('Page.crash').catch(() => {}), page.waitForEvent('crash')]);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const bytes = (await stage.value(client.mediaReceivedBytes, { ...labels, track_type: 'video' }))!;
  console.log(`of ${crashing.video} B until the crash ${bytes} B arrived`);
  expect(before.video).toBeGreaterThan(0);
  expect(bytes).toBeGreaterThanOrEqual(before.video);
  expect(bytes).toBeLessThanOrEqual(crashing.video * 1.2);
  expect(await stage.value(client.playAttempts, labels)).toBe(1);
  expect(await stage.value(client.playOutcomes, { ...labels, outcome: 'started' })).toBe(1);
  await page.close();
});

test('all that a player knows arrives as it was, once, though answers of the collector get lost', async () => {
  // A second try must not find what the first one counted.
  const broadcast = `e2e/known-${randomUUID().slice(0, 8)}.hang`;
  const labels = { namespace: 'e2e', broadcast };
  await using _publisher = await publish(stage.relayUrl, broadcast);
  await using way = await openLossyWay(stage.collectorUrl);
  const page = await browser.newPage();
  const ok = { transport: 'webtransport', result: 'ok' };
  const shared = {
    connections: (await stage.value(client.connections, ok)) ?? 0,
    duplicates: (await stage.value(collector.reports, { result: 'duplicate' })) ?? 0,
    h264: (await stage.value(client.decodeTime, { codec: 'avc1' }, '_count')) ?? 0,
  };
  await page.goto(stage.page({ broadcast, collector: way.url, interval: '1' }));
  await moves(page);
  await page.getByText('Unmute').click();
  await page.waitForFunction(() => {
    return document.querySelector('moq-observed-player')?.audio.out.stats.peek() !== undefined;
  });
  await page.waitForTimeout(3000);
  way.losesAnswers = true;
  await expect.poll(() => way.lost, { timeout: 10_000 }).toBeGreaterThan(1);
  way.losesAnswers = false;
  const first = await page.evaluate(() => {
    const { out } = document.querySelector('moq-observed-player')!.video.source;
    return out.track.peek();
  });
  await page.selectOption('#rendition', first === '720p' ? '360p' : '720p');
  await page.waitForTimeout(3000);
  await page.getByText('Pause', { exact: true }).click();
  await page.waitForTimeout(500);
  const received = await receivedBy(page);
  await page.evaluate(() => document.querySelector('moq-observed-player')!.observation!.flush());
  const value = (
    metric: Metric,
    more: Readonly<Record<string, string>> = {},
    suffix?: '_count' | '_sum',
  ): Promise<number> => stage.value(metric, { ...labels, ...more }, suffix).then((found) => found ?? 0);
  await expect
    .poll(() => value(client.mediaReceivedBytes, { track_type: 'video' }), { timeout: 15_000 })
    .toBe(received.video);
  await expect
    .poll(() => value(client.mediaReceivedBytes, { track_type: 'audio' }), { timeout: 15_000 })
    .toBe(received.audio);
  expect(received.audio).toBeGreaterThan(0);
  expect(await stage.value(collector.reports, { result: 'duplicate' })).toBeGreaterThan(shared.duplicates);

  // The start.
  expect(await value(client.playAttempts)).toBe(1);
  expect(await value(client.playOutcomes, { outcome: 'started' })).toBe(1);
  expect(await value(client.playOutcomes)).toBe(1);
  expect(await value(client.startupTime, { transport: 'webtransport' }, '_count')).toBe(1);
  expect((await stage.value(client.connections, ok))! - shared.connections).toBe(1);
  for (const phase of client.startupPhases) {
    expect(
      await stage.value(client.startupPhase, { phase, transport: 'webtransport' }, '_count'),
      phase,
    ).toBeGreaterThan(0);
  }
  expect(await value(client.playbackFailures)).toBe(0);

  // What was watched, and how.
  const seconds = await value(client.watchedSeconds);
  const rates = await value(client.bitrate, { track_type: 'video' }, '_count');
  const meanRate = (await value(client.bitrate, { track_type: 'video' }, '_sum')) / rates;
  console.log(
    `watched ${seconds.toFixed(1)} s, ${received.frames} frames and ${received.video} B of video, ${(meanRate / 1e6).toFixed(2)} Mbit/s`,
  );
  expect(rates).toBeGreaterThan(seconds / 2);
  expect(meanRate / ((received.video * 8) / seconds)).toBeGreaterThan(0.7);
  expect(meanRate / ((received.video * 8) / seconds)).toBeLessThan(1.5);
  for (const track_type of ['video', 'audio']) {
    const looks = await value(client.bufferLength, { track_type }, '_count');
    expect(looks, track_type).toBeGreaterThan(2);
    expect((await value(client.bufferLength, { track_type }, '_sum')) / looks, track_type).toBeLessThan(2);
  }
  expect(await value(client.latency, {}, '_count')).toBeGreaterThan(seconds / 2);
  expect(await value(client.avSyncDrift, {}, '_count')).toBeGreaterThan(2);
  expect(await stage.value(client.rtt, { transport: 'webtransport' }, '_count')).toBeGreaterThan(0);
  const direction = first === '720p' ? 'down' : 'up';
  expect(await value(client.qualitySwitches, { switch: direction })).toBe(1);
  expect(await value(client.qualitySwitches)).toBe(1);

  // The decoders: what was in them when they were closed did not come out.
  const decoded = await value(client.framesDecoded);
  expect(decoded).toBeLessThanOrEqual(received.frames);
  expect(decoded).toBeGreaterThan(received.frames - 20);
  expect(await value(client.framesDropped, { reason: 'decode_error' })).toBe(0);
  expect((await stage.value(client.decodeTime, { codec: 'avc1' }, '_count'))! - shared.h264).toBe(decoded);
  expect(await stage.value(client.decodeTime, { codec: 'opus' }, '_count')).toBeGreaterThan(0);
  const { frameRate, framesPerGroup } = CLOCK_CLIP.tracks[0]!;
  const intervals = await value(client.keyframeInterval, {}, '_count');
  expect(intervals).toBeGreaterThan(2);
  expect((await value(client.keyframeInterval, {}, '_sum')) / intervals).toBeCloseTo(
    framesPerGroup / frameRate,
    1,
  );
  await page.close();
});

/** For how long a page saw the same picture, each time that was about 0.25 s or more; in seconds. */
function freezesOf(pictures: Seen['pictures']): readonly number[] {
  return pictures
    .slice(1)
    .map(({ at }, i) => (at - pictures[i]!.at) / 1000)
    .filter((seconds) => seconds >= 0.2);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
