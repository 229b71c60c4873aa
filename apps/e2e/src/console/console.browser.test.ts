import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { alerts, dashboards } from '@moq-observability/dashboards';
import { events, spans } from '@moq-observability/moq-metrics';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from '../browser.ts';
import { node, type Running, start } from '../process.ts';
import { hostileTexts, MARK } from './hostile.ts';
import { type Observed, observe } from './observed.ts';
import { draws, openWatched, shows } from './pages.ts';
import { Reports, type Sender } from './reports.ts';

const viewer: Sender = {
  session: randomUUID(),
  broadcast: 'arena/final.hang',
  traceId: randomBytes(16).toString('hex'),
};

let observed: Observed;
let reports: Reports;
let browser: Browser;
let players: Running;
let heartbeat: ReturnType<typeof setInterval>;

beforeAll(async () => {
  [observed, browser] = await Promise.all([observe(), launch()]);
  reports = new Reports(observed.collector);
  players = start(node, ['apps/load/src/main.ts', 'players'], {
    MOQ_LOAD_PLAYERS_COLLECTOR: observed.collector.href,
    MOQ_LOAD_PLAYERS_COUNT: '40',
    MOQ_LOAD_PLAYERS_BROADCASTS: '3',
    MOQ_LOAD_PLAYERS_INTERVAL: '1s',
    MOQ_LOAD_PLAYERS_EVENTS: 'yes',
  });
  await tellOf(viewer);
  // Who says nothing for a while counts as lost.
  heartbeat = setInterval(() => {
    reports.playing(viewer).catch(() => undefined);
  }, 2_000);
});
afterAll(async () => {
  clearInterval(heartbeat);
  await browser?.close();
  await players?.[Symbol.asyncDispose]();
  await observed?.[Symbol.asyncDispose]();
});

/** A viewer who starts, stalls once, and whose relay says why. */
async function tellOf(sender: Sender): Promise<void> {
  const began = Date.now() - 20_000;
  await reports.playing(sender);
  await reports.playing(sender, { stalled: 2.5, latency: 0.35 });
  await reports.logs(sender, [
    { service: 'moq-player', time: began, body: '', event: events.playbackIntent.name },
    { service: 'moq-player', time: began + 420, body: '', event: events.playbackStarted.name },
    { service: 'moq-player', time: began + 9_000, body: '', event: events.stallStart.name },
    { service: 'moq-player', time: began + 11_500, body: '', event: events.stallEnd.name },
    { service: 'moq-relay', time: began + 90, body: 'session opened' },
    {
      service: 'moq-relay',
      time: began + 9_100,
      body: 'backlog over its cap: skipped to the newest group',
      severity: 13,
      attributes: { 'moq.track': 'video/720p' },
    },
  ]);
  await reports.spans(sender, [
    {
      service: 'moq-player',
      name: spans.playbackStartup.name,
      spanId: '1'.repeat(16),
      time: began,
      duration: 420,
    },
    {
      service: 'moq-player',
      name: spans.connect.name,
      spanId: '2'.repeat(16),
      parentSpanId: '1'.repeat(16),
      time: began + 10,
      duration: 80,
    },
    {
      service: 'moq-relay',
      name: spans.relaySession.name,
      spanId: '3'.repeat(16),
      parentSpanId: '1'.repeat(16),
      time: began + 60,
      duration: 4,
      attributes: { 'moq.version': 'moq-lite-05' },
    },
  ]);
}

function at(path: string): string {
  return new URL(path, observed.console).href;
}

