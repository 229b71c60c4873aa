import { client, relay } from '@moq-observability/moq-metrics';
import { type Alert, alert } from '../model/alert.ts';
import { grows, holds, moves } from '../model/series.ts';
import { above, and, atLeast, ratio } from '../query/arithmetic.ts';
import { quantile } from '../query/histogram.ts';
import { rate } from '../query/rate.ts';
import { select, slope } from '../query/select.ts';
import { onRelay } from './places.ts';

const sent = rate(relay.quicPacketsSent, { by: ['instance'], over: '5m' });
const lost = rate(relay.quicPacketsLost, { by: ['instance'], over: '5m' });
const { instance } = onRelay;

export const highPacketLoss: Alert = alert({
  name: 'HighPacketLoss',
  area: 'relay',
  severity: 'warning',
  measure: ratio(lost, sent),
  condition: and(above(ratio(lost, sent), 0.05), atLeast(sent, 50)),
  for: '5m',
  unit: 'ratio',
  summary: 'Packets of {instance} get lost',
  description: '{value} of the QUIC packets {instance} sent in the last five minutes were lost; 5% may be.',
  dashboard: 'moq-relay',
  runbook: {
    meaning:
      'Of the QUIC packets a relay sent, over all its sessions, more than 5 % were declared lost, for five minutes and at 50 packets a second or more.',
    impact:
      'Lost packets are sent again, so frames come late. With 2 % hardly anyone notices, with 10 % viewers stall over and over.',
    diagnosis: [
      {
        text: 'One relay or all? One is its machine or its uplink.',
        query: ratio(lost, sent),
        dashboard: 'moq-relay',
      },
      {
        text: 'Are round-trip times up too? Then a queue on the way is full; if not, it is a bad link.',
        query: quantile(0.95, relay.quicRtt, { by: ['instance'], over: '5m' }),
        dashboard: 'moq-relay',
      },
      {
        text: 'Does the machine drop UDP? `nstat -az UdpRcvbufErrors UdpSndbufErrors` on it says; the socket buffers are small by default.',
      },
      {
        text: 'Do viewers notice?',
        query: rate(client.rebufferCount, { by: ['broadcast'], over: '5m' }),
        dashboard: 'moq-pipeline',
      },
    ],
    mitigation: [
      'Uplink full: fewer viewers on this relay, or lower bitrates.',
      'Socket buffers: raise `net.core.rmem_max` and `net.core.wmem_max`.',
      'A bad link: that of somebody else; move the viewers.',
    ],
    escalation:
      'To those who run the network, within the working day; at once when HighRebufferRate fires too.',
  },
  fires: [
    {
      name: 'one packet in ten is lost',
      given: [
        ...grows(relay.quicPacketsSent, onRelay, ['15m', 1000]),
        ...grows(relay.quicPacketsLost, onRelay, ['15m', 100]),
      ],
      at: '10m',
      fires: [{ labels: { instance }, value: 0.1 }],
    },
  ],
  silent: [
    {
      name: 'one packet in fifty is lost',
      given: [
        ...grows(relay.quicPacketsSent, onRelay, ['15m', 1000]),
        ...grows(relay.quicPacketsLost, onRelay, ['15m', 20]),
      ],
      at: '10m',
    },
    {
      name: 'next to nothing is sent',
      given: [
        ...grows(relay.quicPacketsSent, onRelay, ['15m', 10]),
        ...grows(relay.quicPacketsLost, onRelay, ['15m', 5]),
      ],
      at: '10m',
    },
  ],
});

const MEBIBYTE = 1024 * 1024;
const growth = slope(select(relay.queuedBytes), '5m');

export const subscriberBacklogGrowing: Alert = alert({
  name: 'SubscriberBacklogGrowing',
  area: 'relay',
  severity: 'warning',
  measure: select(relay.queuedBytes),
  condition: and(above(growth, MEBIBYTE / 16), above(select(relay.queuedBytes), 16 * MEBIBYTE)),
  for: '2m',
  unit: 'By/s',
  summary: 'What {instance} has not delivered yet keeps growing',
  description:
    'The bytes waiting for subscribers of {instance} are more than 16 MiB, and have been growing by {value}B a second.',
  dashboard: 'moq-relay',
  runbook: {
    meaning:
      'A relay has more than 16 MiB that it received and subscribers have not taken yet, and over five minutes that has been growing by more than 64 KiB a second.',
    impact:
      'Subscribers fall behind the live edge. At its cap the relay skips to the newest group for each of them, which they see as a jump; without room left the process would die.',
    diagnosis: [
      {
        text: 'One subscriber or many? When the worst single one is most of it, it is theirs.',
        query: select(relay.queuedBytesMax),
        dashboard: 'moq-relay',
      },
      {
        text: 'How far behind are they?',
        query: quantile(0.95, relay.subscriberLag, { by: ['instance', 'track_type'], over: '5m' }),
        dashboard: 'moq-relay',
      },
      {
        text: 'Does the relay skip already?',
        query: rate(relay.droppedGroups, { by: ['instance', 'reason'], over: '5m' }),
        dashboard: 'moq-relay',
      },
      { text: 'Is it the relay itself? Then EventLoopLag fires too.', dashboard: 'moq-relay' },
    ],
    mitigation: [
      'Many subscribers: lower bitrates, or fewer viewers on this relay.',
      'The relay itself: drain it, so that viewers reconnect elsewhere.',
    ],
    escalation: 'To those who run the relays, within the working day; at once when memory runs out.',
  },
  fires: [
    {
      name: '100 KiB more every second',
      given: moves(relay.queuedBytes, onRelay, 16 * MEBIBYTE, ['15m', 102_400]),
      at: '8m',
      fires: [{ labels: onRelay, value: 102_400 }],
    },
  ],
  silent: [
    {
      name: 'much, but not growing',
      given: holds(relay.queuedBytes, onRelay, ['15m', 32 * MEBIBYTE]),
      at: '8m',
    },
    { name: 'growing, but little', given: moves(relay.queuedBytes, onRelay, 0, ['15m', 20_000]), at: '8m' },
  ],
});
