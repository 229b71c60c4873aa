/** Dashboards as Grafana reads them from files: classic JSON. */
import {
  type AnnotationQuery,
  type Dashboard as GrafanaDashboard,
  DashboardCursorSync,
  defaultDashboard,
  type Panel as GrafanaPanel,
  type RowPanel,
  type VariableModel,
  VariableHide,
  VariableRefresh,
  VariableSort,
  VariableType,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { COLUMNS, type Dashboard, panelName, panelsOf, place, type Row } from '../../model/dashboard.ts';
import type { Variable } from '../../model/variable.ts';
import { noneOf } from '../../query/match.ts';
import { firingAlerts } from '../../query/select.ts';
import type { Site } from '../../site.ts';
import { COLORS, stableId } from '../names.ts';
import { menu, TAG } from './links.ts';
import { grafanaPanel } from './panel.ts';
import { type Source, source, sourceOf } from './source.ts';

/** A dashboard as Grafana reads it. */
export function grafanaDashboard(dashboard: Dashboard, site: Site): GrafanaDashboard {
  const { uid, title, description, variables, range, refresh } = dashboard;
  return {
    ...defaultDashboard(),
    uid,
    title,
    description,
    tags: [TAG],
    editable: false,
    graphTooltip: DashboardCursorSync.Crosshair,
    time: { from: `now-${range}`, to: 'now' },
    refresh,
    links: [menu()],
    templating: { list: [...sourcesOf(dashboard).map(sourceVariable), ...variables.map(variableModel)] },
    annotations: { list: [alertMarks()] },
    panels: rowsOf(dashboard, site),
  };
}

function rowsOf({ uid, rows }: Dashboard, site: Site): (GrafanaPanel | RowPanel)[] {
  let y = 0;
  return rows.flatMap((row) => {
    const top = y + 1;
    const { placed, height } = place(row.panels);
    const panels = placed.map(({ panel, x, y: below }) => ({
      id: stableId(panelName(panel)),
      gridPos: { x, y: top + below, w: panel.width, h: panel.height },
      ...grafanaPanel(panel, uid, site),
    }));
    const head = rowPanel(row, y, row.folded ? panels : []);
    y = top + (row.folded ? 0 : height);
    return row.folded ? [head] : [head, ...panels];
  });
}

function rowPanel({ title, folded = false }: Row, y: number, panels: GrafanaPanel[]): RowPanel {
  return {
    type: 'row',
    id: stableId(`row ${title}`),
    title,
    collapsed: folded,
    gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    panels,
  };
}

/** The kinds of datasources a dashboard asks; every one asks Prometheus, for its variables and alerts. */
function sourcesOf(dashboard: Dashboard): readonly Source[] {
  const asked = new Set(panelsOf(dashboard).map(sourceOf));
  return (['prometheus', 'loki', 'tempo'] as const).filter(
    (kind) => kind === 'prometheus' || asked.has(kind),
  );
}

const SOURCE_TITLES: Readonly<Record<Source, string>> = {
  prometheus: 'Prometheus',
  loki: 'Loki',
  tempo: 'Tempo',
};

function sourceVariable(kind: Source): VariableModel {
  return {
    type: VariableType.Datasource,
    name: kind,
    label: SOURCE_TITLES[kind],
    query: kind,
    refresh: VariableRefresh.OnDashboardLoad,
    hide: VariableHide.DontHide,
  };
}

function variableModel(variable: Variable): VariableModel {
  const { name, title } = variable;
  if (variable.kind === 'text') return { type: VariableType.Textbox, name, label: title, query: '' };
  const asked = `label_values(${variable.of.text}, ${variable.label})`;
  return {
    type: VariableType.Query,
    name,
    label: title,
    datasource: source('prometheus'),
    query: { query: asked, refId: name },
    definition: asked,
    refresh: VariableRefresh.OnTimeRangeChanged,
    sort: VariableSort.AlphabeticalAsc,
    multi: variable.many,
    includeAll: variable.many,
    ...(variable.many && { allValue: '.*', current: { text: ['All'], value: ['$__all'] } }),
  };
}

/** Marks in every picture from when to when alerts fired. */
function alertMarks(): AnnotationQuery {
  return {
    name: 'Alerts',
    enable: true,
    datasource: source('prometheus'),
    iconColor: COLORS.critical,
    expr: firingAlerts({ severity: noneOf('none') }).text,
    titleFormat: '{{alertname}}',
    textFormat: '{{broadcast}}{{instance}}',
    tagKeys: 'severity',
    step: '60s',
  };
}
