import { CLOCK_CLIP, createFaultProxy } from '@moq-observability/load';
import type { PositionLayout, readPosition } from '@moq-observability/load/position-pattern';
import { client, type Metric } from '@moq-observability/moq-metrics';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, moves } from './browser.ts';
import { publish, type Stack, startStack } from './stack.ts';

const broadcast = 'e2e/experience.hang';
const labels = { namespace: 'e2e', broadcast };
let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.[Symbol.asyncDispose]();
});

/** What the page itself saw. Times are milliseconds of `performance.now()`. */
interface Seen {
  /** When the player was put into the page. */
  readonly asked: number;
  /** When another picture than before was on the canvas, and when it was captured by the position burnt into it. */
  readonly pictures: readonly { readonly at: number; readonly latency: number }[];
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
  const seen = { asked: 0, pictures: [] as { at: number; latency: number }[] };
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
  const next = (): void => {
    requestAnimationFrame(next);
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
    seen.pictures.push({ at: performance.now(), latency: behind / frameRate });
  };
  next();
}

function seenBy(page: Page): Promise<Seen> {
  return page.evaluate(() => (globalThis as unknown as { readonly seen: Seen }).seen);
}

test('startup, latency and an outage are what the picture shows', async () => {
  await using _publisher = await publish(stack.relay, broadcast);
  await using proxy = await createFaultProxy({
    listen: { host: '127.0.0.1', port: 0 },
    target: { host: '127.0.0.1', port: stack.relayPort },
  });
  const page = await browser.newPage();
  await witness(page);
  const relay = encodeURIComponent(`http://127.0.0.1:${proxy.address.port}/`);
  await page.goto(`${stack.player}?relay=${relay}&broadcast=${broadcast}&interval=1`);
  await moves(page);
  await page.waitForTimeout(15_000);

  const value = (metric: Metric, suffix?: '_count' | '_sum'): Promise<number | undefined> =>
    stack.collectorValue(metric, labels, suffix);
  await expect.poll(() => value(client.watchedSeconds), { timeout: 5000 }).toBeGreaterThan(14);
  const healthy = await seenBy(page);
  const startup = (await value(client.startupTime, '_sum'))!;
  const paint = (healthy.pictures[0]!.at - healthy.asked) / 1000;
  const samples = (await value(client.latency, '_count'))!;
  const latency = (await value(client.latency, '_sum'))! / samples;
  const burnt = mean(healthy.pictures.map((picture) => picture.latency));
  console.log(
    `startup ${startup} s, first picture ${paint} s; latency ${latency} s, in the picture ${burnt} s`,
  );
  expect(Math.abs(startup - paint)).toBeLessThan(0.05);
  expect(samples).toBeGreaterThan(10);
  expect(Math.abs(latency - burnt)).toBeLessThan(0.05);
  const before = { rebuffers: (await value(client.rebufferCount))!, still: stillFor(healthy) };

  proxy.cut(3000);
  await expect
    .poll(() => value(client.rebufferDuration, '_count'), { timeout: 30_000 })
    .toBeGreaterThan(before.rebuffers);
  await page.waitForTimeout(3000);
  const still = stillFor(await seenBy(page));
  const stalled = (await value(client.stalledSeconds))!;
  const rebuffers = (await value(client.rebufferCount))! - before.rebuffers;
  console.log(
    `stalled ${stalled} s, the picture stood still for ${still} s, ${before.still} s of it before the outage; ${rebuffers} rebuffers`,
  );
  expect(Math.abs(stalled - still)).toBeLessThan(0.25);
  expect(stalled).toBeGreaterThan(2);
  expect(rebuffers).toBe(1);
  expect(await stack.collectorValue(client.playOutcomes, { ...labels, outcome: 'started' })).toBe(1);
  await page.close();
});

/** For how long a page saw the same picture, in all, where that was for 0.25 s or more; in seconds. */
function stillFor({ pictures }: Seen): number {
  return pictures
    .slice(1)
    .map(({ at }, i) => (at - pictures[i]!.at) / 1000)
    .filter((seconds) => seconds >= 0.25)
    .reduce((sum, seconds) => sum + seconds, 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
