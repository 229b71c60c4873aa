/** The first thing to look at: what is live, who watches, and how well it plays for them. */
import { relay } from '@moq-observability/moq-metrics';
import { type Dashboard, dashboard, type Row } from '../model/dashboard.ts';
import type { Line } from '../model/observable.ts';
import { max, sum } from '../query/aggregate.ts';
import { ratio, times } from '../query/arithmetic.ts';
import { quantileOf } from '../query/histogram.ts';
import { noneOf } from '../query/match.ts';
import type { Query } from '../query/query.ts';
import { firingAlerts, select } from '../query/select.ts';
import { streamHealth, systemHealth } from '../rules/health.ts';
import {
  namespaceLatencyBuckets,
  streamLatencyMean,
  streamLatencyP50,
  streamLatencyP95,
  streamLatencyP99,
} from '../rules/latency.ts';
import { byStream } from '../rules/levels.ts';
import {
  namespaceBufferBuckets,
  streamRebufferRatio,
  streamStalling,
  streamStalls,
  streamSwitches,
  streamWatching,
} from '../rules/playing.ts';
import { namespaceStartupBuckets, streamAttempts, streamOutcomes } from '../rules/startup.ts';
import { streamBandwidthIn, streamBandwidthOut, streamMedia, streamViewers } from '../rules/traffic.ts';
import {
  bands,
  broadcastVariable,
  chosen,
  chosenOf,
  dial,
  distribution,
  greatest,
  heatmap,
  namespaceVariable,
  ofRelays,
  ofStreams,
  relayVariable,
  spread,
  stacked,
  stat,
  table,
  timeseries,
} from './panels.ts';

const everywhere = { ...ofStreams, ...ofRelays } as const;
const inNamespaces = { namespace: chosen('namespace') } as const;

const watching = sum(chosenOf(streamWatching));
const rebuffering = ratio(sum(chosenOf(streamStalling)), watching);
const starting = sum(chosenOf(streamAttempts));
const failing = ratio(sum(select(streamOutcomes, { ...ofStreams, outcome: 'failed' })), starting);

