/** Whether what all other dashboards show is true: reports, series, the store, and the scrapes. */
import { client, collector, relay, stack } from '@moq-observability/moq-metrics';
import { type Dashboard, dashboard, type Row } from '../model/dashboard.ts';
import type { ValuesVariable } from '../model/variable.ts';
import { max, sum } from '../query/aggregate.ts';
import { minus, plus, ratio } from '../query/arithmetic.ts';
import { observations, quantile } from '../query/histogram.ts';
import { increase, rate, rates } from '../query/rate.ts';
import { RATE_INTERVAL } from '../query/query.ts';
import { now, select } from '../query/select.ts';
import { ourJobs } from '../rules/health.ts';
import { fleetLatencySamples } from '../rules/latency.ts';
import { fleetWatching } from '../rules/playing.ts';
import { fleetViewers } from '../rules/traffic.ts';
import { bands, chosen, stacked, stat, timeseries } from './panels.ts';

const collectorVariable: ValuesVariable = {
  kind: 'values',
  name: 'collector',
  title: 'Collector',
  of: select(collector.series),
  label: 'instance',
  many: true,
};
const ofCollectors = { instance: chosen('collector') } as const;
const process = { ...ofCollectors, job: 'moq-collector' } as const;

const overview: Row = {
  title: 'Overview',
  panels: [
    stat({
      name: 'reports-now',
      title: 'Reports',
      description: 'Reports of players a second that were added.',
      unit: 'per_second',
      lines: [
        {
          query: rate(collector.reports, { where: { ...ofCollectors, result: 'accepted' } }),
          legend: 'accepted',
        },
      ],
      watched: {
        alerts: ['TelemetryMissing', 'CollectorDown'],
        nextSteps:
          'None, and there are viewers: address, certificate or CORS in the page. Its network tab says which.',
      },
    }),
    stat({
      name: 'rejected-now',
      title: 'Refused points',
      description: 'Data points a second that do not fit the schema. Zero is good.',
      unit: 'per_second',
      lines: [{ query: rate(collector.pointsRejected, { where: ofCollectors }), legend: 'refused' }],
      thresholds: { worse: 'above', warning: 0.1, critical: 10 },
      watched: {
        alerts: ['TelemetryRejected'],
        nextSteps: 'By reason below: players of another version, or somebody playing tricks.',
      },
    }),
    stat({
      name: 'age-now',
      title: 'Age of reports p95',
      description: 'Sent by the player to added. Dashboards are as much behind.',
      unit: 's',
      lines: [{ query: quantile(0.95, collector.reportAge, { where: ofCollectors }), legend: 'p95' }],
      thresholds: { worse: 'above', warning: 10, critical: 60 },
      watched: {
        noAlert: 'Reports that are late are players that were cut off, who stall too.',
        nextSteps: 'All late: clocks, or a collector that is full; see its event loop.',
      },
    }),
    stat({
      name: 'series-now',
      title: 'Fleet series',
      description:
        'Held in memory; the buckets of a histogram are one. They grow with streams, not with viewers.',
      unit: 'count',
      lines: [{ query: sum(select(collector.series, ofCollectors)), legend: 'series' }],
      watched: {
        alerts: ['SeriesOverflow'],
        nextSteps: 'At the caps new streams are counted together under __other__.',
      },
    }),
    stat({
      name: 'overflow-now',
      title: 'Folded series',
      description:
        'Handles in the last hour that were counted under __other__, in collectors and relays. Zero is good.',
      unit: 'count',
      lines: [
        { query: increase(collector.seriesOverflow, { over: '1h' }), legend: 'collectors' },
        { query: increase(relay.seriesOverflow, { over: '1h' }), legend: 'relays' },
      ],
      thresholds: { worse: 'above', warning: 1 },
      watched: {
        alerts: ['SeriesOverflow'],
        nextSteps: 'Which metrics is shown below; its runbook goes on from here.',
      },
      emptyWhenHealthy: 'Nothing was ever folded.',
    }),
    stat({
      name: 'reporting-now',
      title: 'Viewers that report',
      description:
        'How many play by what players report, as part of the viewers relays count. Around 100 % when every viewer is a player of ours.',
      unit: 'ratio',
      lines: [{ query: ratio(select(fleetWatching), select(fleetViewers)), legend: 'report' }],
      watched: {
        alerts: ['TelemetryMissing'],
        nextSteps:
          'Far below: players that cannot reach the collector, or recorders and probes that never report.',
      },
      emptyWhenHealthy: 'While nobody watches there is nothing to compare.',
    }),
    bands(
      {
        name: 'targets',
        title: 'What Prometheus can scrape',
        description: 'Relays, collectors, exporters: whether each answered, over time.',
        unit: 'count',
        lines: [
          {
            query: max(select(stack.up, { job: ourJobs }), ['job', 'instance']),
            legend: '{{job}} {{instance}}',
          },
        ],
        thresholds: { worse: 'below', critical: 1 },
        watched: {
          alerts: ['RelayDown', 'CollectorDown'],
          nextSteps: 'Does the process run? Its log says why it ended.',
        },
      },
      { width: 24, height: 6 },
    ),
  ],
};

