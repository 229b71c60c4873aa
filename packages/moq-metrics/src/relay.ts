/**
 * What the relay measures. The relay never parses frames; only `streamInfo` comes from the catalog.
 * The description of each metric is its documentation and its HELP text.
 */
import {
  counter,
  type CounterMetric,
  gauge,
  type GaugeMetric,
  histogram,
  type HistogramMetric,
} from './define.ts';
import {
  bounded,
  broadcast,
  codec,
  type Direction,
  directions,
  type LabelSet,
  namespace,
  stream,
  type Stream,
  type TrackType,
  trackTypes,
  type Transport,
  transports,
} from './labels.ts';

// Streams and viewers

export const activeStreams: GaugeMetric<{ namespace: string }> = gauge({
  name: 'moq_relay_active_streams',
  unit: '{stream}',
  description:
    'Broadcasts whose publisher is connected to this relay now, not those known through another relay',
  labels: { namespace },
});

export const activeSubscribers: GaugeMetric<Stream> = gauge({
  name: 'moq_relay_active_subscribers',
  unit: '{viewer}',
  description:
    'Viewers: sessions with at least one open media subscription on the broadcast; the first opens it, the last closes it; relay-to-relay sessions do not count',
  labels: stream,
});

export const activeSubscriptions: GaugeMetric<{ track_type: TrackType }> = gauge({
  name: 'moq_relay_active_subscriptions',
  unit: '{subscription}',
  description: 'Open track subscriptions of downstream sessions',
  labels: { track_type: trackTypes },
});

export const streamExpected: GaugeMetric<Stream> = gauge({
  name: 'moq_relay_stream_expected',
  unit: '{stream}',
  description: '1 for each broadcast that must be live by the configuration',
  labels: stream,
});

export const streamLastFrameTimestamp: GaugeMetric<Stream> = gauge({
  name: 'moq_relay_stream_last_frame_timestamp_seconds',
  unit: 's',
  description: 'Unix time of the newest media frame received from the publisher, 0 if there was none',
  labels: stream,
});

export const streamWatchedSinceTimestamp: GaugeMetric<Stream> = gauge({
  name: 'moq_relay_stream_watched_since_timestamp_seconds',
  unit: 's',
  description: 'Unix time since when a media subscription has been open upstream, 0 if none is',
  labels: stream,
});

/** What a stream is made of, by its catalog. */
export type StreamMedia = Stream & {
  readonly video_codec: string;
  readonly audio_codec: string;
  readonly resolution: string;
};

export const streamInfo: GaugeMetric<StreamMedia> = gauge({
  name: 'moq_relay_stream_info',
  unit: '{stream}',
  description: 'Always 1: codec families and the highest resolution of the broadcast, from its catalog',
  labels: { ...stream, video_codec: codec, audio_codec: codec, resolution: bounded(32) },
});

export const announcementEvents = ['started', 'ended', 'replaced'] as const;
export type AnnouncementEvent = (typeof announcementEvents)[number];

export const announcements: CounterMetric<{ event: AnnouncementEvent }> = counter({
  name: 'moq_relay_announcements_total',
  unit: '{announcement}',
  description: 'Broadcasts that were announced, went away, or were taken over by another publisher',
  labels: { event: announcementEvents },
});

// Traffic

/** Whose traffic, of what kind, on which side of the relay. */
export type Traffic = {
  readonly broadcast: string;
  readonly track_type: TrackType;
  readonly direction: Direction;
};
const traffic: LabelSet<Traffic> = { broadcast, track_type: trackTypes, direction: directions };

export const bytesSent: CounterMetric<Traffic> = counter({
  name: 'moq_relay_bytes_sent_total',
  unit: 'By',
  description: 'Payload bytes of MoQ frames (IETF: objects) sent; no protocol overhead, no retransmissions',
  labels: traffic,
});

export const bytesReceived: CounterMetric<Traffic> = counter({
  name: 'moq_relay_bytes_received_total',
  unit: 'By',
  description:
    'Payload bytes of MoQ frames (IETF: objects) received; no protocol overhead, no retransmissions',
  labels: traffic,
});

export const framesSent: CounterMetric<Traffic> = counter({
  name: 'moq_relay_frames_sent_total',
  unit: '{frame}',
  description: 'Frames (IETF: objects) sent',
  labels: traffic,
});

