import { relay, stack } from '@moq-observability/moq-metrics';
import { expect, test } from 'vitest';
import { above, equal } from '../query/arithmetic.ts';
import { rate } from '../query/rate.ts';
import { select } from '../query/select.ts';
import { type Alert, alert, channelOf } from './alert.ts';
import { holds } from './series.ts';

const target = { job: 'moq-relay', instance: 'relay:9464' };
const whole: Alert = {
  name: 'RelayDown',
  area: 'relay',
  severity: 'critical',
  measure: select(stack.up),
  condition: equal(select(stack.up), 0),
  for: '1m',
  unit: 'count',
  summary: 'Relay {instance} is down',
  description: 'It could not be scraped: {value}.',
  dashboard: 'moq-relay',
  runbook: {
    meaning: 'A relay cannot be scraped.',
    impact: 'Its viewers see nothing.',
    diagnosis: [{ text: 'Look whether the process runs.', query: select(stack.up) }],
    mitigation: ['Start it.'],
    escalation: 'Those who run the machines.',
  },
  fires: [
    {
      name: 'it is',
      given: holds(stack.up, target, ['5m', 0]),
      at: '4m',
      fires: [{ labels: target, value: 0 }],
    },
  ],
  silent: [{ name: 'it is not', given: holds(stack.up, target, ['5m', 1]), at: '4m' }],
};

test('an alert that is right is taken as it is', () => {
  expect(alert(whole)).toBe(whole);
  expect(channelOf(whole)).toBe('page');
  expect(channelOf({ ...whole, severity: 'warning' })).toBe('chat');
  expect(channelOf({ ...whole, channel: 'ticket' })).toBe('ticket');
});

test.each<[why: string, part: { readonly [Part in keyof Alert]?: unknown }, problem: string | RegExp]>([
  ['without a runbook', { runbook: undefined }, 'RelayDown: a runbook is missing'],
  [
    'whose runbook is incomplete',
    { runbook: { ...whole.runbook, impact: '' } },
    'its runbook says nothing of impact',
  ],
  ['without a case in which it fires', { fires: [] }, 'a test in which it fires is missing'],
  ['without a case in which it is silent', { silent: [] }, 'a test in which it is silent is missing'],
  ['that is not in the list', { name: 'RelayUp' }, 'RelayUp: its name is not in the list of alerts'],
  [
    'that says a label it does not have',
    { summary: 'Stream {broadcast} is down' },
    'its condition has no label "broadcast"; it has instance, job',
  ],
  [
    'with a macro of dashboards',
    { condition: above(rate(relay.errors), 1) },
    '$__rate_interval is known to dashboards only',
  ],
  ['of a severity there is none of', { severity: 'bad' }, '"bad" is not a severity'],
  ['that links to nowhere', { dashboard: 'home' }, 'there is no dashboard "home"'],
  [
    'tested with series that cannot be',
    // @ts-expect-error no such label
    { silent: [{ ...whole.silent[0], given: holds(stack.up, { ...target, region: 'eu' }, ['5m', 1]) }] },
    'a test has up with a label region',
  ],
  [
    'tested with values that cannot be',
    {
      silent: [
        {
          ...whole.silent[0],
          // @ts-expect-error no such value
          given: holds(relay.activeSessions, { transport: 'pigeon' }, ['5m', 1]),
        },
      ],
    },
    /a test has .* with transport "pigeon", which is none of webtransport/,
  ],
])('refuses an alert %s', (_, part, problem) => {
  expect(() => alert({ ...whole, ...part } as Alert)).toThrow(problem);
});
