import { relay, stack } from '@moq-observability/moq-metrics';
import { type Alert, alert } from '../model/alert.ts';
import { holds } from '../model/series.ts';
import { sum } from '../query/aggregate.ts';
import { equal, orElse } from '../query/arithmetic.ts';
import { rate } from '../query/rate.ts';
import { select } from '../query/select.ts';
import { onRelay } from './places.ts';

const streams = orElse(sum(select(relay.activeStreams)), 0);

export const noActiveStreams: Alert = alert({
  name: 'NoActiveStreams',
  area: 'relay',
  severity: 'warning',
  measure: streams,
  condition: equal(streams, 0),
  for: '5m',
  unit: 'count',
  summary: 'No stream is live',
  description: 'For five minutes no publisher has been connected to any relay, or no relay has told of one.',
  dashboard: 'moq-pipeline',
  runbook: {
    meaning:
      'The number of live streams over all relays has been zero for five minutes, or there was no such number because relays, or their metrics, are gone.',
    impact: 'Nobody can watch anything. At times when nothing is planned that is as it should be.',
    diagnosis: [
      {
        text: 'Are the relays there? If not, `RelayDown` fires too and comes first.',
        query: select(stack.up, { job: 'moq-relay' }),
        dashboard: 'moq-relay',
      },
      {
        text: 'Did publishers leave, or were they refused?',
        query: rate(relay.authFailures, { by: ['reason'], over: '15m' }),
        dashboard: 'moq-relay',
      },
      {
        text: 'When did the last one end, and why? The log of the relay has a line for each.',
        query: rate(relay.announcements, { by: ['event'], over: '15m' }),
        dashboard: 'moq-debug',
      },
    ],
    mitigation: [
      'Start the publishers, or their encoders.',
      'When nothing is planned: silence it for that time, or name the broadcasts that must be live to the relay and rely on ExpectedStreamMissing.',
    ],
    escalation: 'To those who run the publishers; to those who run the relays when these are gone.',
    remarks:
      'Not `… == 0` alone: a relay that is dead has no series, and of no series nothing is zero. Without a sum it would fire for every namespace that is idle.',
  },
  fires: [
    {
      name: 'the last publisher left',
      given: holds(relay.activeStreams, { namespace: 'live', ...onRelay }, ['2m', 3], ['10m', 0]),
      at: '8m',
      fires: [{ labels: {}, value: 0 }],
    },
    {
      name: 'the relay is dead, and its series with it',
      given: holds(relay.activeStreams, { namespace: 'live', ...onRelay }, ['2m', 3], ['20m', 'gone']),
      at: '15m',
      fires: [{ labels: {}, value: 0 }],
    },
    {
      name: 'there never was a relay',
      given: holds(stack.up, onRelay, ['10m', 0]),
      at: '6m',
      fires: [{ labels: {}, value: 0 }],
    },
  ],
  silent: [
    {
      name: 'one namespace is idle and another is not',
      given: [
        ...holds(relay.activeStreams, { namespace: 'live', ...onRelay }, ['10m', 1]),
        ...holds(relay.activeStreams, { namespace: 'idle', ...onRelay }, ['10m', 0]),
      ],
      at: '8m',
    },
    {
      name: 'the relay restarted',
      given: holds(
        relay.activeStreams,
        { namespace: 'live', ...onRelay },
        ['3m', 2],
        ['1m', 'gone'],
        ['10m', 2],
      ),
      at: '8m',
    },
  ],
});
