/** Play intent to first frame, and the starts that got nowhere. */
import { client } from '@moq-observability/moq-metrics';
import { type RuleGroup, ruleGroup } from '../model/rules.ts';
import { sum } from '../query/aggregate.ts';
import { atLeast, ratio } from '../query/arithmetic.ts';
import { buckets, mean, observations, quantileOf, observationsAbove } from '../query/histogram.ts';
import { not } from '../query/match.ts';
import { rate } from '../query/rate.ts';
import { record, type Recorded } from '../query/recorded.ts';
import { select } from '../query/select.ts';
import { byStream, FIVE_MINUTES, ONE_MINUTE } from './levels.ts';

type Stream = 'broadcast' | 'namespace';

/** A start that takes longer than this is slow. Must be a bucket of the histogram. */
export const STARTUP_BOUND = 3;

const streamStartupBuckets: Recorded<Stream | 'le'> = record({
  name: 'stream:moq_startup_seconds_bucket:rate5m',
  description: 'Starts a second up to each bound, by stream',
  unit: 'per_second',
  query: buckets(client.startupTime, { by: byStream, over: FIVE_MINUTES }),
});

export const namespaceStartupBuckets: Recorded<'le' | 'namespace'> = record({
  name: 'namespace:moq_startup_seconds_bucket:rate5m',
  description: 'Starts a second up to each bound, by namespace',
  unit: 'per_second',
  query: sum(select(streamStartupBuckets), ['namespace', 'le']),
});

const streamStartupP95: Recorded<Stream> = record({
  name: 'stream:moq_startup_seconds:p95_5m',
  description: 'Startup time of each stream, p95',
  unit: 's',
  query: atLeast(quantileOf(0.95, select(streamStartupBuckets)), 0),
});

const fleetStartupP95: Recorded<never> = record({
  name: 'fleet:moq_startup_seconds:p95_5m',
  description: 'Startup time of all streams, p95',
  unit: 's',
  query: atLeast(quantileOf(0.95, sum(select(namespaceStartupBuckets), ['le'])), 0),
});

export const streamStarts: Recorded<Stream> = record({
  name: 'stream:moq_starts:rate5m',
  description: 'Starts that reached the first frame a second, by stream',
  unit: 'per_second',
  query: observations(client.startupTime, { by: byStream, over: FIVE_MINUTES }),
});

export const streamSlowStartShare: Recorded<Stream> = record({
  name: 'stream:moq_startup_slow:ratio5m',
  description: `Part of the starts that took longer than ${STARTUP_BOUND} s, by stream`,
  unit: 'ratio',
  query: ratio(
    observationsAbove(STARTUP_BOUND, client.startupTime, { by: byStream, over: FIVE_MINUTES }),
    select(streamStarts),
  ),
});

export const streamOutcomes: Recorded<Stream | 'outcome'> = record({
  name: 'stream:moq_play_outcomes:rate5m',
  description:
    'Play intents that ended, a second, by stream and how; those that left within a second are kept out',
  unit: 'per_second',
  query: rate(client.playOutcomes, {
    by: [...byStream, 'outcome'],
    where: { outcome: not('bounced') },
    over: FIVE_MINUTES,
  }),
});

export const streamAttempts: Recorded<Stream> = record({
  name: 'stream:moq_play_outcomes_all:rate5m',
  description: 'Play intents that ended, a second, by stream; those that left within a second are kept out',
  unit: 'per_second',
  query: sum(select(streamOutcomes), byStream),
});

const streamShare = (outcome: client.PlayOutcome, name: string, description: string): Recorded<Stream> =>
  record({
    name: `stream:moq_${name}:ratio5m`,
    description: `${description}, by stream`,
    unit: 'ratio',
    query: ratio(sum(select(streamOutcomes, { outcome }), byStream), select(streamAttempts)),
  });
export const streamFailures: Recorded<Stream> = streamShare(
  'failed',
  'start_failures',
  'Part of the play intents that failed before the first frame',
);
const streamExits: Recorded<Stream> = streamShare(
  'exited',
  'start_exits',
  'Part of the play intents whose viewers left before the first frame',
);

const fleetShare = (outcome: client.PlayOutcome, name: string, description: string): Recorded<never> =>
  record({
    name: `fleet:moq_${name}:ratio5m`,
    description,
    unit: 'ratio',
    query: ratio(sum(select(streamOutcomes, { outcome })), sum(select(streamAttempts))),
  });
const fleetFailures: Recorded<never> = fleetShare(
  'failed',
  'start_failures',
  'Part of all play intents that failed before the first frame',
);
const fleetExits: Recorded<never> = fleetShare(
  'exited',
  'start_exits',
  'Part of all play intents whose viewers left before the first frame',
);

const startupMean: Recorded<Stream> = record({
  name: client.startupTime.name,
  description: 'Mean startup time of each stream in the last minute',
  unit: 's',
  query: mean(client.startupTime, { by: byStream, over: ONE_MINUTE }),
});

export const startup: RuleGroup = ruleGroup({
  name: 'moq-startup',
  rules: [
    startupMean,
    streamStartupBuckets,
    namespaceStartupBuckets,
    streamStartupP95,
    fleetStartupP95,
    streamStarts,
    streamSlowStartShare,
    streamOutcomes,
    streamAttempts,
    streamFailures,
    streamExits,
    fleetFailures,
    fleetExits,
  ],
});
