import { client, relay } from '@moq-observability/moq-metrics';
import { type Alert, alert } from '../model/alert.ts';
import { grows, observes, type Series } from '../model/series.ts';
import { above, and, atLeast, times } from '../query/arithmetic.ts';
import { quantile } from '../query/histogram.ts';
import { rate } from '../query/rate.ts';
import { select } from '../query/select.ts';
import {
  STARTUP_BOUND,
  streamAttempts,
  streamFailures,
  streamOutcomes,
  streamSlowStartShare,
  streamStarts,
} from '../rules/startup.ts';
import { onCollector, stream } from './places.ts';

const at = { ...stream, ...onCollector };

/** So many in five minutes make a part of them mean something. */
const ENOUGH = 20;

function outcomes(perSecond: Readonly<Partial<Record<client.PlayOutcome, number>>>): readonly Series[] {
  return client.playOutcomeValues.flatMap((outcome) =>
    grows(client.playOutcomes, { ...at, outcome }, ['15m', perSecond[outcome] ?? 0]),
  );
}

export const highStartupFailureRate: Alert = alert({
  name: 'HighStartupFailureRate',
  area: 'client',
  severity: 'critical',
  measure: select(streamFailures),
  condition: and(above(select(streamFailures), 0.1), atLeast(times(select(streamAttempts), 300), ENOUGH)),
  for: '2m',
  unit: 'ratio',
  summary: 'Viewers cannot start {broadcast}',
  description: '{value} of the play intents for {broadcast} in the last five minutes failed; 10% may.',
  dashboard: 'moq-pipeline',
  runbook: {
    meaning: `More than 10 % of those who wanted to play a stream got an error instead of a first frame; at least ${ENOUGH} tried in five minutes. Those who left within a second are not counted, and those who left later did not fail.`,
    impact: 'Viewers see an error, or nothing. The ones who never got in are in no other number.',
    diagnosis: [
      {
        text: 'What fails? `connect` and `setup` point at the relay or at certificates, `auth` at tokens, `not_found` at the publisher, `decode` at codecs.',
        query: rate(client.playbackFailures, { by: ['broadcast', 'error'], over: '5m' }),
        dashboard: 'moq-debug',
      },
      {
        text: 'What does the relay say to it?',
        query: rate(relay.errors, { by: ['instance', 'stage'], over: '5m' }),
        dashboard: 'moq-relay',
      },
      {
        text: 'Are tokens refused? `expired` in numbers is a clock, `signature` a key that was changed on one side only.',
        query: rate(relay.authFailures, { by: ['instance', 'reason'], over: '5m' }),
        dashboard: 'moq-relay',
      },
      {
        text: 'Does WebTransport fail where WebSocket works? A certificate that ran out, or UDP that is blocked.',
        query: rate(client.connections, { by: ['transport', 'result'], over: '5m' }),
        dashboard: 'moq-debug',
      },
    ],
    mitigation: [
      'Certificate: the relay makes a new one when restarted; with files of your own, renew them.',
      'Tokens: bring the key, or the clocks, of issuer and relay together.',
      'Not found: start the publisher, or correct the path in the page.',
    ],
    escalation:
      'It wakes the one on call. To those who run the relays at once; to the owner of the page when it is tokens or paths.',
  },
  fires: [
    {
      name: 'every fourth start fails',
      given: outcomes({ started: 0.3, failed: 0.1 }),
      at: '8m',
      fires: [{ labels: stream, value: 0.25 }],
    },
  ],
  silent: [
    { name: 'one start in a hundred fails', given: outcomes({ started: 1.98, failed: 0.02 }), at: '8m' },
    { name: 'many leave within a second', given: outcomes({ started: 1, bounced: 9 }), at: '8m' },
    { name: 'too few try', given: outcomes({ started: 0.01, failed: 0.01 }), at: '8m' },
  ],
});

export const slowStartup: Alert = alert({
  name: 'SlowStartup',
  area: 'client',
  severity: 'warning',
  measure: select(streamSlowStartShare),
  condition: and(
    above(select(streamSlowStartShare), 0.05),
    atLeast(times(select(streamStarts), 300), ENOUGH),
  ),
  for: '5m',
  unit: 'ratio',
  summary: 'Viewers wait long for {broadcast}',
  description: `{value} of the starts of {broadcast} in the last five minutes took longer than ${STARTUP_BOUND} s; 5% may.`,
  dashboard: 'moq-pipeline',
  runbook: {
    meaning: `More than 5 % of the starts that reached a first frame took longer than ${STARTUP_BOUND} s: the p95 is over the bound. At least ${ENOUGH} starts in five minutes are needed.`,
    impact:
      'Viewers wait in front of a black picture. From two seconds on, more of them leave with every second.',
    diagnosis: [
      {
        text: 'Which phase takes the time? `connect`: network or handshake; `announce` and `catalog`: the relay or the publisher; `subscribe`: the relay, or its way upstream; `first_frame`: the length of groups, or the decoder.',
        query: quantile(0.95, client.startupPhase, { by: ['phase', 'transport'], over: '5m' }),
        dashboard: 'moq-debug',
      },
      {
        text: 'How long does the relay take to answer SUBSCRIBE?',
        query: quantile(0.95, relay.subscribeDuration, { by: ['instance', 'result'], over: '5m' }),
        dashboard: 'moq-relay',
      },
      {
        text: 'How far apart are keyframes? A player that joins waits for one, unless the relay has the beginning of the group.',
        query: quantile(0.95, client.keyframeInterval, { by: ['broadcast'], over: '5m' }),
        dashboard: 'moq-debug',
      },
      {
        text: 'How do they end? When waiting gets long, exits go up first.',
        query: select(streamOutcomes),
        dashboard: 'moq-pipeline',
      },
    ],
    mitigation: [
      'Keyframes: one to two seconds apart.',
      'Relay: its cache gives late joiners the newest group at once; low cache hits mean that it has none.',
      'Network: a relay closer to the viewers.',
    ],
    escalation: 'To the owner of the stream, within the working day.',
  },
  fires: [
    {
      name: 'every fifth start takes four seconds',
      given: observes(client.startupTime, { ...at, transport: 'webtransport' }, [
        '15m',
        [
          [0.4, 0.8],
          [4, 0.2],
        ],
      ]),
      at: '10m',
      fires: [{ labels: stream, value: 0.2 }],
    },
  ],
  silent: [
    {
      name: 'one start in fifty takes four seconds',
      given: observes(client.startupTime, { ...at, transport: 'webtransport' }, [
        '15m',
        [
          [0.4, 0.98],
          [4, 0.02],
        ],
      ]),
      at: '10m',
    },
    {
      name: 'a few starts a minute take four seconds',
      given: observes(client.startupTime, { ...at, transport: 'webtransport' }, ['15m', [[4, 0.05]]]),
      at: '10m',
    },
  ],
});
