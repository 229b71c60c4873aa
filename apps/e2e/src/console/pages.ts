/** A browser on the console that notices everything it should not do. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { eventually } from '../process.ts';

/** A page of the console, and what went wrong on it. */
export interface Watched extends AsyncDisposable {
  readonly page: Page;
  /** Addresses outside the console's own that were asked for. */
  readonly outside: readonly string[];
  /** Errors of the page, and what its policy forbade. */
  readonly errors: readonly string[];
}

/** Opens a page that is watched. */
export async function openWatched(
  browser: Browser,
  origin: URL,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const outside: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.origin !== origin.origin) outside.push(request.url());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // That a server is away is said on the page; the browser notes it too.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      errors.push(message.text());
    }
  });
  return { page, outside, errors, [Symbol.asyncDispose]: () => context.close() };
}

/** Resolves once a text is in sight. */
export async function shows(page: Page, text: string, timeout = 15_000): Promise<void> {
  await page.getByText(text, { exact: false }).filter({ visible: true }).first().waitFor({ timeout });
}

/** Resolves once a picture drawn on a canvas has colours in it. */
export async function draws(page: Page, selector: string): Promise<void> {
  await eventually(`${selector} draws`, () =>
    page.evaluate((canvases) => {
      for (const canvas of document.querySelectorAll<HTMLCanvasElement>(canvases)) {
        const context = canvas.width > 0 ? canvas.getContext('2d') : null;
        const data = context?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
        for (let i = 3; i < data.length; i += 4) if (data[i]! > 0) return true;
      }
      return false;
    }, selector),
  );
}
