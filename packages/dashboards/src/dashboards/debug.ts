/** From a number to the session behind it: logs, traces, and what players of a stream measure in detail. */
import { client, logFields, spans } from '@moq-observability/moq-metrics';
import { type Dashboard, dashboard, type Row, type TracePanel } from '../model/dashboard.ts';
import { ratio, times } from '../query/arithmetic.ts';
import { buckets, mean, quantile } from '../query/histogram.ts';
import { logLines, type LogFilter, services, tracesOf } from '../query/logs.ts';
import { rate } from '../query/rate.ts';
import { select } from '../query/select.ts';
import { streamOutcomes } from '../rules/startup.ts';
import { sum } from '../query/aggregate.ts';
import { chosen, heatmap, oneStreamVariable, stacked, timeseries } from './panels.ts';

/** The stream the viewer chose. */
const ofStream = { broadcast: chosen('broadcast') } as const;

const ofSession: readonly LogFilter[] = [
  { field: logFields.traceId, variable: 'trace_id' },
  { field: logFields.session, variable: 'session' },
];

const logs: Row = {
  title: 'Logs',
  panels: [
    {
      kind: 'text',
      name: 'how-to',
      title: 'How to find a session',
      description: 'What the fields above are for.',
      width: 24,
      height: 4,
      text: [
        '**A viewer complains:** ask for the session id their player shows, type it into *Session*. **A chart looks odd:** click one of the marks in it; they are examples, and lead to their trace. **A trace or a log line:** each leads to the other.',
        '',
        'Without anything typed, everything of the chosen stream is shown. The beginning of an id is enough.',
      ].join('\n'),
    },
    {
      kind: 'logs',
      name: 'session-logs',
      title: 'Log lines of the trace or session',
      description:
        'Of relay, player, collector and exporter, whose trace id and session begin with what was typed above. Each line leads to its trace.',
      width: 24,
      height: 12,
      query: logLines(services, ...ofSession),
    },
  ],
};

function search(
  name: string,
  title: string,
  description: string,
  span: typeof spans.playbackStartup,
): TracePanel {
  return {
    kind: 'traces',
    name,
    title,
    description,
    width: 12,
    height: 9,
    show: { what: 'search', query: tracesOf(span, 'session') },
  };
}

const traces: Row = {
  title: 'Traces',
  panels: [
    search(
      'starts',
      'Starts',
      'Playbacks that began, with how long that took: play intent to first frame, in player and relay. The session typed above narrows it.',
      spans.playbackStartup,
    ),
    search(
      'stalls',
      'Stalls',
      'Times in which the picture stood still. Each is linked to the start of its session.',
      spans.playbackStall,
    ),
    {
      kind: 'traces',
      name: 'trace',
      title: 'The trace',
      description:
        'All spans of the trace typed above, from the page to the relay; each leads to its log lines.',
      width: 24,
      height: 14,
      show: { what: 'trace', variable: 'trace_id' },
    },
  ],
};

const session: Row = {
  title: 'One session',
  panels: [
    {
      kind: 'logs',
      name: 'player-events',
      title: 'What the player went through',
      description: 'Its events in order: intent, start, stalls, switches, lost connections, end.',
      width: 12,
      height: 10,
      query: logLines(['moq-player'], ...ofSession),
    },
    {
      kind: 'logs',
      name: 'relay-lines',
      title: 'What the relay says of it',
      description: 'Lines of the relay that carry the same session or trace.',
      width: 12,
      height: 10,
      query: logLines(['moq-relay'], ...ofSession),
    },
  ],
};

