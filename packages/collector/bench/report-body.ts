import { client, type LabelValues, type Metric, otelName } from '@moq-observability/moq-metrics';

/** Seconds from one report of a player to the next. */
const INTERVAL = 10;

/** What a player reports after ten seconds in which it played well: JSON, as player-web sends it. */
export function reportBody(broadcast: string): Buffer {
  const end = 1_800_000_000_000;
  const times = { startTimeUnixNano: `${end - INTERVAL * 1000}000000`, timeUnixNano: `${end}000000` };
  const labels = { broadcast };
  const video = { ...labels, track_type: 'video' };
  const audio = { ...labels, track_type: 'audio' };
  const sum = (metric: Metric, points: readonly (readonly [LabelValues, number])[]): unknown => ({
    name: otelName(metric),
    unit: metric.unit,
    sum: {
      aggregationTemporality: 1,
      isMonotonic: true,
      dataPoints: points.map(([labels, asDouble]) => ({
        attributes: attributes(labels),
        ...times,
        asDouble,
      })),
    },
  });
  const histogram = (
    metric: Metric & { readonly buckets: readonly number[] },
    points: readonly (readonly [LabelValues, number])[],
  ): unknown => ({
    name: otelName(metric),
    unit: metric.unit,
    histogram: {
      aggregationTemporality: 1,
      dataPoints: points.map(([labels, value]) => {
        const bucket = metric.buckets.findIndex((bound) => value <= bound);
        return {
          attributes: attributes(labels),
          ...times,
          count: INTERVAL,
          sum: INTERVAL * value,
          bucketCounts: [...metric.buckets, 0].map((_, i) => (i === bucket ? INTERVAL : 0)),
          explicitBounds: metric.buckets,
        };
      }),
    },
  });
  const metrics = [
    sum(client.watchedSeconds, [[labels, INTERVAL]]),
    sum(client.stalledSeconds, [[labels, 0.5]]),
    sum(client.rebufferCount, [[labels, 1]]),
    sum(client.mediaReceivedBytes, [
      [video, 4_000_000],
      [audio, 160_000],
    ]),
    sum(client.framesDecoded, [[labels, 300]]),
    histogram(client.bufferLength, [
      [video, 0.25],
      [audio, 0.25],
    ]),
    histogram(client.latency, [[labels, 0.125]]),
    histogram(client.bitrate, [
      [video, 3_200_000],
      [audio, 128_000],
    ]),
    histogram(client.keyframeInterval, [[labels, 2]]),
    histogram(client.decodeTime, [[{ codec: 'avc1' }, 0.002]]),
    histogram(client.rtt, [[{ transport: 'webtransport' }, 0.03125]]),
  ];
  const resource = {
    attributes: attributes({
      'service.name': 'moq-player',
      'service.version': '0.1.0',
      'session.id': '00000000-0000-4000-8000-000000000000',
      'moq.broadcast': broadcast,
      'moq.trace_id': '0af7651916cd43dd8448eb211c80319c',
      'network.transport.name': 'webtransport',
    }),
  };
  const scope = { name: '@moq-observability/player-web', version: '0.1.0' };
  return Buffer.from(JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }] }));
}

function attributes(texts: LabelValues): readonly unknown[] {
  return Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}
