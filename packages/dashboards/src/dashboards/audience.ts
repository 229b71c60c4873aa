/** The same facts by who watches: browser, device, region and transport. */
import { audience as audienceMetrics, client } from '@moq-observability/moq-metrics';
import { type Dashboard, dashboard, type Row } from '../model/dashboard.ts';
import type { ValuesVariable } from '../model/variable.ts';
import { max, sum } from '../query/aggregate.ts';
import { ratio } from '../query/arithmetic.ts';
import { buckets, quantile, quantileOf } from '../query/histogram.ts';
import { rate } from '../query/rate.ts';
import type { Query } from '../query/query.ts';
import { select } from '../query/select.ts';
import {
  audienceAttempts,
  audienceLatencyBuckets,
  audienceLatencyP50,
  audienceLatencyP95,
  audienceLatencyP99,
  audienceStalling,
  audienceStartupBuckets,
  audienceStartupP95,
  audienceWatching,
} from '../rules/audience.ts';
import { chosen, heatmap, stacked, stat, table, timeseries } from './panels.ts';

const dimensions = ['browser', 'device', 'region', 'transport'] as const;
type Dimension = (typeof dimensions)[number];

const titles: Readonly<Record<Dimension, string>> = {
  browser: 'Browser',
  device: 'Device',
  region: 'Region',
  transport: 'Transport',
};

const variables: readonly ValuesVariable[] = dimensions.map((name) => ({
  kind: 'values',
  name,
  title: titles[name],
  of: select(audienceMetrics.watchedSeconds),
  label: name,
  many: true,
}));

const ofAudience = {
  browser: chosen('browser'),
  device: chosen('device'),
  region: chosen('region'),
  transport: chosen('transport'),
} as const;
const byClient = ['browser', 'transport'] as const;
const ofClients = { browser: chosen('browser'), transport: chosen('transport') } as const;

/** All that can be chosen together is many series: over a day twenty minutes between two points are enough. */
const QUARTER = { width: 6, points: 72 } as const;

const watching = select(audienceWatching, ofAudience);
const stalling = select(audienceStalling, ofAudience);

function stalledBy(by: readonly Dimension[]): Query<Dimension> {
  return ratio(sum(stalling, by), sum(watching, by));
}

const overview: Row = {
  title: 'Overview',
  panels: [
    stat({
      name: 'watching-now',
      title: 'Watching',
      description: 'How many play on average over the last five minutes, by what players report.',
      unit: 'count',
      lines: [{ query: sum(watching), legend: 'watching' }],
      watched: { noAlert: 'How many watch is not bad or good by itself.' },
    }),
    stat({
      name: 'attempts-now',
      title: 'Play intents',
      description: 'Play intents a second.',
      unit: 'per_second',
      lines: [{ query: sum(select(audienceAttempts, ofAudience)), legend: 'intents' }],
      watched: { noAlert: 'It follows the audience.' },
    }),
    stat({
      name: 'stalled-now',
      title: 'Time stalled',
      description: 'Part of the watched time in which the picture stood still, of the chosen audience.',
      unit: 'ratio',
      lines: [{ query: ratio(sum(stalling), sum(watching)), legend: 'stalled' }],
      thresholds: { worse: 'above', warning: 0.01, critical: 0.05 },
      watched: {
        alerts: ['HighRebufferRate', 'StallBudgetBurnFast'],
        nextSteps: 'Find the browser, device, region or transport that stands out below.',
      },
    }),
    stat({
      name: 'startup-now',
      title: 'Startup p95',
      description: 'Play intent to first frame, of the chosen browsers and transports.',
      unit: 's',
      lines: [
        {
          query: quantileOf(0.95, sum(select(audienceStartupBuckets, ofClients), ['le'])),
          legend: 'p95',
        },
      ],
      thresholds: { worse: 'above', warning: 2, critical: 3 },
      watched: {
        alerts: ['SlowStartup'],
        nextSteps: 'One browser: its decoder or transport. All: MoQ Pipeline.',
      },
      emptyWhenHealthy: 'While nobody starts there is nothing to measure.',
    }),
    stat({
      name: 'latency-now',
      title: 'Latency p95',
      description: 'Capture to render, of the chosen browsers and transports.',
      unit: 's',
      lines: [
        {
          query: quantileOf(0.95, sum(select(audienceLatencyBuckets, ofClients), ['le'])),
          legend: 'p95',
        },
      ],
      thresholds: { worse: 'above', warning: 0.5, critical: 2 },
      watched: {
        alerts: ['HighClientLatency'],
        nextSteps: 'One transport: networks that block UDP. All: MoQ Pipeline.',
      },
    }),
    stat({
      name: 'rtt-now',
      title: 'Round trip p95',
      description: 'Player to relay and back.',
      unit: 's',
      lines: [{ query: quantile(0.95, client.rtt), legend: 'p95' }],
      thresholds: { worse: 'above', warning: 0.15, critical: 0.5 },
      watched: {
        noAlert: 'Distance cannot be helped by whoever is on call; its effects have alerts.',
        nextSteps: 'Far viewers in numbers are a reason for a relay closer to them.',
      },
      emptyWhenHealthy: 'Only players whose transport or relay tells it have it.',
    }),
  ],
};

