/**
 * Capture to render. Quantiles of quantiles mean nothing, so the rates of buckets are recorded too. Where nothing was
 * observed a quantile is not a number, and is not recorded: no number is at least 0 then.
 */
import { client } from '@moq-observability/moq-metrics';
import { type RuleGroup, ruleGroup } from '../model/rules.ts';
import { sum } from '../query/aggregate.ts';
import { atLeast, ratio } from '../query/arithmetic.ts';
import { buckets, mean, observations, observationsAbove, quantileOf } from '../query/histogram.ts';
import { record, type Recorded } from '../query/recorded.ts';
import { select } from '../query/select.ts';
import { byStream, FIVE_MINUTES } from './levels.ts';

type Stream = 'broadcast' | 'namespace';

/** The objective: 95 % of samples within half a second. Must be a bucket of the histogram. */
export const LATENCY_BOUND = 0.5;

const streamLatencyBuckets: Recorded<Stream | 'le'> = record({
  name: 'stream:moq_latency_seconds_bucket:rate5m',
  description: 'Samples of latency a second up to each bound, by stream',
  unit: 'per_second',
  query: buckets(client.latency, { by: byStream, over: FIVE_MINUTES }),
});

export const namespaceLatencyBuckets: Recorded<'le' | 'namespace'> = record({
  name: 'namespace:moq_latency_seconds_bucket:rate5m',
  description: 'Samples of latency a second up to each bound, by namespace',
  unit: 'per_second',
  query: sum(select(streamLatencyBuckets), ['namespace', 'le']),
});

const fleetLatencyBuckets: Recorded<'le'> = record({
  name: 'fleet:moq_latency_seconds_bucket:rate5m',
  description: 'Samples of latency a second up to each bound',
  unit: 'per_second',
  query: sum(select(namespaceLatencyBuckets), ['le']),
});

export const streamLatencyMean: Recorded<Stream> = record({
  name: 'stream:moq_latency_seconds:mean5m',
  description: 'Mean latency of each stream',
  unit: 's',
  query: mean(client.latency, { by: byStream, over: FIVE_MINUTES }),
});

const ofStream = (q: number, percentile: string): Recorded<Stream> =>
  record({
    name: `stream:moq_latency_seconds:${percentile}_5m`,
    description: `Latency of each stream, ${percentile}`,
    unit: 's',
    query: atLeast(quantileOf(q, select(streamLatencyBuckets)), 0),
  });
export const streamLatencyP50: Recorded<Stream> = ofStream(0.5, 'p50');
export const streamLatencyP95: Recorded<Stream> = ofStream(0.95, 'p95');
export const streamLatencyP99: Recorded<Stream> = ofStream(0.99, 'p99');

const ofFleet = (q: number, percentile: string): Recorded<never> =>
  record({
    name: `fleet:moq_latency_seconds:${percentile}_5m`,
    description: `Latency of all streams, ${percentile}`,
    unit: 's',
    query: atLeast(quantileOf(q, select(fleetLatencyBuckets)), 0),
  });
const fleetLatencyP50: Recorded<never> = ofFleet(0.5, 'p50');
const fleetLatencyP95: Recorded<never> = ofFleet(0.95, 'p95');
const fleetLatencyP99: Recorded<never> = ofFleet(0.99, 'p99');

export const streamLatencySamples: Recorded<Stream> = record({
  name: 'stream:moq_latency_samples:rate5m',
  description: 'Samples of latency a second, by stream; each viewer takes one',
  unit: 'per_second',
  query: observations(client.latency, { by: byStream, over: FIVE_MINUTES }),
});

export const streamLatencySlow: Recorded<Stream> = record({
  name: 'stream:moq_latency_slow_samples:rate5m',
  description: `Samples of latency over ${LATENCY_BOUND} s a second, by stream`,
  unit: 'per_second',
  query: observationsAbove(LATENCY_BOUND, client.latency, { by: byStream, over: FIVE_MINUTES }),
});

export const streamLatencySlowShare: Recorded<Stream> = record({
  name: 'stream:moq_latency_slow:ratio5m',
  description: `Part of the samples of latency that is over ${LATENCY_BOUND} s, by stream`,
  unit: 'ratio',
  query: ratio(select(streamLatencySlow), select(streamLatencySamples)),
});

export const fleetLatencySamples: Recorded<never> = record({
  name: 'fleet:moq_latency_samples:rate5m',
  description: 'Samples of latency a second',
  unit: 'per_second',
  query: sum(select(streamLatencySamples)),
});

export const fleetLatencySlow: Recorded<never> = record({
  name: 'fleet:moq_latency_slow_samples:rate5m',
  description: `Samples of latency over ${LATENCY_BOUND} s a second`,
  unit: 'per_second',
  query: sum(select(streamLatencySlow)),
});

export const latency: RuleGroup = ruleGroup({
  name: 'moq-latency',
  rules: [
    streamLatencyBuckets,
    namespaceLatencyBuckets,
    fleetLatencyBuckets,
    streamLatencyMean,
    streamLatencyP50,
    streamLatencyP95,
    streamLatencyP99,
    fleetLatencyP50,
    fleetLatencyP95,
    fleetLatencyP99,
    streamLatencySamples,
    streamLatencySlow,
    streamLatencySlowShare,
    fleetLatencySamples,
    fleetLatencySlow,
  ],
});
