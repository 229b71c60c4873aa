import { expect, test } from 'vitest';
import { client, relay } from './index.ts';
import { createPrometheusMetrics } from './prometheus.ts';

test('counts into typed series and renders them', async () => {
  const metrics = createPrometheusMetrics({ overflow: relay.seriesOverflow });
  metrics
    .counter(relay.bytesSent)
    .series({ broadcast: 'a/b', track_type: 'video', direction: 'subscribe' })
    .add(5);
  metrics
    .histogram(client.startupTime)
    .series({ namespace: 'a', broadcast: 'a/b', transport: 'quic' })
    .observe(0.3);
  const { body } = await metrics.render();
  expect(body).toContain(
    'moq_relay_bytes_sent_total{broadcast="a/b",track_type="video",direction="subscribe"} 5',
  );
  expect(body).toContain(
    'moq_client_startup_time_seconds_bucket{namespace="a",broadcast="a/b",transport="quic",le="0.5"} 1',
  );
});

test('folds values past the limit and counts them', async () => {
  const metrics = createPrometheusMetrics({ overflow: relay.seriesOverflow });
  const family = metrics.gauge(relay.activeStreams);
  for (let i = 0; i < 150; i++) family.series({ namespace: `n${i}` }).add();
  expect([...family.entries()]).toHaveLength(101);
  const { body } = await metrics.render();
  expect(body).toContain('moq_relay_active_streams{namespace="__other__"} 50');
  expect(body).toContain('moq_relay_series_overflow_total{metric="moq_relay_active_streams"} 50');
});

test('adds a histogram counted elsewhere, and refuses foreign buckets', () => {
  const series = createPrometheusMetrics()
    .histogram(client.startupTime)
    .series({ namespace: 'a', broadcast: 'a/b', transport: 'quic' });
  series.observe(0.3);
  series.merge([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1], 20.8);
  expect([...series.counts]).toEqual([0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  expect(series.count).toBe(4);
  expect(series.sum).toBeCloseTo(21.1);
  expect(() => series.merge([1, 2], 3)).toThrow(RangeError);
});