const who: Row = {
  title: 'Who watches',
  panels: dimensions.map((by) =>
    stacked(
      {
        name: `watching-by-${by}`,
        title: `Watching by ${by}`,
        description: `How many play on average, by ${by}.`,
        unit: 'count',
        lines: [{ query: sum(watching, [by]), legend: `{{${by}}}` }],
        watched: { noAlert: 'How many watch is not bad or good by itself.' },
      },
      QUARTER,
    ),
  ),
};

const how: Row = {
  title: 'How well it plays for them',
  panels: [
    ...dimensions.map((by) =>
      timeseries(
        {
          name: `stalled-by-${by}`,
          title: `Time stalled by ${by}`,
          description: `Part of the watched time in which the picture stood still, by ${by}.`,
          unit: 'ratio',
          lines: [{ query: stalledBy([by]), legend: `{{${by}}}` }],
          thresholds: { worse: 'above', warning: 0.01, critical: 0.05 },
          watched: {
            alerts: ['HighRebufferRate'],
            nextSteps: `One ${by} alone: what sets it apart. All of them: look at MoQ Pipeline instead.`,
          },
        },
        QUARTER,
      ),
    ),
    table(
      {
        name: 'clients',
        title: 'Browsers and transports',
        description: 'One line for each pair that is in use, the largest first.',
        unit: 'count',
        lines: [
          { query: sum(watching, byClient), legend: 'Watching' },
          {
            query: ratio(sum(stalling, byClient), sum(watching, byClient)),
            legend: 'Stalled',
            unit: 'ratio',
            thresholds: { worse: 'above', warning: 0.01, critical: 0.05 },
          },
          {
            query: max(select(audienceStartupP95, ofClients), byClient),
            legend: 'Startup, p95',
            unit: 's',
            thresholds: { worse: 'above', warning: 2, critical: 3 },
          },
          { query: max(select(audienceLatencyP50, ofClients), byClient), legend: 'Latency, p50', unit: 's' },
          {
            query: max(select(audienceLatencyP95, ofClients), byClient),
            legend: 'Latency, p95',
            unit: 's',
            thresholds: { worse: 'above', warning: 0.5, critical: 2 },
          },
          { query: max(select(audienceLatencyP99, ofClients), byClient), legend: 'Latency, p99', unit: 's' },
        ],
        watched: {
          noAlert: 'Streams have alerts; this tells for whom they are bad.',
          nextSteps: 'A line that stands out is a browser or transport to test by hand.',
        },
      },
      {
        key: { browser: 'Browser', transport: 'Transport' },
        sort: { column: 'Watching', greatestFirst: true },
      },
    ),
    timeseries(
      {
        name: 'startup-by-browser',
        title: 'Startup by browser, p95',
        description: 'Play intent to first frame.',
        unit: 's',
        lines: [{ query: max(select(audienceStartupP95, ofClients), ['browser']), legend: '{{browser}}' }],
        thresholds: { worse: 'above', warning: 2, critical: 3 },
        watched: { alerts: ['SlowStartup'], nextSteps: 'One browser alone: test it by hand.' },
        emptyWhenHealthy: 'While nobody starts there is nothing to measure.',
      },
      QUARTER,
    ),
    timeseries(
      {
        name: 'latency-by-browser',
        title: 'Latency by browser, p95',
        description: 'Capture to render.',
        unit: 's',
        lines: [
          {
            query: quantileOf(0.95, sum(select(audienceLatencyBuckets, ofClients), ['browser', 'le'])),
            legend: '{{browser}}',
          },
        ],
        thresholds: { worse: 'above', warning: 0.5, critical: 2 },
        watched: {
          alerts: ['HighClientLatency'],
          nextSteps: 'One browser alone: its buffer or its decoder.',
        },
      },
      QUARTER,
    ),
    timeseries(
      {
        name: 'latency-by-transport',
        title: 'Latency by transport, p95',
        description: 'WebSocket waits for every lost packet, in order; it may be slower.',
        unit: 's',
        lines: [
          {
            query: quantileOf(0.95, sum(select(audienceLatencyBuckets, ofClients), ['le', 'transport'])),
            legend: '{{transport}}',
          },
        ],
        thresholds: { worse: 'above', warning: 0.5, critical: 2 },
        watched: {
          alerts: ['HighClientLatency'],
          nextSteps: 'WebSocket alone: networks that block UDP and lose packets.',
        },
      },
      QUARTER,
    ),
    timeseries(
      {
        name: 'attempts-by-browser',
        title: 'Play intents by browser',
        description: 'Play intents a second.',
        unit: 'per_second',
        lines: [{ query: sum(select(audienceAttempts, ofAudience), ['browser']), legend: '{{browser}}' }],
        watched: { noAlert: 'It follows the audience.' },
      },
      QUARTER,
    ),
  ],
};

