/// <reference types="@moq/watch/element" />
import { type Browser, chromium, type Page } from 'playwright-core';
import { eventually } from './process.ts';

/** What keeps a headless Chromium on this machine, and lets it play without being asked. */
export const chromiumArguments: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

/** The browser that the global setup found. */
export function chromiumPath(): string {
  const path = process.env['CHROME_PATH'];
  if (!path) throw new Error('CHROME_PATH is not set: the global setup did not run');
  return path;
}

/** A headless Chromium; further arguments are Chromium's own. */
export function launch(...args: readonly string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    args: [...chromiumArguments, ...args],
  });
}

/** What the first canvas of a page shows, scaled down: its pixels' hash and how many colours it has. */
function picture(page: Page): Promise<{ readonly hash: number; readonly colours: number }> {
  return page.evaluate(() => {
    const canvas = document.querySelector('canvas');
    if (!canvas || canvas.width === 0) return { hash: 0, colours: 0 };
    const small = new OffscreenCanvas(64, 36);
    const context = small.getContext('2d');
    if (!context) return { hash: 0, colours: 0 };
    context.drawImage(canvas, 0, 0, 64, 36);
    const { data } = context.getImageData(0, 0, 64, 36);
    const colours = new Set<number>();
    let hash = 17;
    for (let i = 0; i < data.length; i += 4) {
      const colour = (data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!;
      colours.add(colour);
      hash = (Math.imul(hash, 31) + colour) | 0;
    }
    return { hash, colours: colours.size };
  });
}

/** Resolves once the page shows a picture that moves. */
export async function moves(page: Page): Promise<void> {
  const first = await eventually('a picture', async () => {
    const seen = await picture(page);
    return seen.colours > 8 && seen;
  });
  await eventually('a moving picture', async () => (await picture(page)).hash !== first.hash);
}

/** What carries the session of the page's player. */
export function transportOf(page: Page): Promise<string | undefined> {
  return page.evaluate(() => {
    const player = document.querySelector<HTMLElementTagNameMap['moq-watch']>(
      'moq-watch, moq-observed-player',
    );
    return player?.connection.established.peek()?.transport;
  });
}
