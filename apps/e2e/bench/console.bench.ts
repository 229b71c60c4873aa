// The console with 200 streams and 10,000 sessions: `pnpm --filter e2e bench`. Prints what it measured; ends with 1 when
// a budget is missed. `MOQ_BENCH_MINUTES` is how long memory is watched; `MOQ_BENCH_HISTORY` a folder of Prometheus with a
// past, such as the one that `just scale` keeps in `MOQ_SCALE_DATA`.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Views } from '@moq-observability/collector/api';
import type { Browser, Page } from 'playwright-core';
import { launch } from '../src/browser.ts';
import { observe } from '../src/console/observed.ts';
import { setup } from '../src/global-setup.ts';
import { eventually, node, start } from '../src/process.ts';

const SESSIONS = 10_000;
const STREAMS = 200;
const MINUTES = Number(process.env['MOQ_BENCH_MINUTES'] ?? 3);

/** What was measured, and how much it may be: at most, or at least. */
interface Result {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly most?: number;
  readonly least?: number;
}

const results: Result[] = [];

function note(result: Result): void {
  results.push(result);
  const { what, value, unit, most, least } = result;
  const budget = most === undefined ? (least === undefined ? '' : `at least ${least}`) : `at most ${most}`;
  const isMissed = value > (most ?? Infinity) || value < (least ?? -Infinity);
  console.log(
    `${isMissed ? 'MISSED' : 'ok    '} ${what.padEnd(46)} ${value.toFixed(unit === 'ms' ? 0 : 1).padStart(8)} ${unit.padEnd(4)} ${budget}`,
  );
  if (isMissed) process.exitCode = 1;
}

const ROWS = `document.querySelectorAll('.table-row-link').length > 5`;

/** Every panel in sight shows something other than that it waits. */
const PANELS = `(() => {
  const seen = [...document.querySelectorAll('.panel')].filter((each) => each.getBoundingClientRect().top < innerHeight);
  return seen.length > 3 && seen.every(({ lastElementChild: body }) =>
    body.querySelector('canvas, .number, table, .level-bands, .distribution, .prose, .log-list') ||
    (body.textContent.length > 1 && body.textContent !== '…'));
})()`;

const PAGES = [
  ['Sessions', ROWS],
  ['Logs', `document.querySelectorAll('.log-line').length > 5`],
  ['Traces', `document.querySelector('h1')?.textContent === 'Traces' && ${ROWS}`],
  ['Alerts', `document.querySelectorAll('.alert-list a').length > 5`],
  ['Live', `document.querySelector('.fleet') && ${ROWS}`],
] as const;

await setup();
await using observed = await observe({ scrapeSeconds: 5, history: process.env['MOQ_BENCH_HISTORY'] });
note({ what: 'initial JavaScript, gzip', value: await initialScripts(), unit: 'kB', most: 250 });

await using _players = start(node, ['apps/load/src/main.ts', 'players'], {
  MOQ_LOAD_PLAYERS_COLLECTOR: observed.collector.href,
  MOQ_LOAD_PLAYERS_COUNT: String(SESSIONS),
  MOQ_LOAD_PLAYERS_BROADCASTS: String(STREAMS),
  MOQ_LOAD_PLAYERS_INTERVAL: '10s',
  MOQ_LOAD_PLAYERS_EVENTS: 'yes',
});
await eventually(
  'everybody watches',
  async () => {
    const response = await fetch(new URL('/api/streams', observed.console));
    const { fleet } = (await response.json()) as Views;
    return fleet.viewers >= SESSIONS && fleet.streams === STREAMS;
  },
  120_000,
);
await new Promise((resolve) => setTimeout(resolve, 20_000));

const browser = await launch('--enable-precise-memory-info');
try {
  await measureLoads(browser);
  await measureSwitches(browser);
  await measureScrolling(browser);
} finally {
  await browser.close();
}

async function initialScripts(): Promise<number> {
  const html = await readFile(join(observed.files, 'index.html'), 'utf8');
  const paths = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(([, path]) => path!);
  const sizes = await Promise.all(
    paths.map(async (path) => gzipSync(await readFile(join(observed.files, path)), { level: 9 }).length),
  );
  return sizes.reduce((sum, size) => sum + size, 0) / 1000;
}

/**
 * In the page: the time from a moment to when a condition first held and a frame was drawn, in milliseconds. As one
 * expression: the page's policy forbids it to make code of text.
 */
async function sinceWhenDrawn(
  page: Page,
  started: number | 'navigation',
  condition: string,
): Promise<number> {
  const begin = started === 'navigation' ? 0 : started;
  return page.evaluate<number>(`(async () => {
    while (!(${condition})) {
      if (performance.now() - ${begin} > 30_000) throw new Error('not within 30 s: ' + ${JSON.stringify(condition)});
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    await new Promise((resolve) => requestAnimationFrame(resolve));
    return performance.now() - ${begin};
  })()`);
}

