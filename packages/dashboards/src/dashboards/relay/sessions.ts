/** Who is connected to relays, and who was refused. */
import { relay, stack } from '@moq-observability/moq-metrics';
import type { Row } from '../../model/dashboard.ts';
import { max, sum } from '../../query/aggregate.ts';
import { quantile } from '../../query/histogram.ts';
import { rate, rates } from '../../query/rate.ts';
import { RATE_INTERVAL } from '../../query/query.ts';
import { select } from '../../query/select.ts';
import { bands, ofRelays, relayJobs, stacked, stat, timeseries } from '../panels.ts';

export const overview: Row = {
  title: 'Overview',
  panels: [
    stat({
      name: 'sessions-now',
      title: 'Sessions',
      description: 'MoQ sessions past setup: viewers, publishers and other relays.',
      unit: 'count',
      lines: [{ query: sum(select(relay.activeSessions, ofRelays)), legend: 'sessions' }],
      watched: { noAlert: 'How many are connected is not bad or good by itself.' },
    }),
    stat({
      name: 'viewers-now',
      title: 'Viewers',
      description: 'Sessions with at least one open video or audio subscription.',
      unit: 'count',
      lines: [{ query: sum(select(relay.activeSubscribers, ofRelays)), legend: 'viewers' }],
      watched: { noAlert: 'How many watch is not bad or good by itself.' },
    }),
    stat({
      name: 'event-loop-now',
      title: 'Event loop p99',
      description:
        'Of everything the worst relay does, one in a hundred waits as long. Below 20 ms is good; every frame of every stream waits with it.',
      unit: 's',
      lines: [{ query: max(select(stack.nodejsEventLoopLagP99Seconds, relayJobs)), legend: 'worst relay' }],
      thresholds: { worse: 'above', warning: 0.05, critical: 0.1 },
      watched: {
        alerts: ['EventLoopLag'],
        nextSteps: 'Look at its CPU below: at one core it is full. Drain it, or add a relay.',
      },
    }),
    stat({
      name: 'cpu-now',
      title: 'CPU',
      description: 'Processor time of the busiest relay. A relay runs on one core: 1 is full.',
      unit: 'cores',
      lines: [
        {
          query: max(rates(select(stack.processCpuSeconds, relayJobs), RATE_INTERVAL)),
          legend: 'busiest relay',
        },
      ],
      thresholds: { worse: 'above', warning: 0.7, critical: 0.9 },
      watched: {
        alerts: ['EventLoopLag', 'HighCPUUsage'],
        nextSteps: 'Add a relay before it is full: cost grows with frames and viewers, not with bytes.',
      },
    }),
    stat({
      name: 'queued-now',
      title: 'Undelivered',
      description:
        'Bytes received and not yet taken by subscribers, over all chosen relays. Near zero is good.',
      unit: 'By',
      lines: [{ query: sum(select(relay.queuedBytes, ofRelays)), legend: 'undelivered' }],
      thresholds: { worse: 'above', warning: 16 * 1024 ** 2, critical: 128 * 1024 ** 2 },
      watched: {
        alerts: ['SubscriberBacklogGrowing'],
        nextSteps: 'One subscriber or many? The worst single one is in the row Delivery.',
      },
    }),
    stat({
      name: 'errors-now',
      title: 'Errors',
      description: 'Errors a second, at all stages.',
      unit: 'per_second',
      lines: [{ query: rate(relay.errors, { where: ofRelays }), legend: 'errors' }],
      thresholds: { worse: 'above', warning: 0.1, critical: 1 },
      watched: {
        noAlert: 'Viewers notice errors as failed starts and stalls, which have alerts.',
        nextSteps: 'The stage below says where; the log on MoQ Debug, what.',
      },
    }),
    bands(
      {
        name: 'relays-up',
        title: 'Relays that answer',
        description: 'Whether Prometheus could scrape each relay, over time.',
        unit: 'count',
        lines: [{ query: max(select(stack.up, relayJobs), ['instance']), legend: '{{instance}}' }],
        thresholds: { worse: 'below', critical: 1 },
        watched: {
          alerts: ['RelayDown'],
          nextSteps: 'Does its process run? Its log on MoQ Debug says why it ended.',
        },
      },
      { width: 12, height: 6 },
    ),
    {
      kind: 'metrics',
      width: 12,
      height: 6,
      picture: {
        as: 'table',
        key: { instance: 'Relay', version: 'Version', node: 'Node', transports: 'Transports' },
      },
      observable: {
        name: 'builds',
        title: 'Versions',
        description: 'What runs where. More than one version for long is a deployment that got stuck.',
        unit: 'count',
        lines: [
          {
            query: max(select(relay.buildInfo, ofRelays), ['instance', 'version', 'node', 'transports']),
            legend: 'build',
            labelColumns: {},
          },
        ],
        watched: { noAlert: 'It is a fact, not a state.' },
      },
    },
  ],
};

