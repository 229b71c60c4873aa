import { client, relay } from '@moq-observability/moq-metrics';
import { type Alert, alert } from '../model/alert.ts';
import { observes } from '../model/series.ts';
import { and, above, atLeast } from '../query/arithmetic.ts';
import { quantile } from '../query/histogram.ts';
import { select } from '../query/select.ts';
import {
  LATENCY_BOUND,
  streamLatencyP95,
  streamLatencySamples,
  streamLatencySlowShare,
} from '../rules/latency.ts';
import { onCollector, onOtherCollector, stream } from './places.ts';

const at = { ...stream, ...onCollector };

export const highClientLatency: Alert = alert({
  name: 'HighClientLatency',
  area: 'client',
  severity: 'warning',
  measure: select(streamLatencySlowShare),
  condition: and(above(select(streamLatencySlowShare), 0.05), atLeast(select(streamLatencySamples), 0.5)),
  for: '2m',
  unit: 'ratio',
  summary: 'Viewers of {broadcast} are far behind the live edge',
  description: `{value} of the latency samples of {broadcast} in the last five minutes are over ${LATENCY_BOUND} s; 5% may be.`,
  dashboard: 'moq-pipeline',
  runbook: {
    meaning: `More than 5 % of the latency samples (capture to render, one a second and viewer) of a stream were over ${LATENCY_BOUND} s for two minutes: its p95 is over the bound. At least 150 samples in five minutes are needed, so that a visitor of a few seconds decides nothing.`,
    impact: 'What viewers see is old. Interaction suffers first: auctions, chat, calls, betting.',
    diagnosis: [
      {
        text: 'Is it one stream or all of them? All of them points at a relay or at clocks; one stream at its publisher or its path.',
        query: select(streamLatencyP95),
        dashboard: 'moq-pipeline',
      },
      {
        text: 'Does the relay hold frames back? Then the delivery latency or the lag of subscribers is up too, and dropped groups may follow.',
        query: quantile(0.95, relay.subscriberLag, { by: ['instance'], over: '5m' }),
        dashboard: 'moq-relay',
      },
      {
        text: 'Is the way to the viewers slow? Compare round-trip times, and browsers and transports with one another.',
        query: quantile(0.95, client.rtt, { by: ['transport'], over: '5m' }),
        dashboard: 'moq-audience',
      },
      {
        text: 'Do players buffer more than usual? A buffer that grew after stalls is latency that stays until the player catches up.',
        query: quantile(0.95, client.bufferLength, { by: ['broadcast', 'track_type'], over: '5m' }),
        dashboard: 'moq-debug',
      },
      {
        text: "Is the publisher's clock right? Latency is measured from its timestamps: a clock that is behind looks like latency that nobody notices.",
      },
    ],
    mitigation: [
      'Relay overloaded: move viewers to another relay, or add one.',
      'Publisher: lower its bitrate when its uplink is the bottleneck, and synchronise its clock with `/time` of the relay.',
      'Players: a smaller target buffer trades latency for stalls; watch the rebuffer ratio while doing so.',
    ],
    escalation:
      'To the owner of the stream when only one is affected. To those who run the relays when several are, after 15 minutes.',
    remarks:
      'Not `histogram_quantile(0.95, rate(…_bucket[5m])) > 0.5`: without a sum over `le` that fires for a single slow viewer out of a thousand as soon as he has a series of his own, as behind a second collector. The share of samples over a bound says the same as the quantile, and says how many.',
  },
  fires: [
    {
      name: 'one viewer in five is late',
      given: observes(client.latency, at, [
        '10m',
        [
          [0.2, 8],
          [0.8, 2],
        ],
      ]),
      at: '8m',
      fires: [{ labels: stream, value: 0.2 }],
    },
    {
      name: 'all viewers are late, half of them at another collector',
      given: [
        ...observes(client.latency, at, ['10m', [[1.2, 5]]]),
        ...observes(client.latency, { ...stream, ...onOtherCollector }, ['10m', [[1.2, 5]]]),
      ],
      at: '8m',
      fires: [{ labels: stream, value: 1 }],
    },
  ],
  silent: [
    {
      name: 'one viewer in a thousand is late, and alone at another collector',
      given: [
        ...observes(client.latency, at, ['10m', [[0.1, 999]]]),
        ...observes(client.latency, { ...stream, ...onOtherCollector }, ['10m', [[2, 1]]]),
      ],
      at: '8m',
    },
    {
      name: 'a visitor of a few seconds is late',
      given: observes(client.latency, at, ['5m', []], ['15s', [[2, 1]]], ['5m', []]),
      at: '8m',
    },
    {
      name: 'it was late for a minute',
      given: observes(
        client.latency,
        at,
        ['8m', [[0.1, 30]]],
        [
          '1m',
          [
            [0.8, 3],
            [0.1, 27],
          ],
        ],
        ['6m', [[0.1, 30]]],
      ),
      at: '10m',
    },
  ],
});
