import { client, relay } from '@moq-observability/moq-metrics';
import { type Alert, alert } from '../model/alert.ts';
import { grows } from '../model/series.ts';
import { above, and, atLeast, below, ratio } from '../query/arithmetic.ts';
import { rate } from '../query/rate.ts';
import { overTime, select } from '../query/select.ts';
import {
  streamRebufferRatio,
  streamRebuffersPerHour,
  streamStalling,
  streamWatching,
} from '../rules/playing.ts';
import { onCollector, stream } from './places.ts';

const at = { ...stream, ...onCollector };

/** From this many viewers on, a part of them is a number that means something within minutes. */
const MANY = 25;

const diagnosis: Alert['runbook']['diagnosis'] = [
  {
    text: 'Which streams? One stream points at its publisher, several with one relay in common at that relay.',
    query: select(streamRebufferRatio),
    dashboard: 'moq-pipeline',
  },
  {
    text: 'Does the publisher send? A gap there reaches everybody at once.',
    query: rate(relay.framesReceived, { by: ['broadcast'], where: { direction: 'publish' }, over: '1m' }),
    dashboard: 'moq-pipeline',
  },
  {
    text: 'Does the relay drop? Groups dropped for `backlog` or `latency` are stalls of those who did not get them.',
    query: rate(relay.droppedGroups, { by: ['instance', 'reason'], over: '5m' }),
    dashboard: 'moq-relay',
  },
  {
    text: 'Does the network lose? Then `HighPacketLoss` is close, and WebSocket viewers suffer more than WebTransport ones.',
    query: ratio(
      rate(relay.quicPacketsLost, { by: ['instance'], over: '5m' }),
      rate(relay.quicPacketsSent, { by: ['instance'], over: '5m' }),
    ),
    dashboard: 'moq-relay',
  },
  {
    text: 'Do devices keep up? Frames dropped late or for backlog at decent networks are slow decoders.',
    query: rate(client.framesDropped, { by: ['broadcast', 'reason'], over: '5m' }),
    dashboard: 'moq-debug',
  },
  {
    text: 'Look at one of the stalls: the traces named `playback.stall` are linked to the start of their session, and by its id to the lines of the relay.',
    dashboard: 'moq-debug',
  },
];

const mitigation: Alert['runbook']['mitigation'] = [
  'Publisher: restart it, or switch to its standby; the relay lets a second one take the path over.',
  'Relay: drain it and let viewers reconnect elsewhere.',
  'Network: lower the bitrate of the ladder, or take the top rendition out of the catalog.',
];

export const highRebufferRate: Alert = alert({
  name: 'HighRebufferRate',
  area: 'client',
  severity: 'critical',
  measure: select(streamRebufferRatio),
  condition: and(above(select(streamRebufferRatio), 0.05), atLeast(select(streamWatching), MANY)),
  for: '1m',
  unit: 'ratio',
  summary: 'Viewers of {broadcast} watch it stand still',
  description: '{value} of the time {broadcast} was watched in the last five minutes was stalled; 5% may be.',
  dashboard: 'moq-pipeline',
  runbook: {
    meaning: `Of the time viewers spent watching a stream in the last five minutes, more than 5 % was stalled, and at least ${MANY} viewers played it on average.`,
    impact: 'Pictures freeze or sound breaks off. Viewers leave after the second stall.',
    diagnosis,
    mitigation,
    escalation:
      'It wakes the one on call. To the owner of the stream at once when it is one stream; to those who run the relays when it is several.',
    remarks: `Not \`rate(${client.rebufferCount.name}[5m]) > 0.1\`: that grows with the audience, so it fires for 2000 viewers of whom next to nobody stalls, and is silent for 40 viewers who stand still half of the time. Time stalled by time watched is the same for any audience.`,
  },
  fires: [
    {
      name: '40 viewers stand still half of the time',
      given: [
        ...grows(client.watchedSeconds, at, ['10m', 40]),
        ...grows(client.stalledSeconds, at, ['10m', 20]),
        ...grows(client.rebufferCount, at, ['10m', 0.08]),
      ],
      at: '6m',
      fires: [{ labels: stream, value: 0.5 }],
    },
  ],
  silent: [
    {
      name: '2000 viewers, 0.014 % of their time stalled',
      given: [
        ...grows(client.watchedSeconds, at, ['10m', 2000]),
        ...grows(client.stalledSeconds, at, ['10m', 0.28]),
        ...grows(client.rebufferCount, at, ['10m', 0.5]),
      ],
      at: '6m',
    },
    {
      name: 'ten viewers stand still half of the time, which is for the form with low traffic',
      given: [
        ...grows(client.watchedSeconds, at, ['10m', 10]),
        ...grows(client.stalledSeconds, at, ['10m', 5]),
      ],
      at: '6m',
    },
    {
      name: 'nobody watches',
      given: [
        ...grows(client.watchedSeconds, at, ['10m', 0]),
        ...grows(client.stalledSeconds, at, ['10m', 0]),
      ],
      at: '6m',
    },
  ],
});

const watching = overTime('avg', select(streamWatching), '15m');
const ratioLong = ratio(overTime('avg', select(streamStalling), '15m'), watching);

export const highRebufferRateLowTraffic: Alert = alert({
  name: 'HighRebufferRateLowTraffic',
  area: 'client',
  severity: 'warning',
  measure: ratioLong,
  condition: and(and(above(ratioLong, 0.1), below(watching, MANY)), atLeast(watching, 0.5)),
  for: '5m',
  unit: 'ratio',
  summary: 'The few viewers of {broadcast} watch it stand still',
  description:
    '{value} of the time {broadcast} was watched in the last 15 minutes was stalled; with few viewers 10% may be.',
  dashboard: 'moq-pipeline',
  runbook: {
    meaning: `As HighRebufferRate, for streams with fewer than ${MANY} viewers: over 15 minutes, from 10 % on, and with at least seven and a half minutes watched, because a single viewer with a bad connection is a large part of few.`,
    impact:
      'Few are affected, each of them badly. Often it is the first sign of something that reaches more later.',
    diagnosis: [
      {
        text: 'Is it one viewer or all of them? Stalls per viewer hour, and then the sessions of the stream.',
        query: select(streamRebuffersPerHour),
        dashboard: 'moq-debug',
      },
      ...diagnosis,
    ],
    mitigation: ['One viewer alone: nothing here; it is their connection.', ...mitigation],
    escalation: 'To the owner of the stream, within the working day.',
    remarks:
      'It and HighRebufferRate are never about the same stream at once, but for minutes in which the audience grows past the border.',
  },
  fires: [
    {
      name: 'ten viewers stand still half of the time',
      given: [
        ...grows(client.watchedSeconds, at, ['20m', 10]),
        ...grows(client.stalledSeconds, at, ['20m', 5]),
      ],
      at: '12m',
      fires: [{ labels: stream, value: 0.5 }],
    },
  ],
  silent: [
    {
      name: '40 viewers stand still half of the time, which is for the form with many',
      given: [
        ...grows(client.watchedSeconds, at, ['20m', 40]),
        ...grows(client.stalledSeconds, at, ['20m', 20]),
      ],
      at: '12m',
    },
    {
      name: 'one viewer came for a minute, and it stood still',
      given: [
        ...grows(client.watchedSeconds, at, ['5m', 0], ['1m', 1], ['15m', 0]),
        ...grows(client.stalledSeconds, at, ['5m', 0], ['1m', 1], ['15m', 0]),
      ],
      at: '12m',
    },
  ],
});