const network: Row = {
  title: 'Network',
  panels: [
    stacked({
      name: 'connections',
      title: 'Connections',
      description:
        'Tried a second, by transport and how it went. `fallback` is a viewer whose network let WebTransport not through in time.',
      unit: 'per_second',
      lines: [
        {
          query: rate(client.connections, { by: ['transport', 'result'] }),
          legend: '{{transport}} {{result}}',
        },
      ],
      watched: {
        alerts: ['HighStartupFailureRate'],
        nextSteps: 'Only WebTransport fails: the UDP port of the relay, or its certificate.',
      },
    }),
    timeseries({
      name: 'rtt',
      title: 'Round trip by transport, p95',
      description: 'Player to relay and back.',
      unit: 's',
      lines: [{ query: quantile(0.95, client.rtt, { by: ['transport'] }), legend: '{{transport}}' }],
      watched: { noAlert: 'Distance cannot be helped by whoever is on call; its effects have alerts.' },
      emptyWhenHealthy: 'Only players whose transport or relay tells it have it.',
    }),
    heatmap({
      name: 'rtt-heatmap',
      title: 'How round trips are spread',
      description: 'Samples by how long they took. Several bands are several regions.',
      unit: 's',
      lines: [{ query: buckets(client.rtt), legend: '{{le}}' }],
      watched: { noAlert: 'Distance cannot be helped by whoever is on call; its effects have alerts.' },
      emptyWhenHealthy: 'Only players whose transport or relay tells it have it.',
    }),
  ],
};

export const audience: Dashboard = dashboard({
  uid: 'moq-audience',
  title: 'MoQ Audience',
  description: 'Who watches, and how well it plays for them: by browser, device, region and transport.',
  variables,
  rows: [overview, who, how, network],
  range: '3h',
  refresh: '30s',
});
