import type { Panel as GrafanaPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import { relay } from '@moq-observability/moq-metrics';
import { expect, test } from 'vitest';
import { type Dashboard, dashboard, type Panel } from '../../model/dashboard.ts';
import type { Observable } from '../../model/observable.ts';
import { sum } from '../../query/aggregate.ts';
import { buckets, quantile } from '../../query/histogram.ts';
import { rate } from '../../query/rate.ts';
import { select } from '../../query/select.ts';
import type { Site } from '../../site.ts';
import { grafanaDashboard } from './dashboard.ts';
import { steps } from './units.ts';

const site: Site = { grafana: 'https://grafana.example', runbooks: 'https://runbooks.example' };

const errors: Observable = {
  name: 'errors',
  title: 'Errors',
  description: 'Errors a second.',
  unit: 'per_second',
  lines: [{ query: rate(relay.errors, { by: ['stage'] }), legend: '{{stage}}' }],
  thresholds: { worse: 'above', warning: 1, critical: 10 },
  watched: { alerts: ['RelayDown'], nextSteps: 'Read the log.' },
};

function emitted(...panels: readonly Panel[]): readonly GrafanaPanel[] {
  const whole: Dashboard = dashboard({
    uid: 'moq-relay',
    title: 'MoQ Relay',
    description: 'One relay.',
    variables: [],
    rows: [
      { title: 'Open', panels },
      { title: 'Folded', folded: true, panels: [sized({ ...errors, name: 'more' }, { as: 'stat' })] },
    ],
    range: '1h',
    refresh: '10s',
  });
  return grafanaDashboard(whole, site).panels as GrafanaPanel[];
}

function sized(observable: Observable, picture: (Panel & { kind: 'metrics' })['picture']): Panel {
  return { kind: 'metrics', observable, picture, width: 12, height: 6 };
}

test('panels follow their rows, and those of a folded row lie in it', () => {
  const panels = emitted(
    sized(errors, { as: 'timeseries' }),
    sized({ ...errors, name: 'again' }, { as: 'stat' }),
  );
  expect(panels.map(({ type, gridPos }) => [type, gridPos!.x, gridPos!.y])).toEqual([
    ['row', 0, 0],
    ['timeseries', 0, 1],
    ['stat', 12, 1],
    ['row', 0, 7],
  ]);
  expect(panels[3]).toMatchObject({ collapsed: true, panels: [{ title: 'Errors' }] });
});

test('a panel says when it is bad, what to do then, and where that is written', () => {
  const [, panel] = emitted(sized(errors, { as: 'timeseries' }));
  expect(panel!.description).toBe(
    [
      'Errors a second.',
      'Bad: a warning from 1 a second on, critical from 10 a second on.',
      '**What to do.** Read the log.',
      '**Alerts.** [RelayDown](https://runbooks.example/RelayDown.md)',
    ].join('\n\n'),
  );
});

test('colours change at the bounds, in either direction', () => {
  expect(steps({ worse: 'above', warning: 1, critical: 10 }).steps).toEqual([
    { value: null, color: 'green' },
    { value: 1, color: 'orange' },
    { value: 10, color: 'red' },
  ]);
  expect(steps({ worse: 'below', warning: 0.99, critical: 0.8 }).steps).toEqual([
    { value: null, color: 'red' },
    { value: 0.8, color: 'orange' },
    { value: 0.99, color: 'green' },
  ]);
  expect(steps({ worse: 'below', critical: 1 }).steps).toEqual([
    { value: null, color: 'red' },
    { value: 1, color: 'green' },
  ]);
});

test('examples are asked for where they are wanted', () => {
  const query = quantile(0.95, relay.deliveryLatency);
  const lines = [
    { query, legend: 'p95', exemplars: true },
    { query, legend: 'again' },
  ];
  const [, panel] = emitted(sized({ ...errors, unit: 's', lines }, { as: 'timeseries' }));
  expect(panel!.targets).toMatchObject([{ exemplar: true, range: true }, {}]);
  expect(panel!.targets![1]).not.toHaveProperty('exemplar');
});

test('buckets are asked for as such', () => {
  const lines = [{ query: buckets(relay.deliveryLatency), legend: '{{le}}' }];
  const [, heatmap, bars] = emitted(
    sized({ ...errors, lines }, { as: 'heatmap' }),
    sized({ ...errors, name: 'bars', lines }, { as: 'distribution' }),
  );
  expect([heatmap!.type, heatmap!.targets]).toMatchObject(['heatmap', [{ format: 'heatmap', range: true }]]);
  expect([bars!.type, bars!.targets]).toMatchObject(['bargauge', [{ format: 'heatmap', instant: true }]]);
});

test('a table puts queries together, names columns, hides what says nothing, and links its lines', () => {
  const by = ['namespace', 'broadcast'] as const;
  const [, panel] = emitted(
    sized(
      {
        ...errors,
        unit: 'count',
        lines: [
          { query: sum(select(relay.activeSubscribers), by), legend: 'Viewers' },
          {
            query: sum(select(relay.streamInfo), [...by, 'resolution']),
            legend: 'Media',
            labelColumns: { resolution: 'Resolution' },
          },
        ],
      },
      {
        as: 'table',
        key: { broadcast: 'Stream', namespace: 'Namespace' },
        links: [{ title: 'Details', to: 'moq-debug', variables: { broadcast: 'broadcast' } }],
        sort: { column: 'Viewers', greatestFirst: true },
      },
    ),
  );
  expect(panel!.targets).toMatchObject([{ format: 'table', instant: true }, { format: 'table' }]);
  expect(panel!.transformations).toMatchObject([
    { id: 'merge' },
    {
      id: 'organize',
      options: {
        renameByName: { broadcast: 'Stream', 'Value #A': 'Viewers', resolution: 'Resolution' },
        excludeByName: { Time: true, 'Value #B': true },
      },
    },
  ]);
  expect(panel!.options).toMatchObject({ sortBy: [{ displayName: 'Viewers', desc: true }] });
  const links = panel!.fieldConfig!.overrides.find(({ matcher }) => matcher.options === 'Stream')!
    .properties[0]!;
  expect(links.value).toMatchObject([
    {
      title: 'Details',
      url: expect.stringMatching(
        /^\/d\/moq-debug\?.*var-broadcast=\$\{__data\.fields\["Stream"\]:percentencode\}$/,
      ),
    },
  ]);
});

test('lines of a stream lead to it', () => {
  const lines = [{ query: sum(select(relay.activeSubscribers), ['broadcast']), legend: '{{broadcast}}' }];
  const [, panel] = emitted(sized({ ...errors, unit: 'count', lines }, { as: 'timeseries' }));
  const [override] = panel!.fieldConfig!.overrides;
  expect(override).toMatchObject({ matcher: { id: 'byFrameRefID', options: 'A' } });
  expect(override!.properties[0]!.value).toMatchObject([
    { title: 'Only this stream', url: expect.stringContaining('/d/moq-pipeline?') },
    { title: 'Logs, traces and details', url: expect.stringContaining('/d/moq-debug?') },
  ]);
});
