import { broadcast as broadcastLabel, relay } from '@moq-observability/moq-metrics';
import { createPrometheusMetrics, type PrometheusMetrics } from '@moq-observability/moq-metrics/prometheus';
import { Time } from '@moq/net';
import { beforeEach, expect, test } from 'vitest';
import { FetchDelivery } from '../delivery.ts';
import { CachedGroup } from '../track/cached-group.ts';
import { GroupReader } from '../track/group-reader.ts';
import { BroadcastMetrics } from './broadcast-metrics.ts';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { AllStreamTimes, StreamTimes } from './stream-times.ts';

const IDLE = 16 * 60_000;

let now: number;
let prometheus: PrometheusMetrics;
let announce: (path: string) => BroadcastMetrics;

beforeEach(() => {
  now = 0;
  prometheus = createPrometheusMetrics({ overflow: relay.seriesOverflow, now: () => now });
  const times = new AllStreamTimes(prometheus);
  const delivery = new DeliveryMetrics(prometheus);
  announce = (path) => new BroadcastMetrics(prometheus, delivery, new StreamTimes(times), path, true);
});

function framesOf(path: string): number {
  const labels = { broadcast: path, track_type: 'video', direction: 'subscribe' } as const;
  return prometheus.counter(relay.framesSent).peek(labels).value;
}

function overflown(): number {
  return prometheus.counter(relay.seriesOverflow).peek({ metric: relay.framesSent.name }).value;
}

test('the subscribers of a broadcast count into one, and the last of them to leave gives its place free', () => {
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

test('a fetched group that is closed while a frame is being written counts no further', async () => {
  const channel = announce('live/channel');
  // A subscriber, with whom the counting is shared.
  channel.sent('video');
  let opened = 0;
  const fetcher = {
    open: () => {
      opened += 1;
      return channel.sent('video');
    },
    failed: () => {},
  };
  const group = new CachedGroup(0, 0, 10_000);
  const reader = new GroupReader(group, new FetchDelivery(fetcher, undefined));
  for (let i = 0; i < 2; i++) {
    group.append({ payload: new Uint8Array(10), timestamp: Time.Timestamp.fromMicros(0) }, 0);
  }
  await reader.readFrame();
  await reader.readFrame();
  expect(framesOf('live/channel')).toBe(1);
  reader.close();
  await reader.readFrame();
  expect(framesOf('live/channel')).toBe(1);
  expect(opened).toBe(1);
});
