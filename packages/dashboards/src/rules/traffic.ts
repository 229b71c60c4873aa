/** Who watches, and what flows. */
import { relay } from '@moq-observability/moq-metrics';
import { type RuleGroup, ruleGroup } from '../model/rules.ts';
import { max, sum } from '../query/aggregate.ts';
import { times } from '../query/arithmetic.ts';
import { withNamespace } from '../query/relabel.ts';
import { rate } from '../query/rate.ts';
import { record, type Recorded } from '../query/recorded.ts';
import { select } from '../query/select.ts';
import { byStream, FIVE_MINUTES } from './levels.ts';

type Stream = 'broadcast' | 'namespace';

export const streamViewers: Recorded<Stream> = record({
  name: 'stream:moq_viewers:sum',
  description: 'Viewers of each stream, over all relays',
  unit: 'count',
  query: sum(select(relay.activeSubscribers), byStream),
});

export const fleetViewers: Recorded<never> = record({
  name: 'fleet:moq_viewers:sum',
  description: 'Viewers of all streams',
  unit: 'count',
  query: sum(select(streamViewers)),
});

const fleetStreams: Recorded<never> = record({
  name: 'fleet:moq_streams:sum',
  description: 'Streams whose publishers are connected',
  unit: 'count',
  query: sum(select(relay.activeStreams)),
});

export const streamBandwidthIn: Recorded<Stream | 'instance'> = record({
  name: 'stream:moq_bandwidth_in_bits_per_second:rate5m',
  description: 'Payload received from publishers, by stream and relay',
  unit: 'bits/s',
  query: withNamespace(
    times(
      rate(relay.bytesReceived, {
        by: ['broadcast', 'instance'],
        where: { direction: 'publish' },
        over: FIVE_MINUTES,
      }),
      8,
    ),
  ),
});

export const streamBandwidthOut: Recorded<Stream | 'instance'> = record({
  name: 'stream:moq_bandwidth_out_bits_per_second:rate5m',
  description: 'Payload sent to viewers and to relays further down, by stream and relay',
  unit: 'bits/s',
  query: withNamespace(
    times(
      rate(relay.bytesSent, {
        by: ['broadcast', 'instance'],
        where: { direction: 'subscribe' },
        over: FIVE_MINUTES,
      }),
      8,
    ),
  ),
});

const fleetBandwidthIn: Recorded<never> = record({
  name: 'fleet:moq_bandwidth_in_bits_per_second:rate5m',
  description: 'Payload received from publishers',
  unit: 'bits/s',
  query: sum(select(streamBandwidthIn)),
});

const fleetBandwidthOut: Recorded<never> = record({
  name: 'fleet:moq_bandwidth_out_bits_per_second:rate5m',
  description: 'Payload sent to viewers and to relays further down',
  unit: 'bits/s',
  query: sum(select(streamBandwidthOut)),
});

type Traffic = 'direction' | 'instance' | 'track_type';
const byTraffic = ['instance', 'track_type', 'direction'] as const;

export const relayBytesSent: Recorded<Traffic> = record({
  name: 'relay:moq_bytes_sent:rate5m',
  description: 'Payload sent, by relay, type of track and side',
  unit: 'By/s',
  query: rate(relay.bytesSent, { by: byTraffic, over: FIVE_MINUTES }),
});

export const relayBytesReceived: Recorded<Traffic> = record({
  name: 'relay:moq_bytes_received:rate5m',
  description: 'Payload received, by relay, type of track and side',
  unit: 'By/s',
  query: rate(relay.bytesReceived, { by: byTraffic, over: FIVE_MINUTES }),
});

export const relayFramesSent: Recorded<Traffic> = record({
  name: 'relay:moq_frames_sent:rate5m',
  description: 'Frames sent, by relay, type of track and side',
  unit: 'per_second',
  query: rate(relay.framesSent, { by: byTraffic, over: FIVE_MINUTES }),
});

export const relayFramesReceived: Recorded<Traffic> = record({
  name: 'relay:moq_frames_received:rate5m',
  description: 'Frames received, by relay, type of track and side',
  unit: 'per_second',
  query: rate(relay.framesReceived, { by: byTraffic, over: FIVE_MINUTES }),
});

export const relayGroupsSent: Recorded<Traffic> = record({
  name: 'relay:moq_groups_sent:rate5m',
  description: 'Groups sent, by relay, type of track and side',
  unit: 'per_second',
  query: rate(relay.groupsSent, { by: byTraffic, over: FIVE_MINUTES }),
});

export const relayGroupsReceived: Recorded<Traffic> = record({
  name: 'relay:moq_groups_received:rate5m',
  description: 'Groups received, by relay, type of track and side',
  unit: 'per_second',
  query: rate(relay.groupsReceived, { by: byTraffic, over: FIVE_MINUTES }),
});

export const streamMedia: Recorded<Stream | 'audio_codec' | 'resolution' | 'video_codec'> = record({
  name: 'stream:moq_info:max',
  description: 'Codecs and resolution of each live stream, over all relays; 1 while it is live',
  unit: 'count',
  query: max(select(relay.streamInfo), [...byStream, 'video_codec', 'audio_codec', 'resolution']),
});

export const traffic: RuleGroup = ruleGroup({
  name: 'moq-traffic',
  rules: [
    streamViewers,
    fleetViewers,
    fleetStreams,
    streamBandwidthIn,
    streamBandwidthOut,
    fleetBandwidthIn,
    fleetBandwidthOut,
    relayBytesSent,
    relayBytesReceived,
    relayFramesSent,
    relayFramesReceived,
    relayGroupsSent,
    relayGroupsReceived,
    streamMedia,
  ],
});