const starting: Row = {
  title: 'Starts in detail',
  panels: [
    timeseries({
      name: 'startup-phases',
      title: 'Startup by phase, p95',
      description:
        'Which phase takes the time, over all streams: connect, announce, catalog, subscribe, first frame. Marks are examples with their trace.',
      unit: 's',
      lines: [
        {
          query: quantile(0.95, client.startupPhase, { by: ['phase'] }),
          legend: '{{phase}}',
          exemplars: true,
        },
      ],
      watched: {
        alerts: ['SlowStartup'],
        nextSteps:
          '`connect`: network. `announce`, `catalog`: relay or publisher. `subscribe`: relay or its upstream. `first_frame`: keyframes too far apart, or slow decoders.',
      },
    }),
    timeseries({
      name: 'startup',
      title: 'Startup time',
      description: 'Play intent to first frame, of the chosen stream. Marks are examples with their trace.',
      unit: 's',
      lines: [0.5, 0.95].map((q) => ({
        query: quantile(q, client.startupTime, { where: ofStream }),
        legend: `p${q * 100}`,
        exemplars: q === 0.95,
      })),
      thresholds: { worse: 'above', warning: 2, critical: 3 },
      watched: {
        alerts: ['SlowStartup'],
        nextSteps: 'Open one of the slow examples: its spans show the phase.',
      },
    }),
    timeseries({
      name: 'attempts',
      title: 'Play intents and how they ended',
      description: 'What players were asked for, and what came of it.',
      unit: 'per_second',
      lines: [
        { query: rate(client.playAttempts, { where: ofStream }), legend: 'intents' },
        { query: sum(select(streamOutcomes, ofStream), ['outcome']), legend: '{{outcome}}' },
      ],
      watched: {
        alerts: ['HighStartupFailureRate'],
        nextSteps: 'More intents than outcomes: players that went away without a word.',
      },
    }),
    stacked({
      name: 'failures',
      title: 'Fatal errors',
      description: 'Errors that ended playback, before the first frame or after it, by what failed.',
      unit: 'per_second',
      lines: [
        { query: rate(client.playbackFailures, { by: ['error'], where: ofStream }), legend: '{{error}}' },
      ],
      watched: {
        alerts: ['HighStartupFailureRate'],
        nextSteps:
          '`not_found`: the publisher. `auth`: tokens. `connect`: relay or network. `decode`: codec or device.',
      },
      emptyWhenHealthy: 'No playback failed yet.',
    }),
    stacked({
      name: 'sessions-by-state',
      title: 'Players by state',
      description: 'Loading, playing, stalled, paused: by their heartbeats.',
      unit: 'count',
      lines: [{ query: sum(select(client.activeSessions, ofStream), ['state']), legend: '{{state}}' }],
      watched: { noAlert: 'Stalls and failed starts have alerts.' },
    }),
    timeseries({
      name: 'keyframe-interval',
      title: 'Keyframe interval, p95',
      description:
        'Media time between two keyframes. One to two seconds is good: joining and recovering wait for one.',
      unit: 's',
      lines: [
        {
          query: quantile(0.95, client.keyframeInterval, { by: ['broadcast'], where: ofStream }),
          legend: '{{broadcast}}',
        },
      ],
      thresholds: { worse: 'above', warning: 4 },
      watched: { alerts: ['SlowStartup'], nextSteps: 'It is set in the encoder of the publisher.' },
      emptyWhenHealthy: 'Only players whose decoders are watched tell it.',
    }),
  ],
};

const stalled = rate(client.stalledSeconds, { by: ['broadcast'], where: ofStream });
const watched = rate(client.watchedSeconds, { by: ['broadcast'], where: ofStream });

