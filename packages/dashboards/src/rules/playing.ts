/** Stalls, buffers, and changes of quality while playing. */
import { client } from '@moq-observability/moq-metrics';
import { type RuleGroup, ruleGroup } from '../model/rules.ts';
import { sum } from '../query/aggregate.ts';
import { ratio, times } from '../query/arithmetic.ts';
import { buckets, mean } from '../query/histogram.ts';
import { rate } from '../query/rate.ts';
import { record, type Recorded } from '../query/recorded.ts';
import { select } from '../query/select.ts';
import { byStream, FIVE_MINUTES, ONE_MINUTE } from './levels.ts';

type Stream = 'broadcast' | 'namespace';

export const streamWatching: Recorded<Stream> = record({
  name: 'stream:moq_watched:rate5m',
  description: 'Seconds watched a second, by stream: how many play it on average',
  unit: 'count',
  query: rate(client.watchedSeconds, { by: byStream, over: FIVE_MINUTES }),
});

export const streamStalling: Recorded<Stream> = record({
  name: 'stream:moq_stalled:rate5m',
  description: 'Seconds stalled a second, by stream: how many stand still on average',
  unit: 'count',
  query: rate(client.stalledSeconds, { by: byStream, over: FIVE_MINUTES }),
});

export const streamStalls: Recorded<Stream> = record({
  name: 'stream:moq_stalls:rate5m',
  description: 'Stalls a second, by stream',
  unit: 'per_second',
  query: rate(client.rebufferCount, { by: byStream, over: FIVE_MINUTES }),
});

export const streamRebufferRatio: Recorded<Stream> = record({
  name: 'stream:moq_rebuffer:ratio5m',
  description: 'Part of the watched time that was stalled, by stream',
  unit: 'ratio',
  query: ratio(select(streamStalling), select(streamWatching)),
});

export const streamRebuffersPerHour: Recorded<Stream> = record({
  name: 'stream:moq_rebuffers_per_viewer_hour:rate5m',
  description: 'Stalls in an hour watched, by stream',
  unit: 'per_hour',
  query: times(ratio(select(streamStalls), select(streamWatching)), 3600),
});

export const fleetWatching: Recorded<never> = record({
  name: 'fleet:moq_watched:rate5m',
  description: 'Seconds watched a second: how many play on average',
  unit: 'count',
  query: sum(select(streamWatching)),
});

export const fleetStalling: Recorded<never> = record({
  name: 'fleet:moq_stalled:rate5m',
  description: 'Seconds stalled a second: how many stand still on average',
  unit: 'count',
  query: sum(select(streamStalling)),
});

const fleetRebufferRatio: Recorded<never> = record({
  name: 'fleet:moq_rebuffer:ratio5m',
  description: 'Part of all watched time that was stalled',
  unit: 'ratio',
  query: ratio(select(fleetStalling), select(fleetWatching)),
});

const fleetRebuffersPerHour: Recorded<never> = record({
  name: 'fleet:moq_rebuffers_per_viewer_hour:rate5m',
  description: 'Stalls in an hour watched',
  unit: 'per_hour',
  query: times(ratio(sum(select(streamStalls)), select(fleetWatching)), 3600),
});

export const streamSwitches: Recorded<Stream | 'switch'> = record({
  name: 'stream:moq_quality_switches:rate5m',
  description: 'Changes of the rendition a second, by stream and direction',
  unit: 'per_second',
  query: rate(client.qualitySwitches, { by: [...byStream, 'switch'], over: FIVE_MINUTES }),
});

export const namespaceBufferBuckets: Recorded<'le' | 'namespace' | 'track_type'> = record({
  name: 'namespace:moq_buffer_seconds_bucket:rate5m',
  description: 'Samples of the buffer a second up to each bound, by namespace and type of track',
  unit: 'per_second',
  query: buckets(client.bufferLength, { by: ['namespace', 'track_type'], over: FIVE_MINUTES }),
});

const bufferMean: Recorded<Stream> = record({
  name: client.bufferLength.name,
  description: 'Mean length of the buffers of each stream in the last minute',
  unit: 's',
  query: mean(client.bufferLength, { by: byStream, over: ONE_MINUTE }),
});

const fleetPlaybackFailures: Recorded<'error'> = record({
  name: 'fleet:moq_playback_failures:rate5m',
  description: 'Fatal errors of playback a second, by what failed',
  unit: 'per_second',
  query: rate(client.playbackFailures, { by: ['error'], over: FIVE_MINUTES }),
  emptyWhenHealthy: 'No playback failed yet.',
});

export const playing: RuleGroup = ruleGroup({
  name: 'moq-playing',
  rules: [
    bufferMean,
    streamWatching,
    streamStalling,
    streamStalls,
    streamRebufferRatio,
    streamRebuffersPerHour,
    fleetWatching,
    fleetStalling,
    fleetRebufferRatio,
    fleetRebuffersPerHour,
    streamSwitches,
    namespaceBufferBuckets,
    fleetPlaybackFailures,
  ],
});