export const framesReceived: CounterMetric<Traffic> = counter({
  name: 'moq_relay_frames_received_total',
  unit: '{frame}',
  description: 'Frames (IETF: objects) received',
  labels: traffic,
});

export const groupsSent: CounterMetric<Traffic> = counter({
  name: 'moq_relay_groups_sent_total',
  unit: '{group}',
  description: 'Groups sent',
  labels: traffic,
});

export const groupsReceived: CounterMetric<Traffic> = counter({
  name: 'moq_relay_groups_received_total',
  unit: '{group}',
  description: 'Groups received',
  labels: traffic,
});

// Sessions

export const activeSessions: GaugeMetric<{ transport: Transport }> = gauge({
  name: 'moq_relay_active_sessions',
  unit: '{session}',
  description: 'MoQ sessions past setup',
  labels: { transport: transports },
});

export const sessions: CounterMetric<{ transport: Transport; version: string }> = counter({
  name: 'moq_relay_sessions_total',
  unit: '{session}',
  description:
    'Sessions that got past MoQ setup, by negotiated protocol; what fails before is an error or an auth failure',
  labels: { transport: transports, version: bounded(16) },
});

export const sessionCloseReasons = [
  'client',
  'idle',
  'protocol_error',
  'expired',
  'drain',
  'backpressure',
  'internal',
] as const;
export type SessionCloseReason = (typeof sessionCloseReasons)[number];

export const sessionsClosed: CounterMetric<{ transport: Transport; reason: SessionCloseReason }> = counter({
  name: 'moq_relay_sessions_closed_total',
  unit: '{session}',
  description: 'Sessions closed after setup; opened minus closed is active, at every scrape',
  labels: { transport: transports, reason: sessionCloseReasons },
});

export const sessionDuration: HistogramMetric<{ transport: Transport }> = histogram({
  name: 'moq_relay_session_duration_seconds',
  unit: 's',
  description: 'Setup finished to session closed',
  labels: { transport: transports },
  buckets: [1, 5, 15, 60, 300, 900, 3600, 14400],
});

export const relayStages = [
  'accept',
  'setup',
  'auth',
  'announce',
  'subscribe',
  'fetch',
  'forward',
  'internal',
] as const;
export type RelayStage = (typeof relayStages)[number];

export const errors: CounterMetric<{ stage: RelayStage }> = counter({
  name: 'moq_relay_errors_total',
  unit: '{error}',
  description: 'Errors, by the stage they happened in',
  labels: { stage: relayStages },
});

export const authFailureReasons = ['missing', 'malformed', 'expired', 'signature', 'scope'] as const;
export type AuthFailureReason = (typeof authFailureReasons)[number];

export const authFailures: CounterMetric<{ reason: AuthFailureReason }> = counter({
  name: 'moq_relay_auth_failures_total',
  unit: '{failure}',
  description: 'Connections and requests refused for want of a right token',
  labels: { reason: authFailureReasons },
});

// Routing

export const subscribeResults = ['ok', 'not_found', 'denied', 'error'] as const;
export type SubscribeResult = (typeof subscribeResults)[number];

export const subscribeDuration: HistogramMetric<{ result: SubscribeResult }> = histogram({
  name: 'moq_relay_subscribe_duration_seconds',
  unit: 's',
  description: 'SUBSCRIBE received to OK or error sent',
  labels: { result: subscribeResults },
  buckets: [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2],
});

export const upstreamSubscriptions: CounterMetric = counter({
  name: 'moq_relay_upstream_subscriptions_total',
  unit: '{subscription}',
  description: 'Subscriptions opened towards a publisher or an upstream relay',
});

export const subscriptionsDeduplicated: CounterMetric = counter({
  name: 'moq_relay_subscriptions_deduplicated_total',
  unit: '{subscription}',
  description: 'Downstream subscriptions served by an upstream one that was open already',
});

export const cacheHits: CounterMetric = counter({
  name: 'moq_relay_cache_hits_total',
  unit: '{request}',
  description: 'SUBSCRIBE and FETCH whose first group was served from memory',
});

