import { client, type LabelValues, namespaceOf, OTHER } from '@moq-observability/moq-metrics';
import type { MergeableMetric } from '@moq-observability/moq-metrics/merge';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Fleet, type SeriesState } from './fleet.ts';

const stalls = client.rebufferCount as MergeableMetric;
const startup = client.startupTime as MergeableMetric;
const width = client.startupTime.buckets.length + 1;

let fleet: Fleet;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  fleet = new Fleet([stalls, startup]);
});

afterEach(() => {
  vi.useRealTimers();
});

function labelsOf(broadcast: string): LabelValues {
  return { namespace: namespaceOf(broadcast), broadcast };
}

function count(broadcast: string, value = 1): void {
  if (stalls.kind !== 'counter') throw new TypeError('a counter');
  fleet.add({ kind: 'counter', metric: stalls, labels: labelsOf(broadcast), value }, Date.now());
}

function observe(broadcast: string, seconds: number): void {
  if (startup.kind !== 'histogram') throw new TypeError('a histogram');
  const counts = startup.buckets.map((bound, i) =>
    seconds <= bound && seconds > (startup.buckets[i - 1] ?? -1) ? 1 : 0,
  );
  const labels = { ...labelsOf(broadcast), transport: 'webtransport' };
  fleet.add({ kind: 'histogram', metric: startup, labels, counts: [...counts, 0], sum: seconds }, Date.now());
}

/** What there is, in words. */
function told(states: Iterable<SeriesState>): string[] {
  return Array.from(
    states,
    ({ metric, labels, values }) => `${metric.name} ${labels['broadcast']} ${values.join(' ')}`,
  );
}

/** The series on the metrics page. */
async function page({ metrics }: Fleet): Promise<string[]> {
  const body = await (await metrics.render()).text();
  return body
    .split('\n')
    .filter((line) => line.startsWith('moq_client_'))
    .toSorted();
}

test('tells what changed since it was last asked, as it is now', () => {
  count('a/1');
  count('a/1', 2);
  observe('a/1', 0.25);
  const zeros = Array.from({ length: width - 2 }, () => 0);
  expect(told(fleet.takeChanges().changed)).toEqual([
    `${stalls.name} a/1 3`,
    `${startup.name} a/1 0.25 0 1 ${zeros.join(' ')}`,
  ]);
  expect(fleet.takeChanges()).toEqual({ gone: [], changed: [] });
  count('a/2');
  expect(told(fleet.takeChanges().changed)).toEqual([`${stalls.name} a/2 1`]);
});

test('goes on from what it had counted, and counts nothing twice', async () => {
  count('a/1', 5);
  observe('a/1', 0.25);
  for (let i = 0; i < 250; i++) count(`b/${i}`, 1);
  const before = [...fleet.states()];
  const restored = new Fleet([stalls, startup]);
  for (const state of before) restored.restore(state, Date.now());
  expect(told(restored.states()).toSorted()).toEqual(told(before).toSorted());
  expect(await page(restored)).toEqual(await page(fleet));
});

test('a series that is given up is told as gone, and its total goes on in the others', () => {
  for (let i = 0; i < 200; i++) count(`a/${i}`);
  count('a/200');
  expect(told(fleet.takeChanges().changed)).toContain(`${stalls.name} ${OTHER} 1`);
  vi.setSystemTime(Date.now() + 61_000);
  fleet.sweep(Date.now());
  for (let i = 1; i < 200; i++) count(`a/${i}`);
  vi.setSystemTime(Date.now() + 16 * 60_000);
  count('a/201', 7);
  const { gone, changed } = fleet.takeChanges();
  expect(gone.map(({ labels }) => labels['broadcast'])).toEqual(['a/0']);
  expect(told(changed)).toEqual(
    expect.arrayContaining([`${stalls.name} ${OTHER} 2`, `${stalls.name} a/201 7`]),
  );
  const total = [...fleet.states()].reduce((sum, { values }) => sum + values[0]!, 0);
  expect(total).toBe(200 + 1 + 199 + 7);
});