export const sessions: Row = {
  title: 'Sessions',
  panels: [
    stacked({
      name: 'sessions-by-transport',
      title: 'Sessions by transport',
      description:
        'Many on WebSocket are viewers whose networks block UDP, or a relay whose UDP port is closed.',
      unit: 'count',
      lines: [{ query: sum(select(relay.activeSessions, ofRelays), ['transport']), legend: '{{transport}}' }],
      watched: { noAlert: 'Every transport plays.' },
    }),
    stacked({
      name: 'sessions-opened',
      title: 'Sessions opened',
      description: 'Sessions past setup, a second, by the protocol that was negotiated.',
      unit: 'per_second',
      lines: [{ query: rate(relay.sessions, { by: ['version'], where: ofRelays }), legend: '{{version}}' }],
      watched: { noAlert: 'It follows the audience.' },
    }),
    stacked({
      name: 'sessions-closed',
      title: 'Sessions closed',
      description:
        'By reason. `client` is viewers leaving; `idle` those whose network went away; `backpressure` those that could not keep up.',
      unit: 'per_second',
      lines: [
        { query: rate(relay.sessionsClosed, { by: ['reason'], where: ofRelays }), legend: '{{reason}}' },
      ],
      watched: { noAlert: 'Viewers that suffer from it reconnect, and show as stalls and failed starts.' },
    }),
    timeseries({
      name: 'session-duration',
      title: 'Session duration',
      description: 'How long sessions that closed had lasted. Short ones in numbers are viewers who gave up.',
      unit: 's',
      lines: [0.5, 0.9].map((q) => ({
        query: quantile(q, relay.sessionDuration, { where: ofRelays }),
        legend: `p${q * 100}`,
      })),
      watched: { noAlert: 'How long people watch is not bad or good by itself.' },
      emptyWhenHealthy: 'While no session closes there is nothing to measure.',
    }),
    stacked({
      name: 'errors-by-stage',
      title: 'Errors by stage',
      description: 'Where errors happen. `accept` and `setup` are viewers that cannot connect.',
      unit: 'per_second',
      lines: [{ query: rate(relay.errors, { by: ['stage'], where: ofRelays }), legend: '{{stage}}' }],
      watched: {
        noAlert: 'Viewers notice errors as failed starts and stalls, which have alerts.',
        nextSteps: 'The log on MoQ Debug names the error and the session.',
      },
    }),
    stacked({
      name: 'auth-failures',
      title: 'Refused for want of a token',
      description:
        'By reason. `expired` in numbers is a page that does not renew its token; `signature` a wrong key.',
      unit: 'per_second',
      lines: [{ query: rate(relay.authFailures, { by: ['reason'], where: ofRelays }), legend: '{{reason}}' }],
      watched: {
        noAlert: 'Viewers who should be let in show as failed starts; others are rightly refused.',
        nextSteps: 'After a change of keys or pages: take it back.',
      },
    }),
    stacked(
      {
        name: 'announcements',
        title: 'Announcements',
        description:
          'Broadcasts that came, went, or were taken over. `replaced` over and over is two publishers of the same path.',
        unit: 'per_second',
        lines: [
          { query: rate(relay.announcements, { by: ['event'], where: ofRelays }), legend: '{{event}}' },
        ],
        watched: { noAlert: 'Streams that must be live have an alert of their own.' },
      },
      { width: 12 },
    ),
    stacked(
      {
        name: 'streams-by-namespace',
        title: 'Streams by namespace',
        description: 'Broadcasts whose publishers are connected.',
        unit: 'count',
        lines: [
          { query: sum(select(relay.activeStreams, ofRelays), ['namespace']), legend: '{{namespace}}' },
        ],
        watched: {
          alerts: ['NoActiveStreams'],
          nextSteps: 'None: were publishers refused, or did they leave?',
        },
      },
      { width: 12 },
    ),
  ],
};
