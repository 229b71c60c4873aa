import { relay, stack } from '@moq-observability/moq-metrics';
import { type Alert, alert } from '../model/alert.ts';
import { grows, holds } from '../model/series.ts';
import { avg, sum } from '../query/aggregate.ts';
import { above, minus } from '../query/arithmetic.ts';
import { rate, rates } from '../query/rate.ts';
import { select } from '../query/select.ts';
import { ourJobs } from '../rules/health.ts';
import { onCollector, onNode, onRelay } from './places.ts';

const busy = minus(1, avg(rates(select(stack.nodeCpuSeconds, { mode: 'idle' }), '5m'), ['instance']));
const { instance } = onNode;
const other = { job: 'node', instance: 'relay-2:9100' } as const;

export const highCpuUsage: Alert = alert({
  name: 'HighCPUUsage',
  area: 'machine',
  severity: 'warning',
  channel: 'ticket',
  measure: busy,
  condition: above(busy, 0.8),
  for: '5m',
  unit: 'ratio',
  summary: 'The processors of {instance} are busy',
  description: '{value} of the processor time of {instance} is used; 80% may be.',
  dashboard: 'moq-relay',
  runbook: {
    meaning:
      'For five minutes more than 80 % of the processor time of a machine, over all its cores, was used.',
    impact:
      'None by itself: a busy machine is a used machine. It says that there is little room for more viewers. What hurts is EventLoopLag.',
    diagnosis: [
      {
        text: 'Is it ours? A relay runs on one core; on a machine with four it alone makes 25 %.',
        query: sum(rates(select(stack.processCpuSeconds, { job: ourJobs }), '5m'), ['job', 'instance']),
        dashboard: 'moq-relay',
      },
      {
        text: 'Does the event loop of the relay suffer?',
        query: select(stack.nodejsEventLoopLagP99Seconds, { job: ourJobs }),
        dashboard: 'moq-relay',
      },
      {
        text: 'Did the work grow, or its cost? Cost follows frames and groups rather than bytes.',
        query: rate(relay.framesSent, { by: ['instance'], over: '5m' }),
        dashboard: 'moq-relay',
      },
    ],
    mitigation: [
      'Another relay, on another core or machine.',
      'Publish audio with about 25 frames a group: it halves what audio costs.',
    ],
    escalation: 'None: it is a ticket for those who plan capacity.',
    remarks:
      'Per machine: an average over all of them would hide one that is full. It keeps the severity `warning`, and goes to the list of things to do rather than to the channel, because viewers do not feel it.',
  },
  fires: [
    {
      name: 'one machine of two is full',
      given: [
        ...grows(stack.nodeCpuSeconds, { ...onNode, cpu: '0', mode: 'idle' }, ['15m', 0.05]),
        ...grows(stack.nodeCpuSeconds, { ...onNode, cpu: '0', mode: 'user' }, ['15m', 0.95]),
        ...grows(stack.nodeCpuSeconds, { ...onNode, cpu: '1', mode: 'idle' }, ['15m', 0.15]),
        ...grows(stack.nodeCpuSeconds, { ...onNode, cpu: '1', mode: 'user' }, ['15m', 0.85]),
        ...grows(stack.nodeCpuSeconds, { ...other, cpu: '0', mode: 'idle' }, ['15m', 0.95]),
      ],
      at: '10m',
      fires: [{ labels: { instance }, value: 0.9 }],
    },
  ],
  silent: [
    {
      name: 'half of it is used',
      given: grows(stack.nodeCpuSeconds, { ...onNode, cpu: '0', mode: 'idle' }, ['15m', 0.5]),
      at: '10m',
    },
    {
      name: 'one core of four is full, as with a relay that is',
      given: ['0', '1', '2', '3'].flatMap((cpu) =>
        grows(stack.nodeCpuSeconds, { ...onNode, cpu, mode: 'idle' }, ['15m', cpu === '0' ? 0 : 0.9]),
      ),
      at: '10m',
    },
  ],
});

const lag = select(stack.nodejsEventLoopLagP99Seconds, { job: ourJobs });

export const eventLoopLag: Alert = alert({
  name: 'EventLoopLag',
  area: 'relay',
  severity: 'warning',
  measure: lag,
  condition: above(lag, 0.1),
  for: '2m',
  unit: 's',
  summary: 'The event loop of {instance} is late',
  description:
    'Of what {job} at {instance} had to do, one in a hundred waited for {value} or longer; 100 ms may be.',
  dashboard: 'moq-relay',
  runbook: {
    meaning:
      'For two minutes the event loop of a relay or a collector was more than 100 ms late one time out of a hundred. Node does everything on it, one thing after another.',
    impact:
      'With a relay: every frame of every stream waits as long, which viewers see as latency, then as stalls.',
    diagnosis: [
      {
        text: 'Is the process at the limit of its core?',
        query: sum(rates(select(stack.processCpuSeconds, { job: ourJobs }), '5m'), ['job', 'instance']),
        dashboard: 'moq-relay',
      },
      {
        text: 'Does it collect garbage all the time? A heap that is full does.',
        query: select(stack.nodejsHeapUsedBytes, { job: ourJobs }),
        dashboard: 'moq-relay',
      },
      {
        text: 'What does it do so much of?',
        query: rate(relay.framesSent, { by: ['instance', 'track_type'], over: '5m' }),
        dashboard: 'moq-relay',
      },
      {
        text: 'Is it the scrape itself? Rendering many series takes time too.',
        query: rate(relay.seriesOverflow, { by: ['metric'], over: '1h' }),
        dashboard: 'moq-telemetry',
      },
    ],
    mitigation: [
      'Drain it, so that viewers reconnect elsewhere, and add a relay.',
      'WebSocket costs less of the relay than WebTransport, where the network allows it.',
    ],
    escalation: 'To those who run the relays, within the working day; at once when client alerts fire too.',
  },
  fires: [
    {
      name: 'the relay is late',
      given: [
        ...holds(stack.nodejsEventLoopLagP99Seconds, onRelay, ['10m', 0.25]),
        ...holds(stack.nodejsEventLoopLagP99Seconds, onCollector, ['10m', 0.002]),
      ],
      at: '5m',
      fires: [{ labels: onRelay, value: 0.25 }],
    },
  ],
  silent: [
    {
      name: 'it is in time',
      given: holds(stack.nodejsEventLoopLagP99Seconds, onRelay, ['10m', 0.002]),
      at: '5m',
    },
    {
      name: 'it was late for a minute',
      given: holds(stack.nodejsEventLoopLagP99Seconds, onRelay, ['3m', 0.002], ['1m', 0.4], ['6m', 0.002]),
      at: '5m',
    },
  ],
});
