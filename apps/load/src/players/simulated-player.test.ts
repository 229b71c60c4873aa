import { client } from '@moq-observability/moq-metrics';
import { expect, test } from 'vitest';

import { seededRandom } from '../proxy/faults.ts';
import type { Increment } from './increments.ts';
import { type Experience, SimulatedPlayer } from './simulated-player.ts';

/** What was counted by a player who watches for an hour, report by report. */
function watchAnHour(experience: Experience): (metric: Increment['metric']) => Increment | undefined {
  const player = new SimulatedPlayer({ broadcast: 'demo/clock.hang', experience, random: seededRandom(5) });
  for (let second = 1; second <= 3_600; second++) player.watch(1, second * 1_000);
  const increments = [...player.takeIncrements()];
  return (metric) => increments.find((increment) => increment.metric.name === metric.name);
}

test('without an experience of its own it plays well', () => {
  const counted = watchAnHour({});
  const stalled = counted(client.stalledSeconds)!.value / counted(client.watchedSeconds)!.value;
  expect(stalled).toBeGreaterThan(0.01);
  expect(stalled).toBeLessThan(0.05);
});

test.each([0.2, 0.5, 0.9])('stands still for the share of the time it is told: %d', (share) => {
  const counted = watchAnHour({ stalled: share });
  const stalled = counted(client.stalledSeconds)!.value / counted(client.watchedSeconds)!.value;
  expect(stalled).toBeGreaterThan(share * 0.7);
  expect(stalled).toBeLessThan(share * 1.3);
});

test('is as late, and starts as slowly, as it is told', () => {
  const counted = watchAnHour({ latency: 2_000, startup: 6_000 });
  expect(counted(client.startupTime)).toMatchObject({ value: 6 });
  const latency = counted(client.latency)!;
  const samples = latency.counts.reduce((sum, count) => sum + count, 0);
  expect(latency.value / samples).toBeGreaterThan(1.9);
  expect(latency.value / samples).toBeLessThan(2.1);
});