/** Every page, and what is on it once it is there. */
const PAGES: readonly (readonly [name: string, path: () => string, ready: (page: Page) => Promise<void>])[] =
  [
    [
      'Live',
      () => '/',
      async (page) => {
        await shows(page, 'final.hang');
        await draws(page, '.tile canvas');
      },
    ],
    [
      'Stream',
      () => '/stream?broadcast=demo%2Fclock.hang-1',
      async (page) => {
        await draws(page, '.heatmap canvas');
        await page
          .getByRole('link', { name: /playing/ })
          .first()
          .waitFor();
      },
    ],
    ['Sessions', () => '/sessions?q=final', (page) => shows(page, viewer.session.slice(0, 8))],
    [
      'Session',
      () => `/sessions/${viewer.session}`,
      async (page) => {
        await shows(page, 'backlog over its cap');
        await shows(page, spans.relaySession.name);
        await draws(page, '.lane canvas');
      },
    ],
    ['Logs', () => '/logs?q=backlog', (page) => shows(page, 'backlog over its cap')],
    ['Traces', () => '/traces', (page) => shows(page, spans.playbackStartup.name)],
    ['Trace', () => `/traces/${viewer.traceId}`, (page) => shows(page, spans.relaySession.name)],
    [
      'Alerts',
      () => '/alerts?alert=HighRebufferRate',
      async (page) => {
        await shows(page, alerts.find(({ name }) => name === 'HighRebufferRate')!.runbook.mitigation[0]);
        await shows(page, 'RelayDown');
      },
    ],
    ...dashboards.map(
      ({ uid, title, description }) =>
        [title, () => `/dashboards/${uid}`, (page: Page) => shows(page, description)] as const,
    ),
  ];

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds serious, as one line each. */
async function seriousOn(page: Page): Promise<readonly string[]> {
  // The page's policy forbids scripts that are put into it; through the debugger it is no script of the page.
  await page.evaluate(await readFile(axe, 'utf8'));
  const { violations } = await page.evaluate(
    () =>
      (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
        resultTypes: ['violations'],
      }) as Promise<AxeResults>,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html.slice(0, 160))
          .join(' | ')}`,
    );
}

/** How far content lies beyond the right edge of the page, in pixels. */
function beyond(page: Page): Promise<number> {
  return page.evaluate(() =>
    Math.max(
      ...[document.documentElement, document.querySelector('.main')!].map(
        ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth,
      ),
    ),
  );
}

test.each(PAGES)(
  '%s works, is accessible, fits a phone, and asks nobody else',
  async (_name, path, ready) => {
    await using watched = await openWatched(browser, observed.console, { colorScheme: 'light' });
    const { page, outside, errors } = watched;
    await page.goto(at(path()));
    await ready(page);
    expect(await seriousOn(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await seriousOn(page)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(() => beyond(page)).toBe(0);
    expect(errors).toEqual([]);
    expect(outside).toEqual([]);
  },
);

test('from Live to what the relay says of a viewer in three clicks', async () => {
  await using watched = await openWatched(browser, observed.console);
  const { page } = watched;
  await page.goto(at('/'));
  await page.getByRole('link', { name: viewer.broadcast }).click();
  await page.getByRole('link', { name: viewer.session.slice(0, 8) }).click();
  await page.getByRole('button', { name: 'relay', exact: true }).click();
  const lines = page.getByRole('region', { name: 'Lines of this session' });
  await lines.getByText('backlog over its cap').waitFor();
  await expect.poll(() => lines.getByText(events.stallStart.name).count()).toBe(0);
});

test('what a viewer went through is brushed, and its lines and spans with it', async () => {
  await using watched = await openWatched(browser, observed.console);
  const { page } = watched;
  await page.goto(at(`/sessions/${viewer.session}`));
  const lines = page.getByRole('region', { name: 'Lines of this session' });
  await lines.getByText('session opened').waitFor();
  const stalled = page.locator('.bands-row [data-state="stalled"]').first();
  const [box, row] = [await stalled.boundingBox(), await page.locator('.bands-row').boundingBox()];
  await page.mouse.move(box!.x - 3, row!.y + 10);
  await page.mouse.down();
  await page.mouse.move(box!.x + box!.width + 3, row!.y + 10, { steps: 4 });
  await page.mouse.up();
  await lines.getByText('session opened').waitFor({ state: 'detached' });
  await lines.getByText('backlog over its cap').waitFor();
  await shows(page, 'No span in the part that was chosen');
  // The URL holds it: the same page is there again.
  await page.reload();
  await lines.getByText('backlog over its cap').waitFor();
  expect(await lines.getByText('session opened').count()).toBe(0);
  await page.getByRole('button', { name: 'Show all again' }).click();
  await lines.getByText('session opened').waitFor();
});

test('a session is exported as a file', async () => {
  await using watched = await openWatched(browser, observed.console, { acceptDownloads: true });
  const { page } = watched;
  await page.goto(at(`/sessions/${viewer.session}`));
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export' }).click(),
  ]);
  const exported = JSON.parse(await readFile(await download.path(), 'utf8')) as {
    session: { sessionId: string };
    spans: unknown[];
  };
  expect(exported.session.sessionId).toBe(viewer.session);
  expect(exported.spans).toHaveLength(3);
});

test('streams, sessions and traces are found by the keyboard', async () => {
  await using watched = await openWatched(browser, observed.console);
  const { page } = watched;
  await page.goto(at('/logs'));
  await page.getByRole('heading', { name: 'Logs' }).waitFor();
  const search = page.getByRole('combobox', { name: /Search/ });
  await page.keyboard.press('/');
  await search.fill('final');
  await page
    .getByRole('option', { name: /final\.hang/ })
    .first()
    .waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/stream\?broadcast=/);
  await page.keyboard.press('Control+k');
  await search.fill(viewer.session.slice(0, 12));
  await page.getByRole('option', { name: viewer.session }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/sessions/${viewer.session}*`);
  await page.keyboard.press('/');
  await search.fill(viewer.traceId);
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/traces/${viewer.traceId}*`);
});

test('a paused page stands still, and says so in its URL', async () => {
  await using watched = await openWatched(browser, observed.console);
  const { page } = watched;
  await page.goto(at('/?range=1h'));
  await shows(page, 'final.hang');
  await page.getByRole('button', { name: /Live/ }).click();
  await page.waitForURL(/at=\d+/);
  const viewers = page.locator('.tile-value').first();
  const before = await viewers.textContent();
  await reports.playing({ ...viewer, session: randomUUID() });
  await page.waitForTimeout(2_500);
  expect(await viewers.textContent()).toBe(before);
  await page.getByRole('button', { name: /Paused/ }).click();
  await expect.poll(() => viewers.textContent()).not.toBe(before);
  expect(page.url()).toContain('range=1h');
});

test('what strangers send is text, wherever it is shown', { timeout: 150_000 }, async () => {
  const hostile = hostileTexts.map((text, i) => ({
    text,
    sender: {
      session: randomUUID(),
      broadcast: `hostile/${text}`.slice(0, 200),
      traceId: randomBytes(16).toString('hex'),
      userAgent: text.replaceAll(/[^\x20-\x7E]/g, '?').slice(0, 200),
    },
    spanId: (i + 16).toString(16).padStart(16, '0'),
  }));
  for (const { text, sender, spanId } of hostile) {
    const time = Date.now();
    await reports.playing(sender);
    await reports.logs(sender, [
      {
        service: 'moq-relay',
        time,
        body: text,
        event: text.slice(0, 60),
        severity: 17,
        attributes: { 'moq.track': text },
      },
    ]);
    await reports.spans(sender, [
      {
        service: 'moq-relay',
        name: text,
        spanId,
        time,
        duration: 5,
        attributes: { note: text },
        failed: text,
      },
    ]);
  }
  await using watched = await openWatched(browser, observed.console, { colorScheme: 'dark' });
  const { page, outside, errors } = watched;
  const isText = async (): Promise<void> => {
    expect(await page.evaluate((mark) => Reflect.get(globalThis, mark) as unknown, MARK)).toBeUndefined();
    expect(await page.locator('#root :is(script, iframe, style, base, img[src="x"])').count()).toBe(0);
    expect(new URL(await page.evaluate(() => document.baseURI)).origin).toBe(observed.console.origin);
  };
  await page.goto(at('/?q=hostile'));
  await shows(page, hostileTexts[0]!);
  await isText();
  for (const { text, sender } of hostile.filter((_each, i) => i % 3 === 0)) {
    await page.goto(at(`/stream?broadcast=${encodeURIComponent(sender.broadcast)}`));
    await page.getByRole('heading', { level: 1 }).getByText(sender.broadcast.slice(0, 100)).waitFor();
    await page.goto(at(`/sessions/${sender.session}`));
    const lines = page.getByRole('region', { name: 'Lines of this session' });
    await lines.getByRole('button').first().click();
    await lines.locator('pre').getByText(text.slice(0, 200)).waitFor();
    await isText();
    await page.goto(at(`/traces/${sender.traceId}`));
    await page.locator('.span-row button').first().click();
    await page.locator('.span-detail').getByText(text.slice(0, 200)).first().waitFor();
    await isText();
  }
  await page.goto(at('/logs?level=error'));
  await page.locator('.log-line').first().waitFor();
  await isText();
  await page.keyboard.press('/');
  await page.getByRole('combobox', { name: /Search/ }).fill('hostile');
  await page.getByRole('listbox', { name: 'Found' }).getByRole('option').first().waitFor();
  await isText();
  expect(errors).toEqual([]);
  expect(outside).toEqual([]);
});

test(
  'what is away is named, what is known stays, and all goes on by itself',
  { timeout: 150_000 },
  async () => {
    await using watched = await openWatched(browser, observed.console);
    const { page } = watched;
    await page.goto(at('/'));
    await shows(page, 'final.hang');
    const notice = (name: string): ReturnType<Page['locator']> =>
      page.locator('.notice').filter({ hasText: name });
    // Alertmanager was not started yet.
    await notice('Alertmanager away since').waitFor();

    await Promise.all([observed.startAlertmanager(), observed.endPrometheus()]);
    await notice('Prometheus away since').waitFor();
    await notice('Alertmanager away').waitFor({ state: 'detached' });
    await shows(page, 'final.hang');
    await observed.startPrometheus();
    await notice('Prometheus away').waitFor({ state: 'detached' });

    await observed.endCollector();
    await notice('Collector away since').waitFor();
    await shows(page, 'final.hang');
    await observed.startCollector();
    await notice('Collector away').waitFor({ state: 'detached' });
    await reports.playing({ ...viewer, broadcast: 'arena/after.hang', session: randomUUID() });
    await shows(page, 'after.hang');
  },
);