const playing: Row = {
  title: 'Playing in detail',
  panels: [
    timeseries({
      name: 'latency',
      title: 'Latency',
      description:
        'Capture to render of the chosen stream, at full resolution. Marks are examples with their trace.',
      unit: 's',
      lines: [0.5, 0.95, 0.99].map((q) => ({
        query: quantile(q, client.latency, { where: ofStream }),
        legend: `p${q * 100}`,
        exemplars: q === 0.95,
      })),
      thresholds: { worse: 'above', warning: 0.5, critical: 2 },
      watched: {
        alerts: ['HighClientLatency'],
        nextSteps:
          'Open one of the slow examples, and look at its session beside the delivery latency of the relay.',
      },
    }),
    heatmap({
      name: 'latency-heatmap',
      title: 'How latency is spread',
      description:
        'Samples by latency, over time. Two bands are two kinds of viewers; one that climbs is a queue.',
      unit: 's',
      lines: [{ query: buckets(client.latency, { where: ofStream }), legend: '{{le}}' }],
      watched: { noAlert: 'The percentiles have alerts.' },
    }),
    heatmap({
      name: 'buffer',
      title: 'Buffers',
      description: 'Media ahead of the playhead, once a second, of the chosen stream.',
      unit: 's',
      lines: [{ query: buckets(client.bufferLength, { where: ofStream }), legend: '{{le}}' }],
      watched: { noAlert: 'An empty buffer is not bad until it stalls, which has an alert.' },
    }),
    timeseries({
      name: 'stall-ratio',
      title: 'Time stalled',
      description: 'Part of the watched time in which the picture stood still, by stream.',
      unit: 'ratio',
      lines: [{ query: ratio(stalled, watched), legend: '{{broadcast}}' }],
      thresholds: { worse: 'above', warning: 0.01, critical: 0.05 },
      watched: {
        alerts: ['HighRebufferRate'],
        nextSteps: 'The traces of single stalls are in the row above.',
      },
    }),
    timeseries({
      name: 'stall-length',
      title: 'Length of stalls',
      description: 'Observed at the end of each. Short ones are jitter, long ones outages.',
      unit: 's',
      lines: [0.5, 0.95].map((q) => ({
        query: quantile(q, client.rebufferDuration, { where: ofStream }),
        legend: `p${q * 100}`,
        exemplars: q === 0.95,
      })),
      watched: {
        alerts: ['HighRebufferRate'],
        nextSteps: 'Jitter: a longer buffer. Outages: the network, or the relay.',
      },
      emptyWhenHealthy: 'Without stalls there is nothing to measure.',
    }),
    timeseries({
      name: 'stalls-a-minute',
      title: 'Stalls a minute',
      description: 'How many begin, by stream.',
      unit: 'count',
      lines: [
        {
          query: times(rate(client.rebufferCount, { by: ['broadcast'], where: ofStream }), 60),
          legend: '{{broadcast}}',
        },
      ],
      watched: { noAlert: 'It grows with the audience; the part of the time that is stalled has the alert.' },
    }),
    timeseries({
      name: 'av-sync',
      title: 'Sound and picture apart, p95',
      description: 'Distance of the two playheads, by which is ahead. Below 40 ms nobody notices.',
      unit: 's',
      lines: [
        {
          query: quantile(0.95, client.avSyncDrift, { by: ['ahead'], where: ofStream }),
          legend: '{{ahead}} ahead',
        },
      ],
      thresholds: { worse: 'above', warning: 0.08, critical: 0.2 },
      watched: {
        noAlert: 'It is rarely the network: publishers and devices, one at a time.',
        nextSteps: 'Every viewer of a stream: its publisher stamps the two differently.',
      },
      emptyWhenHealthy: 'Streams with only sound or only picture have none.',
    }),
    timeseries({
      name: 'bitrate',
      title: 'Bitrate received, mean',
      description: 'Media bits a second that players receive, by type of track.',
      unit: 'bits/s',
      lines: [
        { query: mean(client.bitrate, { by: ['track_type'], where: ofStream }), legend: '{{track_type}}' },
      ],
      watched: { noAlert: 'What matters is whether it plays.' },
    }),
    timeseries({
      name: 'media-received',
      title: 'Media received',
      description: 'Payload all players of the chosen stream receive. Compare with what relays send.',
      unit: 'By/s',
      lines: [
        {
          query: rate(client.mediaReceivedBytes, { by: ['track_type'], where: ofStream }),
          legend: '{{track_type}}',
        },
      ],
      watched: { noAlert: 'Compare it with what relays send; it is not judged by itself.' },
    }),
    stacked({
      name: 'frames',
      title: 'Frames decoded',
      description: 'Video frames a second, of all players of the chosen stream.',
      unit: 'per_second',
      lines: [{ query: rate(client.framesDecoded, { where: ofStream }), legend: 'decoded' }],
      watched: { noAlert: 'It follows the audience.' },
    }),
    stacked({
      name: 'frames-dropped',
      title: 'Frames not shown',
      description:
        'By reason. `late` and `backlog` at a decent network are slow devices; `decode_error` broken media.',
      unit: 'per_second',
      lines: [
        { query: rate(client.framesDropped, { by: ['reason'], where: ofStream }), legend: '{{reason}}' },
      ],
      watched: {
        noAlert: 'When it is bad the picture stands still, which has an alert.',
        nextSteps: 'Slow devices: a lower rendition for them. Broken media: the encoder.',
      },
      emptyWhenHealthy: 'A player that drops none reports none.',
    }),
    timeseries({
      name: 'decode-time',
      title: 'Time to decode a frame, p95',
      description: 'By codec family, over all streams. It must stay below the time between two frames.',
      unit: 's',
      lines: [{ query: quantile(0.95, client.decodeTime, { by: ['codec'] }), legend: '{{codec}}' }],
      thresholds: { worse: 'above', warning: 0.016, critical: 0.033 },
      watched: {
        noAlert: 'Devices differ; those that cannot keep up drop frames and stall.',
        nextSteps: 'A codec that devices decode in hardware.',
      },
      emptyWhenHealthy: 'Only players whose decoders are watched tell it.',
    }),
    stacked({
      name: 'quality-switches',
      title: 'Quality switches',
      description: 'Changes of the rendition, by direction.',
      unit: 'per_second',
      lines: [
        { query: rate(client.qualitySwitches, { by: ['switch'], where: ofStream }), legend: '{{switch}}' },
      ],
      watched: { noAlert: 'A switch down is the player doing its work.' },
    }),
  ],
};

const map: Row = {
  title: 'Who calls whom',
  folded: true,
  panels: [
    {
      kind: 'traces',
      name: 'service-map',
      title: 'Services',
      description: 'Players, relays and collectors as their traces tell of them, with rates and errors.',
      width: 24,
      height: 12,
      show: { what: 'services' },
    },
  ],
};

export const debug: Dashboard = dashboard({
  uid: 'moq-debug',
  title: 'MoQ Debug',
  description: 'From a number to the session behind it: logs, traces, and what players measure in detail.',
  variables: [
    oneStreamVariable,
    { kind: 'text', name: 'trace_id', title: 'Trace' },
    { kind: 'text', name: 'session', title: 'Session' },
  ],
  rows: [logs, traces, session, starting, playing, map],
  range: '1h',
  refresh: '30s',
});