const overview: Row = {
  title: 'Overview',
  panels: [
    stat({
      name: 'active-streams',
      title: 'Streams',
      description: 'Broadcasts whose publishers are connected to the chosen relays now.',
      unit: 'count',
      lines: [
        {
          query: sum(select(relay.activeStreams, { ...inNamespaces, ...ofRelays })),
          legend: 'streams',
        },
      ],
      thresholds: { worse: 'below', warning: 1 },
      watched: {
        alerts: ['NoActiveStreams', 'ExpectedStreamMissing'],
        nextSteps:
          'None, and some should be: look whether relays are up on MoQ Relay, then whether publishers were refused.',
      },
    }),
    stat({
      name: 'viewers',
      title: 'Viewers',
      description:
        'Sessions with at least one open video or audio subscription, counted by the relays, whatever player they use.',
      unit: 'count',
      lines: [{ query: sum(select(relay.activeSubscribers, everywhere)), legend: 'viewers' }],
      watched: { noAlert: 'How many watch is not bad or good by itself.' },
    }),
    dial({
      name: 'system-health',
      title: 'System health',
      description:
        'Part of the relays and collectors that can be scraped, times part of the streams for which no alert fires. 100 % is well.',
      unit: 'ratio',
      lines: [{ query: select(systemHealth), legend: 'health' }],
      thresholds: { worse: 'below', warning: 0.99, critical: 0.8 },
      watched: {
        alerts: ['RelayDown', 'CollectorDown'],
        nextSteps: 'The list of firing alerts below says what is wrong; each leads to its runbook.',
      },
    }),
    stat({
      name: 'rebuffer-ratio-now',
      title: 'Time stalled',
      description:
        'Part of the time viewers spent watching in the last five minutes in which the picture stood still.',
      unit: 'ratio',
      lines: [{ query: rebuffering, legend: 'stalled' }],
      thresholds: { worse: 'above', warning: 0.01, critical: 0.05 },
      watched: {
        alerts: ['HighRebufferRate', 'HighRebufferRateLowTraffic', 'StallBudgetBurnFast'],
        nextSteps:
          'Sort the table of streams by it. One stream: its publisher. All of them: relay or network, on MoQ Relay.',
      },
    }),
    stat({
      name: 'latency-p95-now',
      title: 'Latency p95',
      description:
        'Capture to render: 95 % of the samples of the last five minutes are below. Publishers that stamp no wall clock have none.',
      unit: 's',
      lines: [
        {
          query: quantileOf(0.95, sum(select(namespaceLatencyBuckets, inNamespaces), ['le'])),
          legend: 'p95',
        },
      ],
      thresholds: { worse: 'above', warning: 0.5, critical: 2 },
      watched: {
        alerts: ['HighClientLatency', 'LatencyBudgetBurnFast'],
        nextSteps:
          'The row Latency shows which streams; the delivery latency on MoQ Relay, whether it is the relay.',
      },
    }),
    stat({
      name: 'start-failures-now',
      title: 'Failed starts',
      description:
        'Part of the play intents of the last five minutes that ended with an error before the first frame. Viewers who left within a second are not counted.',
      unit: 'ratio',
      lines: [{ query: failing, legend: 'failed' }],
      thresholds: { worse: 'above', warning: 0.02, critical: 0.1 },
      watched: {
        alerts: ['HighStartupFailureRate'],
        nextSteps: 'MoQ Debug shows by what error they fail, and the trace of each.',
      },
    }),
    timeseries({
      name: 'viewers-over-time',
      title: 'Viewers by stream',
      description:
        'The ten streams with the most viewers. A drop of all at once is a relay, of one its publisher.',
      unit: 'count',
      lines: [{ query: greatest(10, chosenOf(streamViewers)), legend: '{{broadcast}}' }],
      watched: { noAlert: 'How many watch is not bad or good by itself.' },
    }),
    timeseries(
      {
        name: 'bandwidth',
        title: 'Bandwidth in and out',
        description:
          'Payload received from publishers, and sent to viewers and relays further down, by the chosen relays. What goes over the wire is on MoQ Relay.',
        unit: 'bits/s',
        lines: [
          { query: sum(select(streamBandwidthIn, everywhere)), legend: 'in, from publishers' },
          { query: sum(select(streamBandwidthOut, everywhere)), legend: 'out, to viewers' },
        ],
        watched: { noAlert: 'A link that is full shows as lost packets and stalls, which have alerts.' },
      },
      { points: 100 },
    ),
    table(
      {
        name: 'firing-alerts',
        title: 'Firing alerts',
        description: 'Everything that fires now. The name leads to the runbook.',
        unit: 'count',
        lines: [
          {
            query: max(firingAlerts({ severity: noneOf('none') }), [
              'alertname',
              'severity',
              'namespace',
              'broadcast',
            ]),
            legend: 'firing',
            labelColumns: {},
          },
        ],
        watched: { noAlert: 'These are the alerts.' },
        emptyWhenHealthy: 'No alert fires.',
      },
      {
        key: { alertname: 'Alert', severity: 'Severity', broadcast: 'Stream', namespace: 'Namespace' },
        links: [
          { title: 'Runbook', runbookOf: 'alertname' },
          { title: 'Only this stream', to: 'moq-pipeline', variables: { broadcast: 'broadcast' } },
          { title: 'Logs and traces of the stream', to: 'moq-debug', variables: { broadcast: 'broadcast' } },
        ],
      },
      { width: 8 },
    ),
  ],
};

const streams: Row = {
  title: 'Streams',
  panels: [
    table(
      {
        name: 'streams',
        title: 'Streams',
        description:
          'One line a stream, the worst first. A click on its name shows only that stream, or its logs, traces and details.',
        unit: 'count',
        lines: [
          {
            query: max(chosenOf(streamHealth), byStream),
            legend: 'Health',
            unit: 'health',
            thresholds: { worse: 'above', warning: 1, critical: 2 },
          },
          { query: sum(select(relay.activeSubscribers, everywhere), byStream), legend: 'Viewers' },
          { query: sum(select(streamBandwidthIn, everywhere), byStream), legend: 'In', unit: 'bits/s' },
          { query: sum(select(streamBandwidthOut, everywhere), byStream), legend: 'Out', unit: 'bits/s' },
          { query: max(chosenOf(streamLatencyMean), byStream), legend: 'Latency, mean', unit: 's' },
          {
            query: max(chosenOf(streamLatencyP95), byStream),
            legend: 'Latency, p95',
            unit: 's',
            thresholds: { worse: 'above', warning: 0.5, critical: 2 },
          },
          {
            query: max(chosenOf(streamRebufferRatio), byStream),
            legend: 'Stalled',
            unit: 'ratio',
            thresholds: { worse: 'above', warning: 0.01, critical: 0.05 },
          },
          {
            query: max(chosenOf(streamMedia), [...byStream, 'video_codec', 'resolution', 'audio_codec']),
            legend: 'Media',
            labelColumns: { video_codec: 'Video', resolution: 'Resolution', audio_codec: 'Audio' },
          },
        ],
        watched: {
          alerts: ['PublisherStalled', 'StreamRelayDown', 'HighClientLatency', 'HighRebufferRate'],
          nextSteps:
            'Health is that of the worst alert that fires for the stream; the list of firing alerts says which it is.',
        },
      },
      {
        key: { broadcast: 'Stream', namespace: 'Namespace' },
        links: [
          {
            title: 'Only this stream',
            to: 'moq-pipeline',
            variables: { namespace: 'namespace', broadcast: 'broadcast' },
          },
          { title: 'Logs, traces and details', to: 'moq-debug', variables: { broadcast: 'broadcast' } },
        ],
        sort: { column: 'Health', greatestFirst: true },
      },
      { height: 10 },
    ),
  ],
};

