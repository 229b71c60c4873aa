import { stack } from '@moq-observability/moq-metrics';
import { type Alert, alert } from '../model/alert.ts';
import { holds } from '../model/series.ts';
import { equal, or } from '../query/arithmetic.ts';
import { labelled } from '../query/relabel.ts';
import { absent, select } from '../query/select.ts';
import { onCollector, onRelay } from './places.ts';

const collectors = select(stack.up, { job: 'moq-collector' });

export const collectorDown: Alert = alert({
  name: 'CollectorDown',
  area: 'collector',
  severity: 'critical',
  measure: collectors,
  condition: or(equal(collectors, 0), labelled(absent(collectors), 'instance', 'none of them')),
  for: '1m',
  unit: 'count',
  summary: 'Collector {instance} cannot be reached',
  description:
    'Prometheus has not been able to scrape {instance} for a minute, or knows no collector at all.',
  dashboard: 'moq-telemetry',
  runbook: {
    meaning: 'Prometheus cannot scrape a collector, or there is none among its targets.',
    impact:
      'Viewers notice nothing. But what they experience reaches nobody: all client alerts are blind, which is why somebody is woken.',
    diagnosis: [
      { text: 'Which ones?', query: equal(select(stack.up), 0), dashboard: 'moq-telemetry' },
      {
        text: 'Does the process run, and does `/health` on its ops port answer? When `/ready` does not, its store or its journal is the trouble, and its log says what.',
      },
      {
        text: 'Was it short of memory?',
        query: select(stack.processResidentMemoryBytes, { job: 'moq-collector' }),
        dashboard: 'moq-telemetry',
      },
    ],
    mitigation: [
      'Start it again. Its counters go on from its journal, and players send again what was not acknowledged.',
      'When the store is broken, start it without one: merging needs none.',
    ],
    escalation:
      'It wakes the one on call for the machines. To the developers when it crashes again after a restart.',
  },
  fires: [
    {
      name: 'it does not answer',
      given: holds(stack.up, onCollector, ['2m', 1], ['5m', 0]),
      at: '4m',
      fires: [{ labels: onCollector, value: 0 }],
    },
    {
      name: 'none is among the targets',
      given: holds(stack.up, onRelay, ['10m', 1]),
      at: '4m',
      fires: [{ labels: { instance: 'none of them' }, value: 1 }],
    },
  ],
  silent: [
    { name: 'it answers', given: holds(stack.up, onCollector, ['7m', 1]), at: '5m' },
    {
      name: 'a relay is down',
      given: [...holds(stack.up, onRelay, ['7m', 0]), ...holds(stack.up, onCollector, ['7m', 1])],
      at: '5m',
    },
  ],
});
