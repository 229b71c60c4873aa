/** What relays carry: subscriptions, what is delivered to whom, and what the network makes of it. */
import { type GaugeMetric, relay, type Stream } from '@moq-observability/moq-metrics';
import type { Row } from '../../model/dashboard.ts';
import type { Line } from '../../model/observable.ts';
import { max, sum } from '../../query/aggregate.ts';
import { above, minus, plus, ratio } from '../../query/arithmetic.ts';
import { buckets, observations, quantile } from '../../query/histogram.ts';
import { rate } from '../../query/rate.ts';
import type { Query } from '../../query/query.ts';
import type { Recorded } from '../../query/recorded.ts';
import { now, select } from '../../query/select.ts';
import {
  relayBytesReceived,
  relayBytesSent,
  relayFramesReceived,
  relayFramesSent,
  relayGroupsReceived,
  relayGroupsSent,
} from '../../rules/traffic.ts';
import { heatmap, ofRelays, stacked, table, timeseries } from '../panels.ts';

const opened = rate(relay.upstreamSubscriptions, { where: ofRelays });
const shared = rate(relay.subscriptionsDeduplicated, { where: ofRelays });
const hits = rate(relay.cacheHits, { where: ofRelays });
const misses = rate(relay.cacheMisses, { where: ofRelays });

export const subscriptions: Row = {
  title: 'Subscriptions',
  panels: [
    stacked({
      name: 'subscriptions',
      title: 'Open subscriptions',
      description: 'Track subscriptions of viewers and of relays further down, by type of track.',
      unit: 'count',
      lines: [
        { query: sum(select(relay.activeSubscriptions, ofRelays), ['track_type']), legend: '{{track_type}}' },
      ],
      watched: { noAlert: 'It follows the audience.' },
    }),
    timeseries({
      name: 'subscribe-duration',
      title: 'Time to answer SUBSCRIBE',
      description:
        'SUBSCRIBE received to OK or error sent. Milliseconds when the stream is here already; what needs an upstream takes its round trip.',
      unit: 's',
      lines: [0.5, 0.95, 0.99].map((q) => ({
        query: quantile(q, relay.subscribeDuration, { where: ofRelays }),
        legend: `p${q * 100}`,
        exemplars: q === 0.95,
      })),
      watched: {
        alerts: ['SlowStartup'],
        nextSteps: 'Slow with an upstream: its round-trip time. Slow without: the event loop.',
      },
      emptyWhenHealthy: 'While nobody subscribes there is nothing to measure.',
    }),
    stacked({
      name: 'subscribe-results',
      title: 'Answers to SUBSCRIBE',
      description:
        '`not_found` in numbers is viewers of a stream that is not there; `denied`, tokens that do not fit.',
      unit: 'per_second',
      lines: [
        {
          query: observations(relay.subscribeDuration, { by: ['result'], where: ofRelays }),
          legend: '{{result}}',
        },
      ],
      watched: { noAlert: 'Viewers notice as failed starts, which have an alert.' },
    }),
    timeseries({
      name: 'deduplication',
      title: 'Shared upstream subscriptions',
      description:
        'Part of the subscriptions that were served by an upstream one that was open already. With many viewers a stream it is close to 100 %.',
      unit: 'ratio',
      lines: [{ query: ratio(shared, plus(shared, opened)), legend: 'shared' }],
      watched: { noAlert: 'Low only says that streams have few viewers each.' },
      emptyWhenHealthy: 'While nobody subscribes there is nothing to measure.',
    }),
    timeseries({
      name: 'upstream',
      title: 'Upstream subscriptions',
      description:
        'Opened towards publishers and upstream relays, and spared because one was open, a second.',
      unit: 'per_second',
      lines: [
        { query: opened, legend: 'opened' },
        { query: shared, legend: 'spared' },
      ],
      watched: { noAlert: 'It follows the audience.' },
    }),
    timeseries({
      name: 'cache-hits',
      title: 'Served from memory',
      description:
        'Part of SUBSCRIBE and FETCH whose first group was in memory: those viewers start at once instead of at the next keyframe.',
      unit: 'ratio',
      lines: [{ query: ratio(hits, plus(hits, misses)), legend: 'hits' }],
      watched: { noAlert: 'What viewers notice of it is the startup time, which has an alert.' },
      emptyWhenHealthy: 'While nobody subscribes there is nothing to measure.',
    }),
  ],
};

/** How long ago it was, by stream; 0 stands for never. */
function since(timestamp: GaugeMetric<Stream>): Query<'broadcast'> {
  return minus(now(), above(max(select(timestamp, ofRelays), ['broadcast']), 0));
}

