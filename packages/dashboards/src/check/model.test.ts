import { client, relay } from '@moq-observability/moq-metrics';
import { expect, test } from 'vitest';
import { type Model, model } from '../model.ts';
import { sum } from '../query/aggregate.ts';
import { record } from '../query/recorded.ts';
import { select } from '../query/select.ts';
import { checkModel } from './model.ts';
import { usageOf } from './usage.ts';

test('our own model is right', () => {
  expect(() => checkModel(model)).not.toThrow();
});

const [group, ...groups] = model.ruleGroups;
const stray = record({
  name: 'fleet:moq_sessions:sum',
  description: 'Sessions',
  unit: 'count',
  query: sum(select(relay.activeSessions)),
});

test.each<[what: string, wrong: Partial<Model>, said: string]>([
  ['a recorded series twice', { ruleGroups: [group!, ...model.ruleGroups] }, 'there are two of this group'],
  [
    'a dashboard twice',
    { dashboards: [...model.dashboards, model.dashboards[0]!] },
    'moq-pipeline: there are two',
  ],
  ['an alert that is not there', { alerts: model.alerts.slice(1) }, 'HighClientLatency: it is not defined'],
  ['an alert twice', { alerts: [...model.alerts, model.alerts[0]!] }, 'HighClientLatency: there are two'],
  ['what nobody records', { ruleGroups: groups }, 'is not recorded'],
  [
    'a metric on no dashboard',
    { dashboards: model.dashboards.filter(({ uid }) => uid !== 'moq-debug') },
    'it is on no dashboard',
  ],
  [
    'what is no PromQL',
    {
      ruleGroups: [
        ...model.ruleGroups,
        { name: 'moq-wrong', rules: [{ ...stray, query: { ...stray.query, text: 'sum(' } }] },
      ],
    },
    'fleet:moq_sessions:sum: not PromQL at',
  ],
])('%s is found', (_, wrong, said) => {
  expect(() => checkModel({ ...model, ...wrong })).toThrow(said);
});

test('a metric is used where what is recorded of it is', () => {
  const { dashboards, alerts } = usageOf(model).get(client.latency.name)!;
  expect(dashboards).toContain('MoQ Pipeline');
  expect(alerts).toContain('HighClientLatency');
});
