import { client, collector, relay } from '@moq-observability/moq-metrics';
import { type Alert, alert } from '../model/alert.ts';
import { grows, holds, observes } from '../model/series.ts';
import { sum } from '../query/aggregate.ts';
import { above, and, atLeast, equal, or, orElse, plus, ratio, unless } from '../query/arithmetic.ts';
import { observations, quantile } from '../query/histogram.ts';
import { oneOf } from '../query/match.ts';
import type { Query } from '../query/query.ts';
import { increase, rate } from '../query/rate.ts';
import { labelled } from '../query/relabel.ts';
import { ago, select } from '../query/select.ts';
import { fleetLatencySamples } from '../rules/latency.ts';
import { fleetViewers } from '../rules/traffic.ts';
import { onCollector, onRelay, stream } from './places.ts';

const accepted = orElse(rate(collector.reports, { where: { result: 'accepted' }, over: '5m' }), 0);

export const telemetryMissing: Alert = alert({
  name: 'TelemetryMissing',
  area: 'collector',
  severity: 'warning',
  measure: select(fleetViewers),
  condition: and(atLeast(select(fleetViewers), 3), equal(accepted, 0)),
  for: '5m',
  unit: 'count',
  summary: 'There are viewers, and nothing is known of how they fare',
  description:
    'The relays have {value} viewers, and for five minutes no collector has accepted a report of a player.',
  dashboard: 'moq-telemetry',
  runbook: {
    meaning: 'The relays have three viewers or more, and for five minutes no player has reported.',
    impact: 'Viewers notice nothing; but client alerts see nothing, and silence looks like good health.',
    diagnosis: [
      {
        text: 'Does anything reach the collector? Requests that are refused are counted by route and code.',
        query: observations(collector.requestDuration, { by: ['route', 'code'], over: '5m' }),
        dashboard: 'moq-telemetry',
      },
      {
        text: 'Are reports refused whole?',
        query: rate(collector.reports, { by: ['result'], over: '5m' }),
        dashboard: 'moq-telemetry',
      },
      {
        text: 'Open the player, and look at the network tab: a wrong address, a certificate, or CORS. The collector answers only to origins it is told of.',
      },
      { text: 'Are the viewers players at all? Recorders and probes subscribe, and do not report.' },
    ],
    mitigation: [
      'Set the endpoint in the page right, and its origin in the configuration of the collector.',
      'Players of others, which report nothing: silence it, or give them the library.',
    ],
    escalation: 'To the owner of the page, within the working day.',
  },
  fires: [
    {
      name: 'no report has come for long',
      given: [
        ...holds(relay.activeSubscribers, { ...stream, ...onRelay }, ['20m', 12]),
        ...grows(collector.reports, { ...onCollector, result: 'accepted' }, ['5m', 1], ['15m', 0]),
      ],
      at: '18m',
      fires: [{ labels: {}, value: 12 }],
    },
    {
      name: 'there is no collector',
      given: holds(relay.activeSubscribers, { ...stream, ...onRelay }, ['20m', 3]),
      at: '10m',
      fires: [{ labels: {}, value: 3 }],
    },
  ],
  silent: [
    {
      name: 'reports come',
      given: [
        ...holds(relay.activeSubscribers, { ...stream, ...onRelay }, ['20m', 12]),
        ...grows(collector.reports, { ...onCollector, result: 'accepted' }, ['20m', 1]),
      ],
      at: '18m',
    },
    {
      name: 'nobody watches',
      given: [
        ...holds(relay.activeSubscribers, { ...stream, ...onRelay }, ['20m', 0]),
        ...grows(collector.reports, { ...onCollector, result: 'accepted' }, ['20m', 0]),
      ],
      at: '18m',
    },
  ],
});

const rejectedPoints = rate(collector.pointsRejected, { by: ['reason'], over: '5m' });
const rejectedReports = rate(collector.reports, { where: { result: 'rejected' }, over: '5m' });