const reports: Row = {
  title: 'Reports of players',
  panels: [
    stacked({
      name: 'reports',
      title: 'Reports',
      description:
        'Added, seen before and not added again, or refused whole. Duplicates are retries that did no harm.',
      unit: 'per_second',
      lines: [
        { query: rate(collector.reports, { by: ['result'], where: ofCollectors }), legend: '{{result}}' },
      ],
      watched: {
        alerts: ['TelemetryMissing', 'TelemetryRejected'],
        nextSteps: 'The log of the collector names the reason.',
      },
    }),
    stacked({
      name: 'rejected',
      title: 'Refused points by reason',
      description:
        '`unknown_metric`, `bad_buckets`: players of another version. `cumulative`: a client not told to send deltas. The rest: a bug, or tricks.',
      unit: 'per_second',
      lines: [
        {
          query: rate(collector.pointsRejected, { by: ['reason'], where: ofCollectors }),
          legend: '{{reason}}',
        },
      ],
      watched: {
        alerts: ['TelemetryRejected'],
        nextSteps: 'Deploy the collector before the players when the schema grows.',
      },
    }),
    timeseries({
      name: 'report-age',
      title: 'Age of reports',
      description: 'Sent by the player to added, p50 and p95.',
      unit: 's',
      lines: [0.5, 0.95].map((q) => ({
        query: quantile(q, collector.reportAge, { where: ofCollectors }),
        legend: `p${q * 100}`,
      })),
      watched: { noAlert: 'Reports that are late are players that were cut off, who stall too.' },
    }),
    stacked({
      name: 'sessions',
      title: 'Sessions held',
      description: 'Playback sessions in memory by state. `lost` are those whose heartbeats stopped.',
      unit: 'count',
      lines: [{ query: sum(select(collector.sessions, ofCollectors), ['state']), legend: '{{state}}' }],
      watched: { noAlert: 'Many lost at once are viewers cut off, who stall too.' },
    }),
    stacked({
      name: 'latency-unavailable',
      title: 'Latency that could not be told',
      description:
        'Samples not taken, by reason: publishers without a wall clock, clocks that cannot be synchronised, or results below zero.',
      unit: 'per_second',
      lines: [{ query: rate(client.latencyUnavailable, { by: ['reason'] }), legend: '{{reason}}' }],
      watched: {
        alerts: ['ClockSyncBad'],
        nextSteps: '`negative`: the clock of a publisher is ahead. `clock_sync`: slow links.',
      },
    }),
    timeseries({
      name: 'latency-known',
      title: 'Latency that is known',
      description: 'Part of the samples of latency that could be taken.',
      unit: 'ratio',
      lines: [
        {
          query: ratio(
            select(fleetLatencySamples),
            plus(select(fleetLatencySamples), rate(client.latencyUnavailable)),
          ),
          legend: 'known',
        },
      ],
      thresholds: { worse: 'below', warning: 0.9, critical: 0.5 },
      watched: { alerts: ['ClockSyncBad'], nextSteps: 'By reason beside it; synchronise publishers by NTP.' },
    }),
  ],
};

