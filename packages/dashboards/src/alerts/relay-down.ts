import { relay, stack } from '@moq-observability/moq-metrics';
import { type Alert, alert } from '../model/alert.ts';
import { holds } from '../model/series.ts';
import { max } from '../query/aggregate.ts';
import { above, and, equal, or } from '../query/arithmetic.ts';
import { oneOf } from '../query/match.ts';
import { labelled } from '../query/relabel.ts';
import { absent, overTime, select } from '../query/select.ts';
import { byStreamAndRelay } from '../rules/levels.ts';
import { onRelay, stream } from './places.ts';

const relays = select(stack.up, { job: oneOf('moq-relay', 'moq-exporter') });
const other = { job: 'moq-relay', instance: 'relay-2:9464' } as const;

export const relayDown: Alert = alert({
  name: 'RelayDown',
  area: 'relay',
  severity: 'critical',
  measure: relays,
  condition: or(equal(relays, 0), labelled(absent(relays), 'instance', 'none of them')),
  for: '1m',
  unit: 'count',
  summary: 'Relay {instance} cannot be reached',
  description: 'Prometheus has not been able to scrape {instance} for a minute, or knows no relay at all.',
  dashboard: 'moq-relay',
  runbook: {
    meaning:
      'Prometheus cannot scrape a relay (or the exporter that speaks for relays of another make), or there is no relay among its targets.',
    impact:
      'Viewers and publishers of that relay are cut off, unless only its private port is. Players reconnect, elsewhere if they can.',
    diagnosis: [
      { text: 'Which ones?', query: equal(select(stack.up), 0), dashboard: 'moq-relay' },
      {
        text: 'Does the process run, and does `/health` on the public port answer? If it does, only the ops port is out of reach: look at its bind address, its token and the firewall.',
      },
      {
        text: 'Was it short of memory or file descriptors?',
        query: select(stack.processResidentMemoryBytes, { job: 'moq-relay' }),
        dashboard: 'moq-relay',
      },
      { text: 'What were its last lines in the log?', dashboard: 'moq-debug' },
    ],
    mitigation: [
      'Start it again. What it counted begins at zero, which `rate()` copes with.',
      'Take it out of the name that players dial until it stays up.',
    ],
    escalation:
      'It wakes the one on call for the machines. To the developers when it crashes again after a restart.',
  },
  fires: [
    {
      name: 'one of two does not answer',
      given: [...holds(stack.up, onRelay, ['2m', 1], ['5m', 0]), ...holds(stack.up, other, ['7m', 1])],
      at: '4m',
      fires: [{ labels: onRelay, value: 0 }],
    },
    {
      name: 'none is among the targets',
      given: holds(stack.up, { job: 'node', instance: 'relay-1:9100' }, ['10m', 1]),
      at: '4m',
      fires: [{ labels: { instance: 'none of them' }, value: 1 }],
    },
  ],
  silent: [
    {
      name: 'all answer',
      given: [...holds(stack.up, onRelay, ['7m', 1]), ...holds(stack.up, other, ['7m', 1])],
      at: '5m',
    },
    {
      name: 'it restarted within a minute',
      given: holds(stack.up, onRelay, ['2m', 1], ['45s', 0], ['5m', 1]),
      at: '4m',
    },
    {
      name: 'something else is down',
      given: [
        ...holds(stack.up, { job: 'node', instance: 'relay-1:9100' }, ['7m', 0]),
        ...holds(stack.up, onRelay, ['7m', 1]),
      ],
      at: '5m',
    },
  ],
});

const viewersBefore = max(overTime('max', select(relay.activeSubscribers), '15m'), byStreamAndRelay);
const streamOnRelay = { ...stream, instance: onRelay.instance };

export const streamRelayDown: Alert = alert({
  name: 'StreamRelayDown',
  area: 'relay',
  severity: 'none',
  measure: viewersBefore,
  condition: and(above(viewersBefore, 0), equal(relays, 0), { on: ['instance'] }),
  for: '0s',
  unit: 'count',
  summary: 'The relay of {broadcast} cannot be reached',
  description: '{broadcast} had up to {value} viewers on {instance}, which cannot be scraped.',
  dashboard: 'moq-relay',
  runbook: {
    meaning:
      'A stream had viewers on a relay in the last 15 minutes, and that relay cannot be scraped now. Nobody is told: it exists so that what viewers of that stream suffer is not reported beside its cause, RelayDown, while viewers of other streams on other relays still are.',
    impact: 'None of its own.',
    diagnosis: [
      {
        text: 'Which relay it is says RelayDown. Which viewers it had:',
        query: overTime('max', select(relay.activeSubscribers), '15m'),
        dashboard: 'moq-relay',
      },
    ],
    mitigation: ['That of RelayDown.'],
    escalation: 'None.',
  },
  fires: [
    {
      name: 'it had viewers',
      given: [
        ...holds(stack.up, onRelay, ['5m', 1], ['5m', 0]),
        ...holds(relay.activeSubscribers, { ...stream, ...onRelay }, ['5m', 7], ['5m', 'gone']),
      ],
      at: '6m',
      fires: [{ labels: streamOnRelay, value: 7 }],
    },
  ],
  silent: [
    {
      name: 'it had none',
      given: [
        ...holds(stack.up, onRelay, ['5m', 1], ['5m', 0]),
        ...holds(relay.activeSubscribers, { ...stream, ...onRelay }, ['5m', 0], ['5m', 'gone']),
      ],
      at: '6m',
    },
    {
      name: 'another relay is down',
      given: [
        ...holds(stack.up, onRelay, ['10m', 1]),
        ...holds(stack.up, other, ['5m', 1], ['5m', 0]),
        ...holds(relay.activeSubscribers, { ...stream, ...onRelay }, ['10m', 7]),
      ],
      at: '6m',
    },
  ],
});
