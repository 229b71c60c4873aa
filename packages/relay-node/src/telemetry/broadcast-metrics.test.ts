import { broadcast as broadcastLabel, relay } from '@moq-observability/moq-metrics';
import { createPrometheusMetrics } from '@moq-observability/moq-metrics/prometheus';
import { expect, test } from 'vitest';
import { BroadcastMetrics } from './broadcast-metrics.ts';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { AllStreamTimes, StreamTimes } from './stream-times.ts';

const IDLE = 16 * 60_000;

test('the subscribers of a broadcast count into one, and the last of them to leave gives its place free', () => {
  let now = 0;
  const prometheus = createPrometheusMetrics({ overflow: relay.seriesOverflow, now: () => now });
  const times = new AllStreamTimes(prometheus);
  const delivery = new DeliveryMetrics(prometheus);
  const announce = (path: string): BroadcastMetrics =>
    new BroadcastMetrics(prometheus, delivery, new StreamTimes(times), path, true);
  const framesOf = (path: string): number => {
    const labels = { broadcast: path, track_type: 'video', direction: 'subscribe' } as const;
    return prometheus.counter(relay.framesSent).peek(labels).value;
  };
  const overflown = (): number =>
    prometheus.counter(relay.seriesOverflow).peek({ metric: relay.framesSent.name }).value;

  const channel = announce('live/channel');
  channel.sent('video').close();
  const [first, second] = [channel.sent('video'), channel.sent('video')];
  first.frame(1000);
  second.frame(1000);
  channel.end();
  first.close();
  second.frame(1000);
  expect(framesOf('live/channel')).toBe(3);

  const crowd = Array.from({ length: broadcastLabel.limit }, (_, i) => announce(`live/${i}`));
  now = IDLE;
  for (const other of crowd) other.sent('video');
  expect(overflown(), 'somebody counts into it still').toBe(1);
  second.close();
  now += IDLE;
  announce('live/late').sent('video').frame(1000);
  expect(overflown()).toBe(1);
  expect(framesOf('live/late')).toBe(1);
});
