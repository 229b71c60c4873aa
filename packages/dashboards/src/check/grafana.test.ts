import type {
  Dashboard as GrafanaDashboard,
  Panel as GrafanaPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { expect, test } from 'vitest';
import { dashboards } from '../dashboards/index.ts';
import { grafanaDashboard } from '../emit/grafana/dashboard.ts';
import { defaultSite } from '../site.ts';
import { lint } from './grafana.ts';

const emitted = dashboards.map((dashboard) => grafanaDashboard(dashboard, defaultSite));

test('our own dashboards are right', () => {
  expect(() => lint(emitted)).not.toThrow();
});

test('a panel keeps its id', () => {
  const ids = emitted[0]!.panels!.filter(({ type }) => type !== 'row').map(({ title, id }) => [title, id]);
  expect(Object.fromEntries(ids)).toMatchObject({ Viewers: 510568698, 'System health': 1182104938 });
});

/** Our first dashboard after an edit of its first panel, with the others beside it. */
function edited(edit: (panel: GrafanaPanel, dashboard: GrafanaDashboard) => void): GrafanaDashboard[] {
  const all = structuredClone(emitted);
  edit(all[0]!.panels!.find(({ type }) => type === 'stat') as GrafanaPanel, all[0]!);
  return all;
}

function withQuery(expr: string): (panel: GrafanaPanel) => void {
  return (panel) => Object.assign(panel.targets![0]!, { expr });
}

test.each<[what: string, edit: (panel: GrafanaPanel, dashboard: GrafanaDashboard) => void, said: string]>([
  [
    'a uid that is there twice',
    (_, dashboard) => (dashboard.uid = 'moq-relay'),
    'moq-relay: another dashboard has its uid',
  ],
  ['no uid', (_, dashboard) => delete dashboard.uid, 'its uid is missing'],
  ['an old schema', (_, dashboard) => (dashboard.schemaVersion = 16), 'schema version 16 is an old one'],
  ['no id', (panel) => delete panel.id, 'panel "Streams": undefined is no id'],
  ['an id that is there twice', (panel) => (panel.id = 510568698), '"Streams" has the same id'],
  ['no title', (panel) => delete panel.title, 'panel "": a title is missing'],
  ['no description', (panel) => delete panel.description, 'panel "Streams": a description is missing'],
  ['no place', (panel) => delete panel.gridPos, 'panel "Streams": it has no place'],
  [
    'more than 24 columns',
    (panel) => (panel.gridPos!.w = 25),
    'it does not fit into 24 columns: x 0, width 25',
  ],
  [
    'panels on top of one another',
    (panel) => (panel.gridPos!.w = 5),
    'panels "Streams" and "Viewers" cover one another',
  ],
  ['no unit', (panel) => delete panel.fieldConfig!.defaults.unit, 'panel "Streams": a unit is missing'],
  ['no datasource', (panel) => delete panel.datasource, 'its datasource is not a variable of the dashboard'],
  [
    'a datasource that is written out',
    (panel) => (panel.datasource = { type: 'prometheus', uid: 'prometheus' }),
    'its datasource is not a variable of the dashboard',
  ],
  [
    'a datasource the dashboard has no variable for',
    (panel) => (panel.datasource!.uid = '${mimir}'),
    'its datasource is not a variable of the dashboard',
  ],
  ['no query', (panel) => (panel.targets = []), 'panel "Streams": it asks nothing'],
  [
    'a rate over a fixed window',
    withQuery('sum(rate(x{a="b"}[5m]))'),
    'query A takes a rate over a window of its own',
  ],
  ['a variable nobody has', withQuery('up{job=~"$job"}'), 'query A asks for $job, which nobody chose'],
  [
    'a link to nowhere',
    (panel) => (panel.fieldConfig!.defaults.links = [{ url: '/d/moq-gone?x=1' } as never]),
    'it links to a dashboard "moq-gone", which does not exist',
  ],
  [
    'a variable that asks a datasource nobody chose',
    (_, { templating }) => (templating.list![1]!.datasource = { type: 'prometheus', uid: 'prometheus' }),
    'variable "namespace" asks a datasource nobody chose',
  ],
])('%s is found', (_, edit, said) => {
  expect(() => lint(edited(edit))).toThrow(said);
});
