import { client, relay, stack } from '@moq-observability/moq-metrics';
import { expect, test } from 'vitest';
import { DefinitionProblem } from '../errors.ts';
import { buckets } from '../query/histogram.ts';
import { rate } from '../query/rate.ts';
import { select } from '../query/select.ts';
import { type Dashboard, dashboard, type MetricPanel, place } from './dashboard.ts';
import type { Observable } from './observable.ts';

const errors: Observable = {
  name: 'errors',
  title: 'Errors',
  description: 'Errors a second, by stage.',
  unit: 'per_second',
  lines: [{ query: rate(relay.errors, { by: ['stage'] }), legend: '{{stage}}' }],
  thresholds: { worse: 'above', warning: 1, critical: 10 },
  watched: { noAlert: 'Viewers notice errors as failed starts.', nextSteps: 'Read the log.' },
};

function panel(observable: Partial<Observable>, more: Partial<MetricPanel> = {}): MetricPanel {
  return {
    kind: 'metrics',
    observable: { ...errors, ...observable },
    picture: { as: 'timeseries' },
    width: 8,
    height: 6,
    ...more,
  };
}

const whole: Dashboard = {
  uid: 'moq-relay',
  title: 'MoQ Relay',
  description: 'One relay.',
  variables: [],
  rows: [{ title: 'Errors', panels: [panel({})] }],
  range: '1h',
  refresh: '10s',
};

function withPanels(...panels: readonly MetricPanel[]): () => Dashboard {
  return () => dashboard({ ...whole, rows: [{ title: 'Errors', panels }] });
}

test('a dashboard that is right is taken as it is', () => {
  expect(dashboard(whole)).toBe(whole);
});

test.each<[why: string, panel: MetricPanel, problem: string]>([
  [
    'a query with an unknown label',
    panel({
      // @ts-expect-error no such label
      lines: [{ query: rate(relay.errors, { by: ['region'] }), legend: 'all' }],
    }),
    `errors: rate(${relay.errors.name}[$__rate_interval]) has no label "region"`,
  ],
  [
    'a legend with an unknown label',
    panel({ lines: [{ query: rate(relay.errors), legend: '{{stage}}' }] }),
    'errors: its query has no label "stage"',
  ],
  [
    'thresholds without a unit',
    // @ts-expect-error a unit is missing
    panel({ unit: undefined }),
    'errors: thresholds without a unit',
  ],
  [
    'a unit there is none of',
    // @ts-expect-error not a unit
    panel({ unit: 'furlong', thresholds: undefined }),
    'errors: "furlong" is not a unit',
  ],
  [
    'thresholds the wrong way round',
    panel({ thresholds: { worse: 'below', warning: 1, critical: 2 } }),
    'errors: critical (2) is not worse than warning (1)',
  ],
  [
    'neither an alert nor a reason',
    panel({ watched: { noAlert: '' } }),
    'errors: it has no alert, and does not say why',
  ],
  [
    'an alert without next steps',
    panel({ watched: { alerts: ['RelayDown'], nextSteps: '' } }),
    'errors: it has alerts, and does not say what to do then',
  ],
  [
    'thresholds without next steps',
    panel({ watched: { noAlert: 'Because.' } }),
    'errors: it has thresholds, and does not say what to do past them',
  ],
  ['no description', panel({ description: '' }), 'errors: a description is missing'],
  ['no query', panel({ lines: [] }), 'errors: it asks nothing'],
  [
    'exemplars of what has none',
    panel({ lines: [{ query: rate(relay.errors), legend: 'all', exemplars: true }] }),
    'errors: only what a histogram counts has exemplars',
  ],
  ['more columns than there are', panel({}, { width: 25 }), 'moq-relay: errors: a width of 25'],
  [
    'a variable the dashboard does not have',
    panel({
      lines: [
        {
          query: select(relay.activeStreams, { namespace: { kind: 'variable', name: 'namespace' } }),
          legend: 'all',
        },
      ],
    }),
    'moq-relay: errors: it asks for $namespace, which the dashboard does not have',
  ],
  [
    'a heatmap of what are no buckets',
    panel({}, { picture: { as: 'heatmap' } }),
    'moq-relay: errors: a heatmap shows buckets and nothing else',
  ],
  [
    'a table whose lines cannot be told apart',
    panel({}, { picture: { as: 'table', key: { broadcast: 'Broadcast' } } }),
    'moq-relay: errors: a line of the table is told by broadcast, and not by the labels of',
  ],
  [
    'a column that is not summed up',
    panel(
      { lines: [{ query: select(stack.up), legend: 'Up' }] },
      { picture: { as: 'table', key: { instance: 'Instance', job: 'Job' } } },
    ),
    'moq-relay: errors: up brings its own name along',
  ],
  [
    'a table sorted by what is no column',
    panel(
      {},
      { picture: { as: 'table', key: { stage: 'Stage' }, sort: { column: 'Name', greatestFirst: true } } },
    ),
    'moq-relay: errors: it is sorted by "Name", which is no column',
  ],
  [
    'a link by a label the table does not have',
    panel(
      {},
      {
        picture: {
          as: 'table',
          key: { stage: 'Stage' },
          links: [{ title: 'Runbook', runbookOf: 'alertname' }],
        },
      },
    ),
    'moq-relay: errors: a link needs "alertname", by which no line is told',
  ],
])('refuses %s', (_, wrong, problem) => {
  expect(withPanels(wrong)).toThrow(DefinitionProblem);
  expect(withPanels(wrong)).toThrow(problem);
});

test('refuses two panels of one name', () => {
  expect(withPanels(panel({}), panel({ title: 'Again' }))).toThrow(
    'moq-relay: two panels are called "errors"',
  );
});

test('everything that is wrong with an observable is said at once', () => {
  const wrong = panel({ title: '', description: '', watched: { noAlert: '' } });
  expect(withPanels(wrong)).toThrow(/a title is missing; a description is missing; it has no alert/);
});

test('buckets are drawn as a heatmap', () => {
  const lines = [{ query: buckets(client.latency), legend: '{{le}}' }];
  expect(withPanels(panel({ lines }, { picture: { as: 'heatmap' } }))).not.toThrow();
});

function sized(width: number, height: number): MetricPanel {
  return panel({}, { width, height });
}

test('panels stand in reading order', () => {
  const { placed, height } = place([sized(12, 4), sized(12, 6), sized(6, 3), sized(20, 2)]);
  expect(placed.map(({ x, y }) => [x, y])).toEqual([
    [0, 0],
    [12, 0],
    [0, 6],
    [0, 9],
  ]);
  expect(height).toBe(11);
});