async function measureLoads(within: Browser): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const page = await freshPage(within);
    await page.goto(observed.console.href, { waitUntil: 'commit' });
    times.push(await sinceWhenDrawn(page, 'navigation', ROWS));
    await page.context().close();
  }
  note({ what: 'first load of Live, median of 5', value: median(times), unit: 'ms', most: 1500 });
}

async function measureSwitches(within: Browser): Promise<void> {
  const dashboards: number[] = [];
  const times = new Map<string, number[]>();
  for (let i = 0; i < 3; i++) {
    const page = await freshPage(within);
    await page.goto(observed.console.href);
    await sinceWhenDrawn(page, 'navigation', ROWS);
    for (const [name, condition] of PAGES) {
      times.set(name, [...(times.get(name) ?? []), await switchTo(page, name, condition)]);
    }
    dashboards.push(await switchTo(page, 'Dashboards', PANELS));
    await page.context().close();
  }
  for (const [name, own] of times) {
    note({ what: `first switch to ${name}, median of 3`, value: median(own), unit: 'ms', most: 500 });
  }
  note({
    what: 'first opening of Dashboards, median of 3',
    value: median(dashboards),
    unit: 'ms',
    most: 2000,
  });
}

async function switchTo(page: Page, name: string, condition: string): Promise<number> {
  const started = await page.evaluate((title) => {
    document.querySelector<HTMLElement>(`.side nav a[title="${title}"]`)!.click();
    return performance.now();
  }, name);
  return sinceWhenDrawn(page, started, condition);
}

async function measureScrolling(within: Browser): Promise<void> {
  const page = await freshPage(within);
  await page.goto(new URL('/sessions', observed.console).href);
  await sinceWhenDrawn(page, 'navigation', ROWS);
  await loadAll(page);
  const rows = await page.evaluate(() =>
    Number(document.querySelector('.table')!.getAttribute('aria-rowcount')),
  );
  note({ what: 'sessions in the table', value: rows - 1, unit: '', least: SESSIONS * 0.95 });
  const frames = await scroll(page, 10_000);
  const sorted = frames.toSorted((a, b) => a - b);
  note({
    what: 'frames a second while scrolling',
    value: (1000 * frames.length) / sum(frames),
    unit: '',
    least: 30,
  });
  note({
    what: 'time of a frame while scrolling, p95',
    value: sorted[Math.floor(sorted.length * 0.95)]!,
    unit: 'ms',
  });

  const session = await page.context().newCDPSession(page);
  // The least of some looks: an answer with 10,000 sessions that is being read is there twice for a moment.
  const heap = async (): Promise<number> => {
    let least = Infinity;
    for (let look = 0; look < 5; look++) {
      await session.send('HeapProfiler.collectGarbage');
      const now = await page.evaluate(
        () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize / 1e6,
      );
      least = Math.min(least, now);
      await page.waitForTimeout(700);
    }
    return least;
  };
  await page.waitForTimeout(15_000);
  const sizes = [await heap()];
  for (let i = 0; i < MINUTES * 2; i++) {
    await scroll(page, 2_000);
    await page.waitForTimeout(28_000);
    sizes.push(await heap());
  }
  console.log(`       heap in MB, every 30 s: ${sizes.map((size) => size.toFixed(1)).join(' ')}`);
  note({
    what: `heap after ${MINUTES} minutes, part of before`,
    value: sizes.at(-1)! / sizes[0]!,
    unit: '',
    most: 1.2,
  });
  await page.context().close();
}

/** Scrolls to the end until no more sessions come. */
async function loadAll(page: Page): Promise<void> {
  await page.evaluate(async (most) => {
    const table = document.querySelector('.table')!;
    for (let i = 0; i < 400; i++) {
      table.scrollTop = table.scrollHeight;
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (Number(table.getAttribute('aria-rowcount')) > most) return;
    }
  }, SESSIONS * 0.99);
}

/** Scrolls up and down for a while; the time of each frame, in milliseconds. */
function scroll(page: Page, milliseconds: number): Promise<readonly number[]> {
  return page.evaluate(async (length) => {
    const table = document.querySelector('.table')!;
    const times: number[] = [];
    let before = performance.now();
    let step = -55;
    for (const begin = before; before - begin < length;) {
      table.scrollTop += step;
      if (table.scrollTop <= 0) step = 55;
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
      times.push(Math.max(0, now - before));
      before = Math.max(before, now);
    }
    return times;
  }, milliseconds);
}

async function freshPage(within: Browser): Promise<Page> {
  const context = await within.newContext({ viewport: { width: 1280, height: 800 } });
  return context.newPage();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
