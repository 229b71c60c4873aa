/** The same facts by audience: browser, device, region and transport. */
import { audience as audienceMetrics } from '@moq-observability/moq-metrics';
import { type RuleGroup, ruleGroup } from '../model/rules.ts';
import { above, and, atLeast, ratio } from '../query/arithmetic.ts';
import { buckets, quantileOf } from '../query/histogram.ts';
import { rate } from '../query/rate.ts';
import { record, type Recorded } from '../query/recorded.ts';
import { select } from '../query/select.ts';
import { FIVE_MINUTES } from './levels.ts';

type Audience = 'browser' | 'device' | 'region' | 'transport';
const byAudience = ['browser', 'device', 'region', 'transport'] as const;
const byClient = ['browser', 'transport'] as const;

export const audienceWatching: Recorded<Audience> = record({
  name: 'audience:moq_watched:rate5m',
  description: 'Seconds watched a second, by audience: how many play on average; only audiences there are',
  unit: 'count',
  // Every combination of browser, device, region and transport has a series, and most never watch.
  query: above(rate(audienceMetrics.watchedSeconds, { by: byAudience, over: FIVE_MINUTES }), 0),
});

export const audienceStalling: Recorded<Audience> = record({
  name: 'audience:moq_stalled:rate5m',
  description: 'Seconds stalled a second, by audience',
  unit: 'count',
  query: and(
    rate(audienceMetrics.stalledSeconds, { by: byAudience, over: FIVE_MINUTES }),
    select(audienceWatching),
  ),
});

const audienceRebufferRatio: Recorded<Audience> = record({
  name: 'audience:moq_rebuffer:ratio5m',
  description: 'Part of the watched time that was stalled, by audience',
  unit: 'ratio',
  query: ratio(select(audienceStalling), select(audienceWatching)),
});

export const audienceAttempts: Recorded<Audience> = record({
  name: 'audience:moq_play_attempts:rate5m',
  description: 'Play intents a second, by audience',
  unit: 'per_second',
  query: and(
    rate(audienceMetrics.playAttempts, { by: byAudience, over: FIVE_MINUTES }),
    select(audienceWatching),
  ),
});

export const audienceStartupBuckets: Recorded<'browser' | 'le' | 'transport'> = record({
  name: 'audience:moq_startup_seconds_bucket:rate5m',
  description: 'Starts a second up to each bound, by browser and transport',
  unit: 'per_second',
  query: buckets(audienceMetrics.startupTime, { by: byClient, over: FIVE_MINUTES }),
});

export const audienceStartupP95: Recorded<'browser' | 'transport'> = record({
  name: 'audience:moq_startup_seconds:p95_5m',
  description: 'Startup time by browser and transport, p95',
  unit: 's',
  query: atLeast(quantileOf(0.95, select(audienceStartupBuckets)), 0),
});

export const audienceLatencyBuckets: Recorded<'browser' | 'le' | 'transport'> = record({
  name: 'audience:moq_latency_seconds_bucket:rate5m',
  description: 'Samples of latency a second up to each bound, by browser and transport',
  unit: 'per_second',
  query: buckets(audienceMetrics.latency, { by: byClient, over: FIVE_MINUTES }),
});

const latencyOf = (q: number, percentile: string): Recorded<'browser' | 'transport'> =>
  record({
    name: `audience:moq_latency_seconds:${percentile}_5m`,
    description: `Latency by browser and transport, ${percentile}`,
    unit: 's',
    query: atLeast(quantileOf(q, select(audienceLatencyBuckets)), 0),
  });
export const audienceLatencyP50: Recorded<'browser' | 'transport'> = latencyOf(0.5, 'p50');
export const audienceLatencyP95: Recorded<'browser' | 'transport'> = latencyOf(0.95, 'p95');
export const audienceLatencyP99: Recorded<'browser' | 'transport'> = latencyOf(0.99, 'p99');

export const audience: RuleGroup = ruleGroup({
  name: 'moq-audience',
  rules: [
    audienceWatching,
    audienceStalling,
    audienceRebufferRatio,
    audienceAttempts,
    audienceStartupBuckets,
    audienceStartupP95,
    audienceLatencyBuckets,
    audienceLatencyP50,
    audienceLatencyP95,
    audienceLatencyP99,
  ],
});
