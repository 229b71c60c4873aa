import { counter, type CounterMetric, gauge, type GaugeMetric } from './define.ts';
import {
  bounded,
  type BoundedLabel,
  broadcast,
  direction,
  type EnumLabel,
  namespace,
  oneOf,
  trackType,
  transport,
} from './labels.ts';

const traffic: {
  readonly broadcast: BoundedLabel;
  readonly track_type: typeof trackType;
  readonly direction: typeof direction;
} = { broadcast, track_type: trackType, direction };
type Traffic = typeof traffic;

/** Why a session ended. */
export type SessionCloseReason =
  | 'client'
  | 'idle'
  | 'protocol_error'
  | 'expired'
  | 'drain'
  | 'backpressure'
  | 'internal';
const closeReason: EnumLabel<SessionCloseReason> = oneOf(
  'client',
  'idle',
  'protocol_error',
  'expired',
  'drain',
  'backpressure',
  'internal',
);

/** Where in the relay something went wrong. */
export type RelayStage =
  | 'accept'
  | 'setup'
  | 'auth'
  | 'announce'
  | 'subscribe'
  | 'fetch'
  | 'forward'
  | 'internal';
const stage: EnumLabel<RelayStage> = oneOf(
  'accept',
  'setup',
  'auth',
  'announce',
  'subscribe',
  'fetch',
  'forward',
  'internal',
);

/** Broadcasts whose publisher is connected to this relay. */
export const activeStreams: GaugeMetric<{ readonly namespace: BoundedLabel }> = gauge({
  name: 'moq_relay_active_streams',
  unit: '{stream}',
  description: 'Broadcasts whose publisher is connected to this relay now',
  labels: { namespace },
});

/** Viewers of a broadcast. */
export const activeSubscribers: GaugeMetric<{
  readonly namespace: BoundedLabel;
  readonly broadcast: BoundedLabel;
}> = gauge({
  name: 'moq_relay_active_subscribers',
  unit: '{viewer}',
  description: 'Viewers: sessions with at least one open media subscription on the broadcast',
  labels: { namespace, broadcast },
});

/** Payload bytes of frames sent. */
export const bytesSent: CounterMetric<Traffic> = counter({
  name: 'moq_relay_bytes_sent_total',
  unit: 'By',
  description: 'Payload bytes of frames sent, without protocol overhead and retransmissions',
  labels: traffic,
});

/** Payload bytes of frames received. */
export const bytesReceived: CounterMetric<Traffic> = counter({
  name: 'moq_relay_bytes_received_total',
  unit: 'By',
  description: 'Payload bytes of frames received, without protocol overhead and retransmissions',
  labels: traffic,
});

/** Frames sent. */
export const framesSent: CounterMetric<Traffic> = counter({
  name: 'moq_relay_frames_sent_total',
  unit: '{frame}',
  description: 'Frames (IETF: objects) sent',
  labels: traffic,
});

/** Frames received. */
export const framesReceived: CounterMetric<Traffic> = counter({
  name: 'moq_relay_frames_received_total',
  unit: '{frame}',
  description: 'Frames (IETF: objects) received',
  labels: traffic,
});

/** Groups sent. */
export const groupsSent: CounterMetric<Traffic> = counter({
  name: 'moq_relay_groups_sent_total',
  unit: '{group}',
  description: 'Groups sent',
  labels: traffic,
});

/** Groups received. */
export const groupsReceived: CounterMetric<Traffic> = counter({
  name: 'moq_relay_groups_received_total',
  unit: '{group}',
  description: 'Groups received',
  labels: traffic,
});

/** Sessions past setup. */
export const activeSessions: GaugeMetric<{ readonly transport: typeof transport }> = gauge({
  name: 'moq_relay_active_sessions',
  unit: '{session}',
  description: 'MoQ sessions past setup',
  labels: { transport },
});

/** Sessions opened. */
export const sessions: CounterMetric<{
  readonly transport: typeof transport;
  readonly version: BoundedLabel;
}> = counter({
  name: 'moq_relay_sessions_total',
  unit: '{session}',
  description: 'Sessions that got past MoQ setup, by negotiated protocol version',
  labels: { transport, version: bounded(16) },
});

/** Sessions closed. */
export const sessionsClosed: CounterMetric<{
  readonly transport: typeof transport;
  readonly reason: typeof closeReason;
}> = counter({
  name: 'moq_relay_sessions_closed_total',
  unit: '{session}',
  description: 'Sessions closed, by reason; opened minus closed is active',
  labels: { transport, reason: closeReason },
});

/** Open track subscriptions. */
export const activeSubscriptions: GaugeMetric<{ readonly track_type: typeof trackType }> = gauge({
  name: 'moq_relay_active_subscriptions',
  unit: '{subscription}',
  description: 'Open track subscriptions of downstream sessions',
  labels: { track_type: trackType },
});

/** What went wrong. */
export const errors: CounterMetric<{ readonly stage: typeof stage }> = counter({
  name: 'moq_relay_errors_total',
  unit: '{error}',
  description: 'Errors, by the stage they happened in',
  labels: { stage },
});

/** What is running. */
export const buildInfo: GaugeMetric<{
  readonly version: BoundedLabel;
  readonly node: BoundedLabel;
  readonly transports: BoundedLabel;
}> = gauge({
  name: 'moq_relay_build_info',
  unit: '{build}',
  description: 'Always 1: the version of the relay and of Node, and the transports in use',
  labels: { version: bounded(4), node: bounded(4), transports: bounded(8) },
});

/** Series folded. */
export const seriesOverflow: CounterMetric<{ readonly metric: BoundedLabel }> = counter({
  name: 'moq_relay_series_overflow_total',
  unit: '{series}',
  description: 'Series handles opened that were folded into __other__, by metric',
  labels: { metric: bounded(100) },
});
