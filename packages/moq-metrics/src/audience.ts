/**
 * The same facts as in `client`, by audience instead of by stream. Players never send these: the collector derives them
 * from each accepted point, browser and device from the User-Agent, region from its own configuration or a named
 * header of a trusted proxy, transport from the resource. Sums over the audience equal sums over the streams.
 */
import { latency as clientLatency, startupTime as clientStartupTime } from './client.ts';
import { counter, type CounterMetric, histogram, type HistogramMetric } from './define.ts';
import { bounded, type LabelSet, type Transport, transports } from './labels.ts';

export const browsers = ['chrome', 'edge', 'firefox', 'safari', 'samsung', 'other'] as const;
export type Browser = (typeof browsers)[number];

export const devices = ['desktop', 'mobile', 'tablet', 'tv', 'other'] as const;
export type Device = (typeof devices)[number];

/** What carries the session; `other` until a connection stands. */
export type AudienceTransport = Transport | 'other';
export const audienceTransports: readonly AudienceTransport[] = [...transports, 'other'];

/** Who watches, without saying who it is. */
export type Audience = {
  readonly browser: Browser;
  readonly device: Device;
  /** One of the regions the collector is configured with. */
  readonly region: string;
  readonly transport: AudienceTransport;
};
const audience: LabelSet<Audience> = {
  browser: browsers,
  device: devices,
  region: bounded(32),
  transport: audienceTransports,
};

export const playAttempts: CounterMetric<Audience> = counter({
  name: 'moq_audience_play_attempts_total',
  unit: '{attempt}',
  description: 'Play intents, by audience',
  labels: audience,
});

export const watchedSeconds: CounterMetric<Audience> = counter({
  name: 'moq_audience_watched_seconds_total',
  unit: 's',
  description: 'Wall clock from play intent to stop, without pauses and hidden time, by audience',
  labels: audience,
});

export const stalledSeconds: CounterMetric<Audience> = counter({
  name: 'moq_audience_stalled_seconds_total',
  unit: 's',
  description: 'Time in stalls, by audience',
  labels: audience,
});

export const startupTime: HistogramMetric<{ browser: Browser; transport: AudienceTransport }> = histogram({
  name: 'moq_audience_startup_time_seconds',
  unit: 's',
  description: 'Play intent to first frame rendered, by audience',
  labels: { browser: browsers, transport: audienceTransports },
  buckets: clientStartupTime.buckets,
});

export const latency: HistogramMetric<{ browser: Browser; transport: AudienceTransport }> = histogram({
  name: 'moq_audience_latency_seconds',
  unit: 's',
  description: 'Capture to render, once a second while playing, by audience',
  labels: { browser: browsers, transport: audienceTransports },
  buckets: clientLatency.buckets,
});
