/** A real viewer behind a bad path, seen in the console: from "somebody stalls" to what the relay says about them. */
import { createFaultProxy } from '@moq-observability/load';
import { events } from '@moq-observability/moq-metrics';
import type { SessionDetail } from '@moq-observability/collector/api';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, moves } from '../browser.ts';
import { type Stack, startStack } from '../stack.ts';
import { openWatched } from './pages.ts';

const broadcast = 'demo/clock.hang';
let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.[Symbol.asyncDispose]();
});

test('a viewer that stalls shows as stalled at once, and three clicks lead to the lines of the relay', async () => {
  await using proxy = await createFaultProxy({
    listen: { host: '127.0.0.1', port: 0 },
    target: { host: '127.0.0.1', port: stack.relayPort },
  });
  const viewer = await browser.newPage();
  const relay = encodeURIComponent(`http://127.0.0.1:${proxy.address.port}/`);
  await viewer.goto(`${stack.player}?relay=${relay}&broadcast=${broadcast}`);
  await moves(viewer);
  await using watched = await openWatched(browser, new URL(stack.console));
  const { page, errors } = watched;

  await page.goto(stack.console);
  await page.getByRole('link', { name: broadcast }).click();
  const session = page.getByRole('table', { name: 'Sessions of this stream' }).getByRole('link').first();
  await session.getByText('playing').waitFor();

  proxy.cut(4_000);
  await session.getByText('stalled').waitFor({ timeout: 10_000 });
  const shownAt = Date.now();

  await session.click();
  await page.getByRole('button', { name: 'relay', exact: true }).click();
  const lines = page.getByRole('region', { name: 'Lines of this session' });
  await lines.getByText('session opened').first().waitFor({ timeout: 30_000 });
  await page.getByRole('heading', { level: 1 }).getByText('playing').waitFor({ timeout: 30_000 });

  const id = /sessions\/([^?/]+)/.exec(page.url())![1]!;
  const answer = await fetch(new URL(`/api/sessions/${id}`, stack.console));
  const { events: told } = (await answer.json()) as SessionDetail;
  // On a busy machine it may have stalled before the path was cut.
  const stalled = told.findLast(
    ({ eventName, time }) => eventName === events.stallStart.name && time < shownAt,
  );
  const seconds = (shownAt - stalled!.time) / 1000;
  console.log(`a stall was shown ${seconds.toFixed(2)} s after it began`);
  expect(seconds).toBeLessThan(process.env['CI'] ? 5 : 2);
  expect(errors).toEqual([]);
  await viewer.close();
});