const series: Row = {
  title: 'Series',
  panels: [
    timeseries({
      name: 'series',
      title: 'Fleet series',
      description: 'In memory, by collector.',
      unit: 'count',
      lines: [{ query: select(collector.series, ofCollectors), legend: '{{instance}}' }],
      watched: {
        alerts: ['SeriesOverflow'],
        nextSteps: 'They follow the number of streams; caps hold them.',
      },
    }),
    timeseries({
      name: 'collector-overflow',
      title: 'Folded in collectors',
      description: 'Handles an hour that went to __other__, by metric.',
      unit: 'count',
      lines: [
        { query: increase(collector.seriesOverflow, { by: ['metric'], over: '1h' }), legend: '{{metric}}' },
      ],
      watched: {
        alerts: ['SeriesOverflow'],
        nextSteps: 'More streams than fit: another collector for a part of them.',
      },
      emptyWhenHealthy: 'Nothing was ever folded.',
    }),
    timeseries({
      name: 'relay-overflow',
      title: 'Folded in relays',
      description: 'Handles an hour that went to __other__, by metric.',
      unit: 'count',
      lines: [
        { query: increase(relay.seriesOverflow, { by: ['metric'], over: '1h' }), legend: '{{metric}}' },
      ],
      watched: {
        alerts: ['SeriesOverflow'],
        nextSteps: 'More streams than fit: another relay for a part of them.',
      },
      emptyWhenHealthy: 'Nothing was ever folded.',
    }),
  ],
};

const store: Row = {
  title: 'Store and forwarding',
  panels: [
    stacked({
      name: 'store-rows',
      title: 'Rows written',
      description: 'To the store of logs, traces and sessions, by table.',
      unit: 'per_second',
      lines: [
        { query: rate(collector.storeRows, { by: ['table'], where: ofCollectors }), legend: '{{table}}' },
      ],
      watched: { noAlert: 'It follows the audience; errors are beside it.' },
    }),
    timeseries({
      name: 'store-errors',
      title: 'Store errors',
      description: 'Writes and queries the store failed at. Zero is good; metrics do not depend on it.',
      unit: 'per_second',
      lines: [{ query: rate(collector.storeErrors, { where: ofCollectors }), legend: 'errors' }],
      thresholds: { worse: 'above', warning: 0.01, critical: 1 },
      watched: {
        noAlert: 'Metrics, and with them all alerts, go on without the store.',
        nextSteps: 'Is its disk full? The log of the collector says what the store says.',
      },
    }),
    stacked({
      name: 'forwarded',
      title: 'Forwarded',
      description: 'OTLP requests a target acknowledged, by signal.',
      unit: 'per_second',
      lines: [
        { query: rate(collector.forwardSent, { by: ['signal'], where: ofCollectors }), legend: '{{signal}}' },
      ],
      watched: { noAlert: 'What is dropped is beside it.' },
    }),
    stacked({
      name: 'forward-trouble',
      title: 'Not forwarded',
      description: 'Attempts that failed, which are tried again, and requests given up.',
      unit: 'per_second',
      lines: [
        {
          query: rate(collector.forwardFailed, { by: ['signal'], where: ofCollectors }),
          legend: '{{signal}} failed',
        },
        {
          query: rate(collector.forwardDropped, { by: ['signal'], where: ofCollectors }),
          legend: '{{signal}} given up',
        },
      ],
      thresholds: { worse: 'above', warning: 0.01 },
      watched: {
        noAlert: 'The target has alerts of its own; the store here has everything.',
        nextSteps: 'Is the target up, and does it take the token?',
      },
    }),
    timeseries({
      name: 'forward-queue',
      title: 'Waiting to be forwarded',
      description: 'Bytes, by signal. Growth without end ends in requests given up.',
      unit: 'By',
      lines: [
        { query: sum(select(collector.forwardQueueBytes, ofCollectors), ['signal']), legend: '{{signal}}' },
      ],
      watched: { noAlert: 'It is bounded; what did not fit is counted beside it.' },
    }),
    timeseries({
      name: 'requests',
      title: 'Time to answer, p95',
      description: 'Requests to the collector, by route.',
      unit: 's',
      lines: [
        {
          query: quantile(0.95, collector.requestDuration, { by: ['route'], where: ofCollectors }),
          legend: '{{route}}',
        },
      ],
      thresholds: { worse: 'above', warning: 0.5, critical: 2.5 },
      watched: {
        alerts: ['EventLoopLag'],
        nextSteps: 'All routes: the event loop or the journal’s disk. Only the API: the store.',
      },
    }),
    stacked({
      name: 'request-codes',
      title: 'Answers by status',
      description:
        'Requests a second. 4xx are clients that are refused; 429 and 503 a collector that is full.',
      unit: 'per_second',
      lines: [
        {
          query: observations(collector.requestDuration, { by: ['code'], where: ofCollectors }),
          legend: '{{code}}',
        },
      ],
      watched: { noAlert: 'What it means for telemetry has alerts.' },
    }),
  ],
};

