import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { client, otelName } from '@moq-observability/moq-metrics';
import { Broadcast } from '@moq/net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test, vi } from 'vitest';
import { type Still, TestChannel } from '../test/channel.ts';
import { TestEndpoint } from '../test/endpoint.ts';
import { TestRelay } from '../test/relay.ts';

let scratch: string;
let server: ViteDevServer;
let browser: Browser;
let still: Still;
let page: Page;
let said: string[];

beforeAll(async () => {
  const executablePath = process.env['CHROME_PATH'];
  if (!executablePath) throw new Error('browser tests need Chromium: set CHROME_PATH to its executable');
  scratch = await mkdtemp(join(tmpdir(), 'moq-player-'));
  server = await createServer({
    configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
    server: { port: 0, strictPort: false },
    logLevel: 'error',
    // A page that is served at the same time keeps its own.
    cacheDir: scratch,
  });
  await server.listen();
  browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  still = await makeStill();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await rm(scratch, { recursive: true, force: true });
});
beforeEach(async () => {
  const context = await browser.newContext();
  page = await context.newPage();
  said = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`pageerror: ${error.message}`));
  onTestFailed(() => console.log(`the console of the page:\n${said.join('\n')}`));
  return () => context.close();
});

/** A picture encoded by the browser that is to play it. */
async function makeStill(): Promise<Still> {
  const blank = await browser.newPage();
  await blank.goto(server.resolvedUrls!.local[0]!);
  const [width, height] = [320, 180];
  const frame = await blank.evaluate(
    async ([width, height]) => {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d')!;
      context.fillStyle = '#14b8a6';
      context.fillRect(0, 0, width, height);
      return new Promise<number[]>((resolve, reject) => {
        const encoder = new VideoEncoder({
          output: (chunk) => {
            const bytes = new Uint8Array(chunk.byteLength);
            chunk.copyTo(bytes);
            resolve([...bytes]);
          },
          error: reject,
        });
        encoder.configure({ codec: 'vp8', width, height });
        encoder.encode(new VideoFrame(canvas, { timestamp: 0 }), { keyFrame: true });
        void encoder.flush();
      });
    },
    [width, height] as const,
  );
  await blank.close();
  return { frame: Uint8Array.from(frame), width, height };
}

/** The URL of the page. Without a collector its reports go to a port nobody listens on. */
function address(relay: TestRelay, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(server.resolvedUrls!.local[0]!);
  const defaults = {
    relay: relay.url,
    collector: 'http://127.0.0.1:9',
    transport: 'websocket',
    interval: '1',
  };
  url.search = new URLSearchParams({ ...defaults, ...parameters }).toString();
  return url.href;
}

async function open(relay: TestRelay, parameters: Readonly<Record<string, string>> = {}): Promise<void> {
  await page.goto(address(relay, parameters));
}

async function withRelay(): Promise<TestRelay> {
  const relay = new TestRelay();
  await relay.open();
  return relay;
}

describe('the list', () => {
  test('says what to do when nothing is announced', async () => {
    await using relay = await withRelay();
    await open(relay);
    await page.getByText('No broadcast is announced.').waitFor();
    expect(await page.locator('#notice-command').textContent()).toContain(`--relay ${relay.url}`);
    expect(await page.locator('#count').textContent()).toBe('0');
  });

  test('follows what comes and goes', async () => {
    await using relay = await withRelay();
    await open(relay, { broadcast: 'none/of/these.hang' });
    await page.getByText('Waiting for none/of/these.hang').waitFor();
    for (const name of ['b/two.hang', 'a/one.hang', 'c.hang']) relay.announce(name, new Broadcast.Producer());
    const names = page.locator('#broadcasts button');
    await vi.waitFor(async () => {
      expect(await names.allTextContents()).toEqual(['a/one.hang', 'b/two.hang', 'c.hang']);
    });
    relay.withdraw('b/two.hang');
    await vi.waitFor(async () => expect(await names.allTextContents()).toEqual(['a/one.hang', 'c.hang']));
  });

  test('shows names as the text they are', async () => {
    await using relay = await withRelay();
    const name = '<img src=x onerror=alert(1)>/"><script>alert(2)</script>\u202e&amp;';
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    relay.announce(name, new Broadcast.Producer());
    await open(relay);
    await page.locator('#broadcasts button').waitFor();
    expect(await page.locator('#broadcasts button').textContent()).toBe(name);
    expect(await page.locator('#playing').textContent()).toBe(name);
    await page
      .getByText(`Waiting for ${name}`)
      .or(page.getByText(`Loading ${name}`))
      .waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(dialogs).toEqual([]);
  });
});

