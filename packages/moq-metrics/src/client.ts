/**
 * What players measure: sent as increments by player-web, added up and exposed by the collector.
 * Definitions follow CTA-2066 where it has one. The description of each metric is its documentation and its HELP text.
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
  codec,
  stream,
  type Stream,
  type TrackType,
  trackTypes,
  type Transport,
  transports,
} from './labels.ts';

// Starting

export const playAttempts: CounterMetric<Stream> = counter({
  name: 'moq_client_play_attempts_total',
  unit: '{attempt}',
  description: 'Play intents: a call, autoplay, or a click of the user',
  labels: stream,
});

export const playOutcomeValues = ['started', 'failed', 'exited', 'bounced'] as const;
export type PlayOutcome = (typeof playOutcomeValues)[number];

export const playOutcomes: CounterMetric<Stream & { outcome: PlayOutcome }> = counter({
  name: 'moq_client_play_outcomes_total',
  unit: '{attempt}',
  description:
    'How play intents ended: started; failed by a fatal error before the first frame; exited, left 1 s or more before it; bounced, left in less than 1 s (kept out of rates)',
  labels: { ...stream, outcome: playOutcomeValues },
});

export const startupTime: HistogramMetric<Stream & { transport: Transport }> = histogram({
  name: 'moq_client_startup_time_seconds',
  unit: 's',
  description:
    'Play intent to first frame rendered; not observed when the start failed, the viewer left, or the page was hidden meanwhile',
  labels: { ...stream, transport: transports },
  buckets: [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 15],
});

export const startupPhases = ['connect', 'announce', 'catalog', 'subscribe', 'first_frame'] as const;
export type StartupPhase = (typeof startupPhases)[number];

export const startupPhase: HistogramMetric<{ phase: StartupPhase; transport: Transport }> = histogram({
  name: 'moq_client_startup_phase_seconds',
  unit: 's',
  description: 'How long each phase of a start took',
  labels: { phase: startupPhases, transport: transports },
  buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 15],
});

export const playbackErrors = [
  'connect',
  'setup',
  'auth',
  'not_found',
  'decode',
  'timeout',
  'other',
] as const;
export type PlaybackError = (typeof playbackErrors)[number];

export const playbackFailures: CounterMetric<Stream & { error: PlaybackError }> = counter({
  name: 'moq_client_playback_failures_total',
  unit: '{failure}',
  description: 'Fatal errors of playback, before the first frame or after it',
  labels: { ...stream, error: playbackErrors },
});

// Playing

export const playbackStates = ['loading', 'playing', 'stalled', 'paused'] as const;
export type PlaybackState = (typeof playbackStates)[number];

export const activeSessions: GaugeMetric<Stream & { state: PlaybackState }> = gauge({
  name: 'moq_client_active_sessions',
  unit: '{session}',
  description: 'Playback sessions now, counted by the collector from heartbeats; lost after 3 missed ones',
  labels: { ...stream, state: playbackStates },
  owner: 'collector',
});

export const watchedSeconds: CounterMetric<Stream> = counter({
  name: 'moq_client_watched_seconds_total',
  unit: 's',
  description:
    'Wall clock from play intent to stop, without pauses and hidden time: the denominator of ratios',
  labels: stream,
});

export const bufferLength: HistogramMetric<Stream & { track_type: TrackType }> = histogram({
  name: 'moq_client_buffer_length_seconds',
  unit: 's',
  description: 'Media ahead of the playhead, once a second while playing',
  labels: { ...stream, track_type: trackTypes },
  buckets: [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5],
});

export const rebufferCount: CounterMetric<Stream> = counter({
  name: 'moq_client_rebuffer_count_total',
  unit: '{stall}',
  description:
    'Stalls: selected video frozen or audio silent for want of data after the first frame, for 0.25 s or more; overlapping ones are one; not startup, pause, seek, a switch asked for by the user, or a hidden page',
  labels: stream,
});

export const rebufferDuration: HistogramMetric<Stream> = histogram({
  name: 'moq_client_rebuffer_duration_seconds',
  unit: 's',
  description: 'Length of each stall, observed at its end',
  labels: stream,
  buckets: [0.25, 0.5, 1, 2, 5, 10, 30],
});

export const stalledSeconds: CounterMetric<Stream> = counter({
  name: 'moq_client_stalled_seconds_total',
  unit: 's',
  description: 'Time in stalls, growing while one lasts: the numerator of the rebuffer ratio',
  labels: stream,
});

export const latency: HistogramMetric<Stream> = histogram({
  name: 'moq_client_latency_seconds',
  unit: 's',
  description: 'Capture to render, once a second while playing',
  labels: stream,
  buckets: [0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10],
});

export const latencyUnavailableReasons = ['no_wall_clock', 'clock_sync', 'negative'] as const;
export type LatencyUnavailableReason = (typeof latencyUnavailableReasons)[number];

export const latencyUnavailable: CounterMetric<{ reason: LatencyUnavailableReason }> = counter({
  name: 'moq_client_latency_unavailable_total',
  unit: '{sample}',
  description: 'Latency samples not taken, and why: never guessed',
  labels: { reason: latencyUnavailableReasons },
});

export const avSyncDrift: HistogramMetric<Stream & { ahead: 'video' | 'audio' }> = histogram({
  name: 'moq_client_av_sync_drift_seconds',
  unit: 's',
  description: 'Distance of the playheads of video and audio, by which of them is ahead',
  labels: { ...stream, ahead: ['video', 'audio'] },
  buckets: [0.01, 0.02, 0.04, 0.08, 0.2, 0.5],
});

// Quality

export const switchDirections = ['up', 'down', 'other'] as const;
export type SwitchDirection = (typeof switchDirections)[number];

export const qualitySwitches: CounterMetric<Stream & { switch: SwitchDirection }> = counter({
  name: 'moq_client_quality_switches_total',
  unit: '{switch}',
  description: 'Changes of the rendition; the first selection is none',
  labels: { ...stream, switch: switchDirections },
});

export const bitrate: HistogramMetric<Stream & { track_type: TrackType }> = histogram({
  name: 'moq_client_bitrate_bits_per_second',
  unit: 'bits/s',
  description: 'Media bits received in the last second',
  labels: { ...stream, track_type: trackTypes },
  buckets: [64e3, 128e3, 256e3, 500e3, 1e6, 2e6, 4e6, 6e6, 8e6, 12e6, 20e6, 50e6],
});

export const mediaReceivedBytes: CounterMetric<Stream & { track_type: TrackType }> = counter({
  name: 'moq_client_media_received_bytes_total',
  unit: 'By',
  description: 'Payload bytes of media received',
  labels: { ...stream, track_type: trackTypes },
});

export const framesDecoded: CounterMetric<Stream> = counter({
  name: 'moq_client_frames_decoded_total',
  unit: '{frame}',
  description: 'Video frames decoded',
  labels: stream,
});

export const frameDropReasons = ['decode_error', 'late', 'backlog'] as const;
export type FrameDropReason = (typeof frameDropReasons)[number];

export const framesDropped: CounterMetric<Stream & { reason: FrameDropReason }> = counter({
  name: 'moq_client_frames_dropped_total',
  unit: '{frame}',
  description: 'Video frames received and not shown',
  labels: { ...stream, reason: frameDropReasons },
});

export const decodeTime: HistogramMetric<{ codec: string }> = histogram({
  name: 'moq_client_decode_time_seconds',
  unit: 's',
  description: 'Submit to output of one frame at the decoder, by codec family',
  labels: { codec },
  buckets: [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.033, 0.066, 0.133],
});

export const keyframeInterval: HistogramMetric<Stream> = histogram({
  name: 'moq_client_keyframe_interval_seconds',
  unit: 's',
  description: 'Media time between two keyframes',
  labels: stream,
  buckets: [0.25, 0.5, 1, 2, 3, 4, 5, 10],
});

// Network

export const rtt: HistogramMetric<{ transport: Transport }> = histogram({
  name: 'moq_client_rtt_seconds',
  unit: 's',
  description: 'Round-trip time to the relay, by its probe or by the transport',
  labels: { transport: transports },
  buckets: [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 5],
});

export const connectionResults = ['ok', 'failed', 'fallback'] as const;
export type ConnectionResult = (typeof connectionResults)[number];

export const connections: CounterMetric<{ transport: Transport; result: ConnectionResult }> = counter({
  name: 'moq_client_connections_total',
  unit: '{connection}',
  description: 'Connections tried, and how that went',
  labels: { transport: transports, result: connectionResults },
});