const buffers = (track_type: 'audio' | 'video'): Query<'le'> =>
  spread((le) => select(namespaceBufferBuckets, { ...inNamespaces, track_type, ...(le && { le }) }));

const health: Row = {
  title: 'Client health',
  panels: [
    distribution({
      name: 'startup-time',
      title: 'Startup time',
      description:
        'Play intent to first frame: the part of the starts in each bucket, over the time shown, for the chosen namespaces. Most should be below one second.',
      unit: 'ratio',
      lines: [
        {
          query: spread((le) => select(namespaceStartupBuckets, { ...inNamespaces, ...(le && { le }) })),
          legend: '{{le}}',
        },
      ],
      watched: {
        alerts: ['SlowStartup'],
        nextSteps:
          'MoQ Debug shows which phase takes the time: connect, announce, catalog, subscribe or first frame.',
      },
    }),
    distribution({
      name: 'video-buffer',
      title: 'Video buffer',
      description:
        'Video ahead of the playhead, once a second while playing: the part of the samples in each bucket, for the chosen namespaces. Players aim at a tenth of a second or two; samples at 0 are stalls in the making.',
      unit: 'ratio',
      lines: [{ query: buffers('video'), legend: '{{le}}' }],
      watched: { noAlert: 'An empty buffer is not bad until it stalls, which has an alert.' },
    }),
    distribution({
      name: 'audio-buffer',
      title: 'Audio buffer',
      description: 'Audio ahead of the playhead, as with video.',
      unit: 'ratio',
      lines: [{ query: buffers('audio'), legend: '{{le}}' }],
      watched: { noAlert: 'An empty buffer is not bad until it stalls, which has an alert.' },
      emptyWhenHealthy: 'Streams without audio have none.',
    }),
    timeseries({
      name: 'rebuffer-ratio',
      title: 'Time stalled',
      description: 'Part of the watched time that was stalled: of all chosen streams, and of the ten worst.',
      unit: 'ratio',
      lines: [
        { query: rebuffering, legend: 'all' },
        { query: greatest(10, chosenOf(streamRebufferRatio)), legend: '{{broadcast}}' },
      ],
      thresholds: { worse: 'above', warning: 0.01, critical: 0.05 },
      watched: {
        alerts: ['HighRebufferRate', 'HighRebufferRateLowTraffic'],
        nextSteps:
          'All streams rise together: relay or network. One does: its publisher. Its runbook goes on from here.',
      },
    }),
    timeseries({
      name: 'stalls-per-hour',
      title: 'Stalls per viewer hour',
      description:
        'How often the picture stands still in an hour that is watched. Beyond two or three, viewers leave.',
      unit: 'per_hour',
      lines: [{ query: times(ratio(sum(chosenOf(streamStalls)), watching), 3600), legend: 'stalls' }],
      thresholds: { worse: 'above', warning: 3, critical: 12 },
      watched: {
        noAlert:
          'The part of the time that is stalled says the same, and weighs long stalls as what they are.',
        nextSteps: 'Many short stalls are jitter: a longer buffer in the player. Few long ones are outages.',
      },
    }),
    stacked({
      name: 'quality-switches',
      title: 'Quality switches',
      description:
        'Changes of the rendition, by direction. Down and up in turns is a ladder whose steps are too far apart.',
      unit: 'per_second',
      lines: [{ query: sum(chosenOf(streamSwitches), ['switch']), legend: '{{switch}}' }],
      watched: { noAlert: 'A switch down is the player doing its work.' },
    }),
    stacked({
      name: 'play-outcomes',
      title: 'How starts end',
      description:
        'Play intents by how they ended: started; failed by an error; exited, when the viewer left before the first frame.',
      unit: 'per_second',
      lines: [{ query: sum(chosenOf(streamOutcomes), ['outcome']), legend: '{{outcome}}' }],
      watched: {
        alerts: ['HighStartupFailureRate', 'SlowStartup'],
        nextSteps: 'Failures: by what error, on MoQ Debug. Exits: startup takes too long.',
      },
    }),
    timeseries({
      name: 'startup-p95',
      title: 'Startup time, p50 and p95',
      description: 'Play intent to first frame, for the chosen namespaces. A good p95 is below two seconds.',
      unit: 's',
      lines: [0.5, 0.95].map((q) => ({
        query: quantileOf(q, sum(select(namespaceStartupBuckets, inNamespaces), ['le'])),
        legend: `p${q * 100}`,
      })),
      thresholds: { worse: 'above', warning: 2, critical: 3 },
      watched: {
        alerts: ['SlowStartup'],
        nextSteps: 'MoQ Debug shows which phase takes the time, with the traces of single starts.',
      },
    }),
    timeseries({
      name: 'watching',
      title: 'Watching and standing still',
      description:
        'How many viewers play, on average over five minutes, and how many of them stand still, by what players report.',
      unit: 'count',
      lines: [
        { query: watching, legend: 'watching' },
        { query: sum(chosenOf(streamStalling)), legend: 'stalled' },
      ],
      watched: {
        alerts: ['TelemetryMissing'],
        nextSteps:
          'Many fewer than viewers: players that do not report. MoQ Telemetry shows whether reports arrive.',
      },
    }),
  ],
};

