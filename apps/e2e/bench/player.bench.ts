/** What observing costs a page that plays: time until the first frame, main thread, and upload. With budgets. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build, preview } from 'vite';
import { launch } from '../src/browser.ts';
import { setup } from '../src/global-setup.ts';
import { startPlayerStage } from '../src/player-stage.ts';
import { publish } from '../src/stack.ts';
import { mainThread } from './main-thread.ts';

/** The median of startup with telemetry by that without, at most. */
const STARTUP_BUDGET = 1.05;
/** Milliseconds of the main thread in a second of playback, at most. */
const TIME_BUDGET = 2;
/** Bytes of a report's body that a viewer uploads in a second, at most. */
const UPLOAD_BUDGET = 250;

const PAIRS = Number(process.env['MOQ_BENCH_PAIRS'] ?? 40);
const SECONDS = Number(process.env['MOQ_BENCH_SECONDS'] ?? 60);

await setup();
const folder = await mkdtemp(join(tmpdir(), 'moq-bench-'));
const root = join(import.meta.dirname, '../pages');
await build({
  root,
  logLevel: 'error',
  build: {
    outDir: folder,
    rolldownOptions: { input: [join(root, 'plain.html'), join(root, 'observed.html')] },
  },
});
const server = await preview({
  root,
  logLevel: 'error',
  build: { outDir: folder },
  preview: { host: '127.0.0.1', port: 0 },
});
const collected = { bytes: 0, reports: 0 };
const endpoint = createServer((request, response) => {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Allow-Headers', 'Content-Type, Content-Encoding, Moq-Report');
  request.on('data', (data: Buffer) => (collected.bytes += data.length));
  request.on('end', () => {
    if (request.method === 'POST') collected.reports += 1;
    response.writeHead(200).end('{}');
  });
});
await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
const stage = await startPlayerStage();
const publisher = await publish(stage.relayUrl, 'bench/clock.hang');
const browser = await launch();

try {
  await startup(browser);
  await playback(browser);
} finally {
  await browser.close();
  await publisher[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
  endpoint.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
}

function url(page: 'plain' | 'observed'): string {
  const parameters = new URLSearchParams({
    url: stage.relayUrl,
    name: 'bench/clock.hang',
    endpoint: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`,
  });
  return `${server.resolvedUrls!.local[0]}${page}.html?${parameters}`;
}

/** Milliseconds from navigation to the first frame, in a browser that has nothing cached. */
async function firstFrame(browser: Browser, which: 'plain' | 'observed'): Promise<number> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url(which));
  const at = await page.evaluate(() => (globalThis as unknown as { firstFrame: Promise<number> }).firstFrame);
  await context.close();
  return at;
}

async function startup(browser: Browser): Promise<void> {
  for (const which of ['plain', 'observed'] as const) await firstFrame(browser, which);
  const plain: number[] = [];
  const observed: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    // Who goes second finds a warmer machine.
    if (pair % 2 === 0) plain.push(await firstFrame(browser, 'plain'));
    observed.push(await firstFrame(browser, 'observed'));
    if (pair % 2 === 1) plain.push(await firstFrame(browser, 'plain'));
  }
  const ratio = median(observed.map((time, pair) => time / plain[pair]!));
  // Pairs of neighbours that do not differ: how far the ratio is chance.
  const noise = median(plain.slice(1).map((time, pair) => time / plain[pair]!));
  console.log(
    `first frame after ${median(plain).toFixed(0)} ms without telemetry and ${median(observed).toFixed(0)} ms with it, at the median of ${PAIRS} pairs`,
  );
  verdict('startup with telemetry by startup without', ratio, STARTUP_BUDGET, '');
  console.log(`  (without by without: ${noise.toFixed(3)})`);
}

async function playback(browser: Browser): Promise<void> {
  const plain = await scriptsOf(browser, 'plain');
  const page = await browser.newPage();
  const ours = new Set<string>();
  page.on('request', (request) => {
    if (request.resourceType() === 'script' && !plain.has(new URL(request.url()).pathname))
      ours.add(request.url());
  });
  await page.goto(url('observed'));
  await page.waitForTimeout(2000);
  collected.bytes = 0;
  collected.reports = 0;
  const { inScripts, seconds } = await mainThread(page, ours, SECONDS);
  const { bytes, reports } = collected;
  await page.close();
  verdict('main thread of a second of playback', inScripts / seconds, TIME_BUDGET, ' ms');
  verdict('upload of a second of playback', bytes / seconds, UPLOAD_BUDGET, ' B');
  console.log(`  (${reports} reports in ${seconds.toFixed(0)} s, one interval every 10 s)`);
}

/** The scripts a page loads. */
async function scriptsOf(browser: Browser, which: 'plain' | 'observed'): Promise<ReadonlySet<string>> {
  const page: Page = await browser.newPage();
  const scripts = new Set<string>();
  page.on('request', (request) => scripts.add(new URL(request.url()).pathname));
  await page.goto(url(which));
  await page.waitForTimeout(1000);
  await page.close();
  return scripts;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function verdict(what: string, measured: number, budget: number, unit: string): void {
  const holds = measured <= budget;
  console.log(
    `${what}: ${measured.toFixed(3)}${unit}, budget ${budget}${unit}${holds ? '' : ': OVER THE BUDGET'}`,
  );
  if (!holds) process.exitCode = 1;
}