const running: Row = {
  title: 'Process',
  panels: [
    timeseries({
      name: 'event-loop',
      title: 'Event loop, p99',
      description: 'How late the collector gets to what it has to do: below 50 ms is good.',
      unit: 's',
      lines: [{ query: select(stack.nodejsEventLoopLagP99Seconds, process), legend: '{{instance}}' }],
      thresholds: { worse: 'above', warning: 0.05, critical: 0.1 },
      watched: {
        alerts: ['EventLoopLag'],
        nextSteps: 'Another collector beside it: sessions stick to one, Prometheus adds up.',
      },
    }),
    timeseries({
      name: 'cpu',
      title: 'CPU',
      description: 'Processor time. Node runs on one core: 1 is full; the store has others.',
      unit: 'cores',
      lines: [
        {
          query: sum(rates(select(stack.processCpuSeconds, process), RATE_INTERVAL), ['instance']),
          legend: '{{instance}}',
        },
      ],
      thresholds: { worse: 'above', warning: 0.7, critical: 0.9 },
      watched: { alerts: ['EventLoopLag'], nextSteps: 'Another collector beside it.' },
    }),
    timeseries({
      name: 'memory',
      title: 'Memory',
      description: 'Resident. It follows series and sessions, and is bounded.',
      unit: 'By',
      lines: [{ query: select(stack.processResidentMemoryBytes, process), legend: '{{instance}}' }],
      watched: { noAlert: 'A collector that dies of it is down, which has an alert.' },
    }),
    timeseries(
      {
        name: 'uptime',
        title: 'Running since',
        description: 'Seconds since each collector started. Counters go on over restarts.',
        unit: 's',
        lines: [
          { query: minus(now(), select(stack.processStartTimeSeconds, process)), legend: '{{instance}}' },
        ],
        watched: { noAlert: 'One that keeps dying is down in between, which has an alert.' },
      },
      { width: 12, height: 6 },
    ),
    timeseries(
      {
        name: 'relay-scrapes',
        title: 'Time relays take to render metrics, p99',
        description: 'It runs on the event loop of the relay: below 25 ms is good.',
        unit: 's',
        lines: [
          { query: quantile(0.99, relay.scrapeDuration, { by: ['instance'] }), legend: '{{instance}}' },
        ],
        thresholds: { worse: 'above', warning: 0.05, critical: 0.2 },
        watched: { alerts: ['SeriesOverflow'], nextSteps: 'Fewer series: namespaces over several relays.' },
      },
      { width: 12, height: 6 },
    ),
  ],
};

export const telemetry: Dashboard = dashboard({
  uid: 'moq-telemetry',
  title: 'MoQ Telemetry',
  description: 'Whether what all other dashboards show is true: reports, series, the store, and the scrapes.',
  variables: [collectorVariable],
  rows: [overview, reports, series, store, running],
  range: '1h',
  refresh: '30s',
});