export const delivery: Row = {
  title: 'Delivery',
  panels: [
    timeseries({
      name: 'delivery-latency',
      title: 'Delivery latency',
      description:
        'Frame received from upstream to accepted by the transport of a subscriber: the relay’s own part of the latency. A p99 below 10 ms is good. Marks are examples with their trace.',
      unit: 's',
      lines: [0.5, 0.95, 0.99].map((q) => ({
        query: quantile(q, relay.deliveryLatency, { where: ofRelays }),
        legend: `p${q * 100}`,
        exemplars: q === 0.99,
      })),
      thresholds: { worse: 'above', warning: 0.025, critical: 0.25 },
      watched: {
        alerts: ['EventLoopLag', 'SubscriberBacklogGrowing'],
        nextSteps:
          'With the event loop: the relay is full. Without: subscribers that do not take what they asked for.',
      },
    }),
    heatmap({
      name: 'delivery-heatmap',
      title: 'How delivery latency is spread',
      description:
        'Deliveries by how long they took, over time. A second band far up is a group of slow subscribers.',
      unit: 's',
      lines: [{ query: buckets(relay.deliveryLatency, { where: ofRelays }), legend: '{{le}}' }],
      watched: { noAlert: 'The percentiles beside it are what is judged.' },
    }),
    timeseries({
      name: 'subscriber-lag',
      title: 'Subscribers behind, p99',
      description: 'Age of the oldest frame a subscriber has not taken yet, by type of track. Zero is good.',
      unit: 's',
      lines: [
        {
          query: quantile(0.99, relay.subscriberLag, { by: ['track_type'], where: ofRelays }),
          legend: '{{track_type}}',
        },
      ],
      thresholds: { worse: 'above', warning: 0.5, critical: 2 },
      watched: {
        alerts: ['SubscriberBacklogGrowing'],
        nextSteps: 'Their networks, when it is few; the relay or its uplink, when it is many.',
      },
    }),
    timeseries({
      name: 'queued',
      title: 'Undelivered bytes',
      description: 'Produced and not yet taken: over all subscriptions, and of the worst single one.',
      unit: 'By',
      lines: [
        { query: sum(select(relay.queuedBytes, ofRelays)), legend: 'all' },
        { query: max(select(relay.queuedBytesMax, ofRelays)), legend: 'worst one' },
      ],
      thresholds: { worse: 'above', warning: 16 * 1024 ** 2 },
      watched: {
        alerts: ['SubscriberBacklogGrowing'],
        nextSteps: 'When the worst one is most of it, it is theirs; else the relay cannot keep up.',
      },
    }),
    stacked({
      name: 'dropped-groups',
      title: 'Dropped groups',
      description:
        'Groups a subscriber did not get to their end: too old (`latency`), too much (`backlog`), or no longer wanted (`cancelled`, which is as it should be).',
      unit: 'per_second',
      lines: [
        { query: rate(relay.droppedGroups, { by: ['reason'], where: ofRelays }), legend: '{{reason}}' },
      ],
      watched: {
        alerts: ['HighRebufferRate'],
        nextSteps: 'Drops for `latency` and `backlog` are stalls of those who did not get the group.',
      },
    }),
    stacked({
      name: 'dropped-bytes',
      title: 'Dropped payload',
      description: 'Bytes of those groups.',
      unit: 'By/s',
      lines: [{ query: rate(relay.droppedBytes, { by: ['reason'], where: ofRelays }), legend: '{{reason}}' }],
      watched: { noAlert: 'The groups say the same.' },
    }),
    heatmap(
      {
        name: 'fanout',
        title: 'Fan-out',
        description: 'Subscribers each group was delivered to. All at 0 is streams nobody watches.',
        unit: 'count',
        lines: [{ query: buckets(relay.fanout, { where: ofRelays }), legend: '{{le}}' }],
        watched: { noAlert: 'It follows the audience.' },
      },
      { width: 12 },
    ),
    table(
      {
        name: 'freshness',
        title: 'Newest frames of publishers',
        description:
          'How long ago each stream had its newest media frame, and since when it is watched. A stream nobody watches sends nothing, and is well.',
        unit: 's',
        lines: [
          {
            query: since(relay.streamLastFrameTimestamp),
            legend: 'Newest frame ago',
          },
          {
            query: since(relay.streamWatchedSinceTimestamp),
            legend: 'Watched for',
          },
          {
            query: max(select(relay.streamExpected, ofRelays), ['broadcast']),
            legend: 'Expected',
            unit: 'count',
          },
        ],
        watched: {
          alerts: ['PublisherStalled', 'ExpectedStreamMissing'],
          nextSteps: 'Watched, and no frame for seconds: restart its publisher.',
        },
      },
      { key: { broadcast: 'Stream' } },
      { width: 12 },
    ),
  ],
};

type Traffic = 'direction' | 'instance' | 'track_type';