export const telemetryRejected: Alert = alert({
  name: 'TelemetryRejected',
  area: 'collector',
  severity: 'warning',
  measure: rejectedPoints,
  condition: or(above(rejectedPoints, 0.1), labelled(above(rejectedReports, 0.1), 'reason', 'whole_report')),
  for: '10m',
  unit: 'per_second',
  summary: 'Reports of players do not fit the schema: {reason}',
  description: '{value} a second of what players report is refused for the reason {reason}.',
  dashboard: 'moq-telemetry',
  runbook: {
    meaning:
      'For ten minutes a collector has refused data points, or whole reports, that do not fit the schema: more than one in ten seconds, for the same reason.',
    impact:
      'What was refused is missing from every number. Usually it is a player of another version, or somebody playing tricks.',
    diagnosis: [
      {
        text: 'For what reason? `unknown_metric` and `bad_buckets` are players that are newer or older than the collector; `cumulative` is an OpenTelemetry client that was not told to send deltas; `bad_value` and `bad_label` in numbers are tricks or a bug.',
        query: rejectedPoints,
        dashboard: 'moq-telemetry',
      },
      {
        text: 'Since when? Compare with the last deployment of page and collector.',
        query: rejectedReports,
        dashboard: 'moq-telemetry',
      },
      {
        text: 'Which player? The log of the collector names version and reason, once a minute.',
        dashboard: 'moq-debug',
      },
    ],
    mitigation: [
      'Deploy the collector before the players when the schema grows.',
      'Tricks: require tokens for reports.',
    ],
    escalation: 'To the developers of the player, within the working day.',
  },
  fires: [
    {
      name: 'a metric nobody knows',
      given: grows(collector.pointsRejected, { ...onCollector, reason: 'unknown_metric' }, ['20m', 2]),
      at: '15m',
      fires: [{ labels: { reason: 'unknown_metric' }, value: 2 }],
    },
    {
      name: 'whole reports',
      given: grows(collector.reports, { ...onCollector, result: 'rejected' }, ['20m', 0.5]),
      at: '15m',
      fires: [{ labels: { reason: 'whole_report' }, value: 0.5 }],
    },
  ],
  silent: [
    {
      name: 'one a minute',
      given: grows(collector.pointsRejected, { ...onCollector, reason: 'bad_value' }, ['20m', 1 / 60]),
      at: '15m',
    },
    {
      name: 'retries are duplicates, not rejects',
      given: grows(collector.reports, { ...onCollector, result: 'duplicate' }, ['20m', 5]),
      at: '15m',
    },
  ],
});

/** What grew in the last quarter of an hour, also by beginning to be: `increase()` does not see the first step. */
function grown(metric: typeof relay.seriesOverflow): Query<'metric'> {
  const isNew = unless(sum(select(metric), ['metric']), sum(ago(select(metric), '15m'), ['metric']));
  return or(above(increase(metric, { by: ['metric'], over: '15m' }), 0), above(isNew, 0));
}

const folded = or(grown(relay.seriesOverflow), grown(collector.seriesOverflow));

export const seriesOverflow: Alert = alert({
  name: 'SeriesOverflow',
  area: 'collector',
  severity: 'warning',
  measure: select(collector.series),
  condition: folded,
  for: '1m',
  unit: 'count',
  summary: 'There are more series of {metric} than may be',
  description: '{value} times in the last 15 minutes something new was counted under __other__ in {metric}.',
  dashboard: 'moq-telemetry',
  runbook: {
    meaning:
      'A bounded label has run out of values: new broadcasts, namespaces or the like are counted together under `__other__`, in a relay or a collector.',
    impact:
      'Viewers notice nothing, and totals stay right. But streams past the bound have no numbers of their own, and no alerts.',
    diagnosis: [
      {
        text: 'Which metrics?',
        query: increase(relay.seriesOverflow, { by: ['metric'], over: '1h' }),
        dashboard: 'moq-telemetry',
      },
      {
        text: 'How many broadcasts are there really?',
        query: sum(select(relay.activeStreams), ['namespace']),
        dashboard: 'moq-pipeline',
      },
      {
        text: 'Is somebody making names up? Announcements without viewers take no place, but subscriptions do; look who asks in the log of the relay.',
        query: rate(relay.announcements, { by: ['event'], over: '5m' }),
        dashboard: 'moq-relay',
      },
    ],
    mitigation: [
      'Names made up: require tokens, and scope them to namespaces.',
      'Growth: another relay, or another collector, for a part of the namespaces. A place is free again once it has been idle for 15 minutes.',
    ],
    escalation: 'To those who plan capacity, within the week; to the developers when names are made up.',
  },
  testedEvery: '1m',
  fires: [
    {
      name: 'a first handle was folded',
      given: grows(
        relay.seriesOverflow,
        { ...onRelay, metric: relay.bytesSent.name },
        ['20m', 'gone'],
        ['1m', 1],
        ['10m', 0],
      ),
      at: '24m',
      fires: [{ labels: { metric: relay.bytesSent.name }, value: 60 }],
    },
    {
      name: 'more and more are',
      given: grows(collector.seriesOverflow, { ...onCollector, metric: client.latency.name }, ['40m', 0.1]),
      at: '30m',
      fires: [{ labels: { metric: client.latency.name }, value: 90 }],
    },
  ],
  silent: [
    { name: 'nothing was ever folded', given: holds(collector.series, onCollector, ['40m', 900]), at: '30m' },
    {
      name: 'it was folded an hour ago',
      given: grows(
        collector.seriesOverflow,
        { ...onCollector, metric: client.latency.name },
        ['5m', 1],
        ['40m', 0],
      ),
      at: '40m',
    },
  ],
});