/** The percentiles of the streams that are worst: of one stream when one is chosen. */
const percentiles: readonly Line[] = (
  [
    ['p50', streamLatencyP50],
    ['p95', streamLatencyP95],
    ['p99', streamLatencyP99],
  ] as const
).map(([name, recorded]) => ({
  query: greatest(5, chosenOf(recorded), chosenOf(streamLatencyP95)),
  legend: `{{broadcast}} ${name}`,
}));

const latency: Row = {
  title: 'Latency',
  panels: [
    timeseries({
      name: 'latency-percentiles',
      title: 'Latency p50, p95, p99',
      description:
        'Capture to render of all samples of the chosen namespaces. 95 % within half a second is promised.',
      unit: 's',
      lines: [0.5, 0.95, 0.99].map((q) => ({
        query: quantileOf(q, sum(select(namespaceLatencyBuckets, inNamespaces), ['le'])),
        legend: `p${q * 100}`,
      })),
      thresholds: { worse: 'above', warning: 0.5, critical: 2 },
      watched: {
        alerts: ['HighClientLatency', 'LatencyBudgetBurnFast', 'LatencyBudgetBurnSlow'],
        nextSteps:
          'p50 rises too: everybody is late, so publisher or relay. Only p99: some viewers’ networks. MoQ Audience tells which.',
      },
    }),
    timeseries({
      name: 'latency-by-stream',
      title: 'Latency by stream',
      description:
        'p50, p95 and p99 of the five streams whose p95 is highest; choose one stream to see only it.',
      unit: 's',
      lines: percentiles,
      thresholds: { worse: 'above', warning: 0.5, critical: 2 },
      watched: {
        alerts: ['HighClientLatency'],
        nextSteps: 'One stream: compare with its publisher’s clock and keyframes on MoQ Debug.',
      },
    }),
    heatmap({
      name: 'latency-heatmap',
      title: 'How latency is spread',
      description:
        'Samples of the chosen namespaces by latency, over time; of one stream on MoQ Debug. Two bands are two kinds of viewers; one that climbs is a queue.',
      unit: 's',
      lines: [{ query: sum(select(namespaceLatencyBuckets, inNamespaces), ['le']), legend: '{{le}}' }],
      watched: { noAlert: 'The percentiles have alerts.' },
    }),
    bands(
      {
        name: 'latency-bands',
        title: 'Latency by stream over time',
        description:
          'p95 of the twenty streams where it is highest: green is good, red is behind the live edge.',
        unit: 's',
        lines: [{ query: greatest(20, chosenOf(streamLatencyP95)), legend: '{{broadcast}}' }],
        thresholds: { worse: 'above', warning: 0.5, critical: 2 },
        watched: {
          alerts: ['HighClientLatency'],
          nextSteps: 'The same moment in many streams is what they share: relay, network or collector.',
        },
      },
      { width: 24 },
    ),
  ],
};

export const pipeline: Dashboard = dashboard({
  uid: 'moq-pipeline',
  title: 'MoQ Pipeline',
  description: 'What is live, who watches, and how well it plays for them.',
  variables: [namespaceVariable, broadcastVariable, relayVariable],
  rows: [overview, streams, health, latency],
  range: '1h',
  refresh: '10s',
});
