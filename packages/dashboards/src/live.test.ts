/** Every query there is, asked of a real Prometheus that scraped the running stack. */
import { setTimeout as sleep } from 'node:timers/promises';
import { client } from '@moq-observability/moq-metrics';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { metricsOf } from './check/usage.ts';
import { panelsOf } from './model/dashboard.ts';
import { model } from './model.ts';
import { ask, requestsOf } from './testing/ask.ts';
import { type Stack, startStack } from './testing/stack.ts';

/** How long the stack runs before it is asked. Five minutes of data are not needed: rates are there after two scrapes. */
const SECONDS = Number(process.env['MOQ_LIVE_SECONDS'] ?? 20);

let stack: Stack;
beforeAll(async () => {
  stack = await startStack(model);
  await sleep(SECONDS * 1000);
}, 240_000);
afterAll(() => stack?.[Symbol.asyncDispose]());

/** Whether there is a number in an answer. */
function hasNumber(answer: Awaited<ReturnType<typeof ask>>): boolean {
  return answer.some(({ values }) => values.some(([, value]) => Number.isFinite(Number(value))));
}

/** Nothing emits it yet. */
function isPlanned(query: Parameters<typeof metricsOf>[0][number]): boolean {
  return [...metricsOf([query])].some(({ status }) => status === 'planned');
}

test.each(model.dashboards.map((dashboard) => [dashboard.title, dashboard] as const))(
  '%s: what must have numbers has them',
  { timeout: 60_000 },
  async (_, dashboard) => {
    const now = Math.floor(Date.now() / 1000);
    const mayBeEmpty = new Set(
      panelsOf(dashboard).flatMap((panel) =>
        panel.kind === 'metrics' && panel.observable.emptyWhenHealthy !== undefined
          ? [panel.observable.name]
          : [],
      ),
    );
    const empty: string[] = [];
    for (const request of requestsOf(dashboard, {
      from: now - SECONDS,
      to: now,
      scrapeInterval: 1,
      broadcast: stack.broadcast,
    })) {
      const answer = await ask(stack.prometheus.url, request);
      if (!hasNumber(answer) && !mayBeEmpty.has(request.panel) && !isPlanned(request.query)) {
        empty.push(`${request.panel}: ${request.parameters['query']}`);
      }
    }
    expect(empty).toEqual([]);
  },
);

test('what is recorded has numbers', { timeout: 60_000 }, async () => {
  const empty: string[] = [];
  for (const { name, emptyWhenHealthy } of model.ruleGroups.flatMap(({ rules }) => rules)) {
    if (emptyWhenHealthy !== undefined) continue;
    const answer = await ask(stack.prometheus.url, { path: 'query', parameters: { query: name } });
    if (!hasNumber(answer)) empty.push(name);
  }
  expect(empty).toEqual([]);
});

test(
  'what alerts judge is there while all is well, and every rule can be evaluated',
  { timeout: 60_000 },
  async () => {
    const empty: string[] = [];
    for (const { name, measure, area } of model.alerts) {
      const answer = await ask(stack.prometheus.url, { path: 'query', parameters: { query: measure.text } });
      if (!hasNumber(answer) && area !== 'machine' && !isPlanned(measure))
        empty.push(`${name}: ${measure.text}`);
    }
    expect(empty).toEqual([]);
    const rules = (await (await fetch(`${stack.prometheus.url}/api/v1/rules`)).json()) as {
      data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
    };
    const broken = rules.data.groups.flatMap((group) => group.rules).filter(({ health }) => health === 'err');
    expect(broken).toEqual([]);
  },
);

test.each([client.bufferLength, client.startupTime])(
  'a plain query for $name answers with a number for each stream',
  async ({ name }) => {
    const answer = await ask(stack.prometheus.url, { path: 'query', parameters: { query: name } });
    expect(answer).toMatchObject([{ metric: { namespace: 'demo', broadcast: stack.broadcast } }]);
    expect(hasNumber(answer)).toBe(true);
  },
);