const badClocks = rate(client.latencyUnavailable, {
  where: { reason: oneOf('clock_sync', 'negative') },
  over: '5m',
});
const allClocks = plus(badClocks, select(fleetLatencySamples));

export const clockSyncBad: Alert = alert({
  name: 'ClockSyncBad',
  area: 'collector',
  severity: 'warning',
  measure: ratio(badClocks, allClocks),
  condition: and(above(ratio(badClocks, allClocks), 0.1), atLeast(allClocks, 0.5)),
  for: '10m',
  unit: 'ratio',
  summary: 'Latency cannot be told, because clocks disagree',
  description:
    '{value} of the latency samples of the last five minutes could not be taken for want of a right clock; 10% may.',
  dashboard: 'moq-telemetry',
  runbook: {
    meaning:
      "Players measure their offset to the relay's clock, and publishers stamp frames with theirs. More than 10 % of the samples were not taken because a player could not synchronise well enough, or because latency came out negative.",
    impact: 'Viewers notice nothing. Latency is known for fewer of them, and HighClientLatency sees less.',
    diagnosis: [
      {
        text: 'Which of the two? `negative` is a publisher whose clock is ahead; `clock_sync` is players that cannot measure, as behind slow or lopsided links. `no_wall_clock` is neither: publishers that do not stamp Unix time.',
        query: rate(client.latencyUnavailable, { by: ['reason'], over: '5m' }),
        dashboard: 'moq-telemetry',
      },
      {
        text: 'Do relays agree with one another about the time? `chronyc tracking` on each says how far it is off.',
      },
      {
        text: 'Are the links slow?',
        query: quantile(0.95, client.rtt, { by: ['transport'], over: '5m' }),
        dashboard: 'moq-audience',
      },
    ],
    mitigation: [
      'Publisher: synchronise its clock by NTP, or with `/time` of the relay.',
      'Relay: NTP; it is what everybody else follows.',
    ],
    escalation: 'To the owner of the publisher, within the working day.',
  },
  fires: [
    {
      name: 'every fourth sample comes out negative',
      given: [
        ...observes(client.latency, { ...stream, ...onCollector }, ['20m', [[0.1, 30]]]),
        ...grows(client.latencyUnavailable, { ...onCollector, reason: 'negative' }, ['20m', 10]),
      ],
      at: '16m',
      fires: [{ labels: {}, value: 0.25 }],
    },
  ],
  silent: [
    {
      name: 'one in a hundred cannot',
      given: [
        ...observes(client.latency, { ...stream, ...onCollector }, ['20m', [[0.1, 30]]]),
        ...grows(client.latencyUnavailable, { ...onCollector, reason: 'clock_sync' }, ['20m', 0.3]),
      ],
      at: '16m',
    },
    {
      name: 'the publisher does not stamp Unix time, which is no fault of clocks',
      given: grows(client.latencyUnavailable, { ...onCollector, reason: 'no_wall_clock' }, ['20m', 30]),
      at: '16m',
    },
  ],
});