describe('the player', () => {
  test('plays what is announced, tells how, and reports one start and one stall', async () => {
    await using relay = await withRelay();
    await using endpoint = new TestEndpoint();
    await endpoint.open();
    using channel = new TestChannel(still);
    relay.announce('demo/still.hang', channel.broadcast);
    await open(relay, { collector: endpoint.url });
    await page.waitForFunction(() => document.getElementById('startup')?.textContent?.endsWith(' s'));
    expect(await page.locator('#transport').textContent()).toBe('WebSocket');
    expect(await page.locator('#protocol').textContent()).toBe('moq-lite-05');
    expect(await page.locator('#resolution').textContent()).toBe('320 × 180');
    expect(await page.locator('#codec').textContent()).toBe('VP8');
    expect(await page.locator('#rendition option').allTextContents()).toEqual(['Auto', '320 × 180']);
    await vi.waitFor(() => expect(endpoint.total(otelName(client.startupTime))).toBe(1), 10_000);
    expect(endpoint.total(otelName(client.rebufferCount))).toBe(0);

    const session = String(endpoint.reports.find(Boolean)).split('/')[0];
    await vi.waitFor(() => expect(endpoint.spans).not.toEqual([]), 10_000);
    const startup = endpoint.spans.find(({ name }) => name === 'playback.startup');
    expect(relay.urls).toContain(
      `/?session=${session}&traceparent=00-${startup?.traceId}-${startup?.spanId}-01`,
    );

    channel.silent = true;
    await page.getByText('Waiting for data').waitFor();
    channel.silent = false;
    await page.locator('#notice[data-state=clear]').waitFor({ state: 'attached' });
    await vi.waitFor(() => expect(endpoint.total(otelName(client.rebufferCount))).toBe(1), 10_000);
    expect(endpoint.total(otelName(client.startupTime))).toBe(1);
    expect(said.filter((line) => line.includes('[Observability]'))).toEqual([
      'info: [Observability] Initialized',
    ]);
  });

  test('shows what is measured, and what it is measured under', async () => {
    await using relay = await withRelay();
    await using endpoint = new TestEndpoint();
    await endpoint.open();
    using channel = new TestChannel(still);
    relay.announce('demo/still.hang', channel.broadcast);
    await open(relay, { collector: endpoint.url });
    await page.locator('#bitrate', { hasText: 'bit/s' }).waitFor();
    expect(await page.locator('#buffer').textContent()).toMatch(/ m?s$/);
    // The relay of this test does not tell the time.
    expect(await page.locator('#latency-more').textContent()).toBe('the relay does not tell the time');
    await vi.waitFor(() => expect(endpoint.spans).not.toEqual([]), 10_000);
    const { traceId } = endpoint.spans[0]!;
    expect(await page.locator('#trace').textContent()).toBe(traceId);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('#trace').click();
    await page.getByText('copied', { exact: true }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(traceId);
  });

  test('goes offline and online again: a stall, and a reconnect that is a trace of its own', async () => {
    await using relay = await withRelay();
    await using endpoint = new TestEndpoint();
    await endpoint.open();
    using channel = new TestChannel(still);
    relay.announce('demo/still.hang', channel.broadcast);
    await open(relay, { collector: endpoint.url });
    await page.locator('#bitrate', { hasText: 'bit/s' }).waitFor();
    await page.getByText('Go offline').click();
    await page.locator('#stalled', { hasText: 'stalled now' }).waitFor();
    // A connection that closes takes the broadcast along, and offline the page closes each that it gets.
    relay.withdraw('demo/still.hang');
    await page.getByText('Go online').click();
    await page.locator('#transport', { hasText: 'WebSocket' }).waitFor();
    using again = new TestChannel(still);
    relay.announce('demo/still.hang', again.broadcast);
    await page.locator('#notice[data-state=clear]').waitFor({ state: 'attached' });
    await vi.waitFor(() => {
      expect(endpoint.spans.filter(({ name }) => name === 'playback.reconnect')).toHaveLength(1);
    }, 10_000);
    const startup = endpoint.spans.find(({ name }) => name === 'playback.startup');
    const reconnect = endpoint.spans.find(({ name }) => name === 'playback.reconnect');
    expect(reconnect?.links).toEqual([startup?.traceId]);
    expect(endpoint.total(otelName(client.rebufferCount))).toBe(1);
    expect(endpoint.total(otelName(client.startupTime))).toBe(1);
    await vi.waitFor(() => {
      expect(endpoint.logs.map(({ event }) => event)).toEqual(
        expect.arrayContaining(['connection.lost', 'connection.restored', 'stall.start', 'stall.end']),
      );
    }, 10_000);
  });

  test('what was measured until the page is closed arrives', async () => {
    await using relay = await withRelay();
    await using endpoint = new TestEndpoint();
    await endpoint.open();
    using channel = new TestChannel(still);
    relay.announce('demo/still.hang', channel.broadcast);
    await open(relay, { collector: endpoint.url, interval: '300' });
    await page.waitForFunction(() => document.getElementById('startup')?.textContent?.endsWith(' s'));
    expect(endpoint.received).toEqual([]);
    // A profile outlives its pages: the last page of a context would take the browser's side of it along.
    await page.context().newPage();
    await page.close();
    await vi.waitFor(() => expect(endpoint.total(otelName(client.startupTime))).toBe(1), 10_000);
  });

  test.each([
    ['bounced', 0],
    ['exited', 1200],
  ])('a start that is given up has %s, once, though the page is gone', async (outcome, wait) => {
    await using relay = await withRelay();
    await using endpoint = new TestEndpoint();
    await endpoint.open();
    relay.announce('demo/silent.hang', new Broadcast.Producer());
    await open(relay, { collector: endpoint.url, interval: '300' });
    await page.getByText('Loading demo/silent.hang').waitFor();
    await page.waitForTimeout(wait);
    await page.context().newPage();
    await page.close();
    await vi.waitFor(() => expect(endpoint.total(otelName(client.playOutcomes))).toBe(1), 10_000);
    expect(endpoint.total(otelName(client.playOutcomes), { outcome })).toBe(1);
    expect(endpoint.total(otelName(client.playAttempts))).toBe(1);
    expect(endpoint.spans).toEqual([]);
  });

  test('a start of what the browser cannot decode has failed, once, though the page is gone', async () => {
    await using relay = await withRelay();
    await using endpoint = new TestEndpoint();
    await endpoint.open();
    using channel = new TestChannel(still, 'vp77.none');
    relay.announce('demo/strange.hang', channel.broadcast);
    await open(relay, { collector: endpoint.url, interval: '300' });
    await page.getByText('can decode no rendition').waitFor();
    await page.context().newPage();
    await page.close();
    await vi.waitFor(() => expect(endpoint.total(otelName(client.playOutcomes))).toBe(1), 10_000);
    expect(endpoint.total(otelName(client.playOutcomes), { outcome: 'failed' })).toBe(1);
    expect(endpoint.total(otelName(client.playbackFailures), { error: 'decode' })).toBe(1);
  });

  test('how starts ended arrives, once, though the page is gone before the rest was loaded', async () => {
    await using relay = await withRelay();
    await using endpoint = new TestEndpoint();
    await endpoint.open();
    using channel = new TestChannel(still);
    using strange = new TestChannel(still, 'vp77.none');
    relay.announce('demo/still.hang', channel.broadcast);
    relay.announce('demo/strange.hang', strange.broadcast);
    // It is asked for, and does not come.
    await page.context().route('**/otel/telemetry.ts*', () => {});
    const parameters = { collector: endpoint.url, interval: '300' };
    const other = await page.context().newPage();
    await open(relay, { ...parameters, broadcast: 'demo/still.hang' });
    await other.goto(address(relay, { ...parameters, broadcast: 'demo/strange.hang' }));
    await page.waitForFunction(() => document.getElementById('startup')?.textContent?.endsWith(' s'));
    await other.getByText('can decode no rendition').waitFor();
    await page.context().newPage();
    await Promise.all([page.close(), other.close()]);
    const outcomes = otelName(client.playOutcomes);
    await vi.waitFor(() => expect(endpoint.total(outcomes)).toBe(2), 10_000);
    expect(endpoint.total(outcomes, { broadcast: 'demo/still.hang', outcome: 'started' })).toBe(1);
    expect(endpoint.total(outcomes, { broadcast: 'demo/strange.hang', outcome: 'failed' })).toBe(1);
    expect(endpoint.total(otelName(client.startupTime))).toBe(1);
    expect(endpoint.total(otelName(client.playAttempts))).toBe(2);
    expect(endpoint.spans).toEqual([]);
  });

  test('what could not be sent while the network was away arrives when it is back, once', async () => {
    await using relay = await withRelay();
    await using endpoint = new TestEndpoint();
    await endpoint.open();
    using channel = new TestChannel(still);
    relay.announce('demo/still.hang', channel.broadcast);
    await open(relay, { collector: endpoint.url });
    await page.locator('#bitrate', { hasText: 'bit/s' }).waitFor();
    await page.context().setOffline(true);
    await page.getByText(/[1-9] waiting/).waitFor();
    await page.context().setOffline(false);
    await page.getByText('Pause', { exact: true }).click();
    await page.waitForTimeout(200);
    const [received, frames] = await page.evaluate(() => {
      const stats = document.querySelector('moq-observed-player')!.video.out.stats.peek()!;
      return [stats.bytesReceived, stats.frameCount];
    });
    await vi.waitFor(
      () => expect(endpoint.total(otelName(client.mediaReceivedBytes))).toBe(received),
      20_000,
    );
    expect(endpoint.total(otelName(client.framesDecoded))).toBeGreaterThan(frames! - 5);
    expect(endpoint.total(otelName(client.framesDecoded))).toBeLessThanOrEqual(frames!);
    expect(endpoint.total(otelName(client.playOutcomes))).toBe(1);
    const reports = endpoint.reports.filter(Boolean);
    expect(new Set(reports).size).toBe(reports.length);
  });

  test('no endpoint disturbs, whatever it answers: one warning that tells why, and no storm', async () => {
    await using relay = await withRelay();
    using channel = new TestChannel(still);
    relay.announce('demo/still.hang', channel.broadcast);
    const ways: Readonly<Record<string, (endpoint: TestEndpoint) => void>> = {
      'it answered 400': (endpoint) => (endpoint.always = { status: 400 }),
      'it answered 429': (endpoint) => (endpoint.always = { status: 429, headers: { 'Retry-After': '60' } }),
      'it answered 500': (endpoint) => (endpoint.always = { status: 500 }),
      'it answered 503': (endpoint) => (endpoint.always = { status: 503 }),
      'CORS refuses': (endpoint) => (endpoint.allowsOrigins = false),
      silent: (endpoint) => (endpoint.always = undefined),
    };
    await using endpoints = new AsyncDisposableStack();
    const opened = await Promise.all(
      Object.entries(ways).map(async ([fault, spoil]) => {
        const endpoint = endpoints.use(new TestEndpoint());
        await endpoint.open();
        spoil(endpoint);
        const tab = await page.context().newPage();
        const warnings: string[] = [];
        tab.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()));
        tab.on('pageerror', (error) => warnings.push(error.message));
        await tab.goto(address(relay, { collector: endpoint.url }));
        return { fault, endpoint, tab, warnings };
      }),
    );
    await page.waitForTimeout(5000);
    for (const { fault, endpoint, tab, warnings } of opened) {
      const ours = warnings.filter((line) => line.includes('[Observability]') || line.includes('Error'));
      // Who never answers is waited for longer than this test.
      expect(ours, fault).toEqual(
        fault === 'silent' ? [] : [expect.stringMatching(`telemetry endpoint ${endpoint.url}: .*${fault}`)],
      );
      expect(endpoint.received.length, fault).toBeLessThan(25);
      const { frames, waiting } = await tab.evaluate(() => ({
        frames: document.querySelector('moq-observed-player')!.video.out.stats.peek()!.frameCount,
        waiting: document.querySelector('moq-observed-player')!.observation!.reports,
      }));
      expect(frames, fault).toBeGreaterThan(25);
      expect(waiting.sent, fault).toBe(0);
      expect(waiting.dropped + waiting.pending, fault).toBeGreaterThan(1);
    }
  });

  test('reports arrive also where the page uses up what browsers let be under way', async () => {
    await using relay = await withRelay();
    await using endpoint = new TestEndpoint();
    await using silent = new TestEndpoint();
    await Promise.all([endpoint.open(), silent.open()]);
    silent.always = undefined;
    using channel = new TestChannel(still);
    relay.announce('demo/still.hang', channel.broadcast);
    await page.addInitScript((url) => {
      void fetch(url, { method: 'POST', mode: 'no-cors', keepalive: true, body: ' '.repeat(65_500) });
    }, `${silent.url}/v1/metrics`);
    await open(relay, { collector: endpoint.url });
    await vi.waitFor(() => expect(endpoint.total(otelName(client.startupTime))).toBe(1), 10_000);
    expect(said.filter((line) => line.startsWith('warning: [Observability]'))).toEqual([
      expect.stringMatching('the quota of keepalive'),
    ]);
  });

  test('plays on untouched when nobody takes reports, and says so once', async () => {
    await using relay = await withRelay();
    using channel = new TestChannel(still);
    relay.announce('demo/still.hang', channel.broadcast);
    await open(relay);
    await page.getByText(/\d waiting/).waitFor();
    await page.waitForTimeout(2500);
    const painted = await page.evaluate(() => {
      const canvas = document.querySelector('canvas')!;
      return [canvas.width, canvas.height, ...canvas.getContext('2d')!.getImageData(160, 90, 1, 1).data];
    });
    expect(painted.slice(0, 2)).toEqual([320, 180]);
    expect(painted[3]).toBeGreaterThan(painted[2]!);
    expect(said.filter((line) => line.startsWith('warning: [Observability]'))).toEqual([
      expect.stringMatching(/telemetry endpoint http:\/\/127\.0\.0\.1:9: no answer/),
    ]);
    expect(said.filter((line) => line.startsWith('pageerror'))).toEqual([]);
  });

  test('an element whose options are wrong says so, and plays all the same', async () => {
    await using relay = await withRelay();
    using channel = new TestChannel(still);
    relay.announce('demo/still.hang', channel.broadcast);
    await open(relay, { broadcast: 'none/of/these.hang' });
    await page.evaluate((url) => {
      const element = document.createElement('moq-observed-player');
      const attributes = { url, name: 'demo/still.hang', endpoint: 'http://127.0.0.1:9', interval: '0' };
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      document.body.prepend(element);
    }, relay.url);
    await page.waitForFunction(
      () => document.querySelector('moq-observed-player')?.renderer.out.frame.peek() !== undefined,
    );
    expect(said.filter((line) => line.startsWith('pageerror'))).toEqual([
      'pageerror: observePlayer: intervalSeconds must be a number from 1 to 300, not 0',
    ]);
    expect(
      await page.evaluate(() => document.querySelector('moq-observed-player')?.observation),
    ).toBeUndefined();
  });

  test('says which parameter is wrong', async () => {
    await using relay = await withRelay();
    await open(relay, { relay: 'ftp://relay' });
    await page.getByText('This page cannot start: relay must be a URL').waitFor();
  });
});