function byTrackType(recorded: Recorded<Traffic>, direction: 'publish' | 'subscribe', way: string): Line {
  return {
    query: sum(select(recorded, { ...ofRelays, direction }), ['track_type']),
    legend: `${way} {{track_type}}`,
  };
}

export const traffic: Row = {
  title: 'Traffic',
  panels: [
    timeseries({
      name: 'payload',
      title: 'Payload',
      description: 'From publishers in, and to subscribers out, by type of track.',
      unit: 'By/s',
      lines: [
        byTrackType(relayBytesReceived, 'publish', 'in'),
        byTrackType(relayBytesSent, 'subscribe', 'out'),
      ],
      watched: { noAlert: 'A link that is full shows as lost packets and stalls, which have alerts.' },
    }),
    timeseries({
      name: 'frames',
      title: 'Frames',
      description: 'What relays do for each frame is most of what they cost.',
      unit: 'per_second',
      lines: [
        byTrackType(relayFramesReceived, 'publish', 'in'),
        byTrackType(relayFramesSent, 'subscribe', 'out'),
      ],
      watched: {
        alerts: ['PublisherStalled'],
        nextSteps: 'No video in, and viewers there: the publisher sends nothing.',
      },
    }),
    timeseries({
      name: 'groups',
      title: 'Groups',
      description: 'A group is a stream of QUIC: many small ones cost more than few large ones.',
      unit: 'per_second',
      lines: [
        byTrackType(relayGroupsReceived, 'publish', 'in'),
        byTrackType(relayGroupsSent, 'subscribe', 'out'),
      ],
      watched: { noAlert: 'It follows streams and viewers.' },
    }),
  ],
};

const packetsSent = rate(relay.quicPacketsSent, { where: ofRelays });

export const quic: Row = {
  title: 'QUIC',
  panels: [
    timeseries({
      name: 'rtt',
      title: 'Round-trip time',
      description:
        'Smoothed, once a second for each session. It rises before packets are lost when a queue on the way fills up.',
      unit: 's',
      lines: [0.5, 0.95, 0.99].map((q) => ({
        query: quantile(q, relay.quicRtt, { where: ofRelays }),
        legend: `p${q * 100}`,
      })),
      watched: {
        alerts: ['HighPacketLoss'],
        nextSteps: 'p50 too: the uplink of the relay. Only p99: single viewers far away.',
      },
      emptyWhenHealthy: 'Only transports that tell have it: WebSocket does not.',
    }),
    timeseries({
      name: 'packet-loss',
      title: 'Packets lost',
      description:
        'Part of the packets sent that were declared lost. 2 % hardly anyone notices, 10 % stalls over and over.',
      unit: 'ratio',
      lines: [
        {
          query: ratio(
            rate(relay.quicPacketsLost, { by: ['instance'], where: ofRelays }),
            rate(relay.quicPacketsSent, { by: ['instance'], where: ofRelays }),
          ),
          legend: '{{instance}}',
        },
      ],
      thresholds: { worse: 'above', warning: 0.02, critical: 0.05 },
      watched: {
        alerts: ['HighPacketLoss'],
        nextSteps: 'One relay: its uplink or its socket buffers. All: the network between.',
      },
      emptyWhenHealthy: 'Only transports that tell have it: WebSocket does not.',
    }),
    timeseries({
      name: 'wire',
      title: 'On the wire',
      description: 'Bytes of QUIC packets, headers and retransmissions included, and those that were lost.',
      unit: 'By/s',
      lines: [
        { query: rate(relay.quicBytesSent, { where: ofRelays }), legend: 'sent' },
        { query: rate(relay.quicBytesReceived, { where: ofRelays }), legend: 'received' },
        { query: rate(relay.quicBytesLost, { where: ofRelays }), legend: 'lost' },
      ],
      watched: { noAlert: 'A link that is full shows as lost packets, which have an alert.' },
    }),
    timeseries(
      {
        name: 'packets',
        title: 'Packets',
        description: 'QUIC packets a second.',
        unit: 'per_second',
        lines: [
          { query: packetsSent, legend: 'sent' },
          { query: rate(relay.quicPacketsReceived, { where: ofRelays }), legend: 'received' },
        ],
        watched: { noAlert: 'It follows the traffic.' },
      },
      { width: 12, height: 6 },
    ),
    timeseries(
      {
        name: 'packet-size',
        title: 'Bytes a packet',
        description: 'Near 1200 is full packets; small ones are acknowledgements and datagrams.',
        unit: 'By',
        lines: [
          { query: ratio(rate(relay.quicBytesSent, { where: ofRelays }), packetsSent), legend: 'sent' },
        ],
        watched: { noAlert: 'It says how well the network is used, not whether it plays.' },
        emptyWhenHealthy: 'Only transports that tell have it: WebSocket does not.',
      },
      { width: 12, height: 6 },
    ),
  ],
};
