import { createRelay, type Relay } from '@moq-observability/relay-node';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type ViteDevServer } from 'vite';
import { launch, moves, transportOf } from './browser.ts';

let relay: Relay;
let pages: ViteDevServer;
let browser: Browser;

beforeAll(async () => {
  pages = await createServer({
    root: fileURLToPath(new URL('../pages', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    cacheDir: fileURLToPath(new URL('../node_modules/.vite-pages', import.meta.url)),
    server: { host: '127.0.0.1', port: 0 },
    optimizeDeps: { entries: ['*.html'] },
  });
  [relay, browser] = await Promise.all([
    createRelay({ port: 0, opsPort: 0 }),
    launch('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'),
    pages.listen(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
  await relay?.close();
});

test.for(['webtransport', 'websocket'])(
  'unmodified @moq/publish with a camera and @moq/watch meet at the relay over %s',
  async (transport) => {
    const query = `?url=${encodeURIComponent(relay.url.href)}&name=camera-${transport}.hang`;
    const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
    if (transport === 'websocket') await context.addInitScript('delete globalThis.WebTransport');
    const base = pages.resolvedUrls?.local[0];
    const publisher = await context.newPage();
    await publisher.goto(`${base}publish.html${query}`);
    const viewer = await context.newPage();
    await viewer.goto(`${base}watch.html${query}`);
    await moves(viewer);
    expect(await transportOf(viewer)).toBe(transport);
    await context.close();
  },
);