export const cacheMisses: CounterMetric = counter({
  name: 'moq_relay_cache_misses_total',
  unit: '{request}',
  description: 'SUBSCRIBE and FETCH whose first group needed work upstream',
});

// Delivery

export const fanout: HistogramMetric = histogram({
  name: 'moq_relay_fanout',
  unit: '{subscriber}',
  description: 'Subscribers a group was delivered to, observed when the group ends',
  buckets: [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
});

export const deliveryLatency: HistogramMetric<{ track_type: TrackType }> = histogram({
  name: 'moq_relay_delivery_latency_seconds',
  unit: 's',
  description: "Frame received from upstream to accepted by the subscriber's transport",
  labels: { track_type: trackTypes },
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
});

export const subscriberLag: HistogramMetric<{ track_type: TrackType }> = histogram({
  name: 'moq_relay_subscriber_lag_seconds',
  unit: 's',
  description:
    'Age of the oldest frame not yet accepted by the transport, 0 if there is none; once a second per subscription',
  labels: { track_type: trackTypes },
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5],
});

export const queuedBytes: GaugeMetric = gauge({
  name: 'moq_relay_queued_bytes',
  unit: 'By',
  description: 'Bytes produced and not delivered yet, over all subscriptions',
});

export const queuedBytesMax: GaugeMetric = gauge({
  name: 'moq_relay_queued_bytes_max',
  unit: 'By',
  description: 'Bytes produced and not delivered yet, of the worst single subscription',
});

export const dropReasons = ['latency', 'backlog', 'cancelled'] as const;
export type DropReason = (typeof dropReasons)[number];

export const droppedGroups: CounterMetric<{ reason: DropReason }> = counter({
  name: 'moq_relay_dropped_groups_total',
  unit: '{group}',
  description: 'Groups a subscriber did not get, or not to their end',
  labels: { reason: dropReasons },
});

export const droppedBytes: CounterMetric<{ reason: DropReason }> = counter({
  name: 'moq_relay_dropped_bytes_total',
  unit: 'By',
  description: 'Payload bytes a subscriber did not get',
  labels: { reason: dropReasons },
});

// QUIC, where the transport tells

export const quicRtt: HistogramMetric = histogram({
  name: 'moq_relay_quic_rtt_seconds',
  unit: 's',
  description: 'Smoothed round-trip time, once a second per session',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1],
});

export const quicPacketsSent: CounterMetric = counter({
  name: 'moq_relay_quic_packets_sent_total',
  unit: '{packet}',
  description: 'QUIC packets sent',
});

export const quicPacketsReceived: CounterMetric = counter({
  name: 'moq_relay_quic_packets_received_total',
  unit: '{packet}',
  description: 'QUIC packets received',
});

export const quicPacketsLost: CounterMetric = counter({
  name: 'moq_relay_quic_packets_lost_total',
  unit: '{packet}',
  description: 'QUIC packets sent and declared lost',
});

export const quicBytesSent: CounterMetric = counter({
  name: 'moq_relay_quic_bytes_sent_total',
  unit: 'By',
  description: 'Bytes sent on the wire, retransmissions included',
});

export const quicBytesReceived: CounterMetric = counter({
  name: 'moq_relay_quic_bytes_received_total',
  unit: 'By',
  description: 'Bytes received on the wire, retransmissions included',
});

export const quicBytesLost: CounterMetric = counter({
  name: 'moq_relay_quic_bytes_lost_total',
  unit: 'By',
  description: 'Bytes sent in packets that were declared lost',
});

// The relay itself

export const buildInfo: GaugeMetric<{ version: string; node: string; transports: string }> = gauge({
  name: 'moq_relay_build_info',
  unit: '{build}',
  description: 'Always 1: the version of the relay and of Node, and the transports in use',
  labels: { version: bounded(4), node: bounded(4), transports: bounded(8) },
});

export const seriesOverflow: CounterMetric<{ metric: string }> = counter({
  name: 'moq_relay_series_overflow_total',
  unit: '{series}',
  description: 'Series handles opened that were folded into __other__, by metric',
  labels: { metric: bounded(100) },
});

export const scrapeDuration: HistogramMetric = histogram({
  name: 'moq_relay_scrape_duration_seconds',
  unit: 's',
  description: 'Time to render the metrics for one scrape',
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
});
