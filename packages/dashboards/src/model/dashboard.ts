import { DefinitionProblem } from '../errors.ts';
import type { LogQuery, TraceQuery } from '../query/logs.ts';
import type { Query } from '../query/query.ts';
import { checkObservable, type Line, type Observable } from './observable.ts';
import { checkVariable, type Variable } from './variable.ts';

/** The width of a dashboard in columns, in Grafana as in Perses. */
export const COLUMNS = 24;

/** The dashboards there are. Alerts link to them by these. */
export const dashboardUids = [
  'moq-pipeline',
  'moq-relay',
  'moq-debug',
  'moq-audience',
  'moq-slo',
  'moq-telemetry',
] as const;
/** A dashboard, for good. */
export type DashboardUid = (typeof dashboardUids)[number];

/** What a place on the grid takes. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where a line of a table leads: to a dashboard, of which key labels set variables, or to the runbook of an alert. */
export type RowLink =
  | {
      readonly title: string;
      readonly to: DashboardUid;
      /** The variables there, and the key labels their values come from. */
      readonly variables: Readonly<Record<string, string>>;
    }
  | {
      readonly title: string;
      /** The key label that has the name of the alert. */
      readonly runbookOf: string;
    };

/** How numbers are drawn. */
export type Picture =
  /** Lines over time; filled and on top of one another when they add up to something. */
  | { readonly as: 'timeseries'; readonly stacked?: boolean }
  /** The number as it is now. */
  | { readonly as: 'stat' }
  /** The number as it is now, between two ends. */
  | { readonly as: 'gauge'; readonly min: number; readonly max: number }
  /** A line per series, a column per query. */
  | {
      readonly as: 'table';
      /** The labels that tell lines apart, and the headers of their columns. */
      readonly key: Readonly<Record<string, string>>;
      /** Where a line leads. */
      readonly links?: readonly RowLink[];
      /** The column that decides which lines come first, by its header, and whether the greatest do. */
      readonly sort?: { readonly column: string; readonly greatestFirst: boolean };
    }
  /** How often what was observed lay between which bounds, over the whole time that is looked at. Queries give buckets. */
  | { readonly as: 'distribution' }
  /** How often what was observed lay between which bounds, over time. Queries give buckets. */
  | { readonly as: 'heatmap' }
  /** A band per series over time, coloured by thresholds. */
  | { readonly as: 'bands' };

/** A panel that asks Prometheus. */
export interface MetricPanel extends Size {
  readonly kind: 'metrics';
  readonly observable: Observable;
  readonly picture: Picture;
  /** The most points in time it asks for, when fewer than it has pixels say enough. */
  readonly points?: number;
}

/** A panel of log lines. */
export interface LogPanel extends Size {
  readonly kind: 'logs';
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly query: LogQuery;
}

/** A panel of traces: a search, one trace, or who calls whom. */
export interface TracePanel extends Size {
  readonly kind: 'traces';
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly show:
    | { readonly what: 'search'; readonly query: TraceQuery }
    | { readonly what: 'trace'; readonly variable: string }
    | { readonly what: 'services' };
}

/** Words. */
export interface TextPanel extends Size {
  readonly kind: 'text';
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Markdown. */
  readonly text: string;
}

/** What stands in a place on the grid. */
export type Panel = LogPanel | MetricPanel | TextPanel | TracePanel;

/** Panels that belong together. */
export interface Row {
  readonly title: string;
  /** Whether it is folded at first, and asks nothing until it is opened. */
  readonly folded?: boolean;
  readonly panels: readonly Panel[];
}

/** A dashboard. */
export interface Dashboard {
  readonly uid: DashboardUid;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly Row[];
  /** The time that is looked at at first, back from now. */
  readonly range: `${number}${'m' | 'h' | 'd'}`;
  /** How often it is asked again. */
  readonly refresh: `${number}${'s' | 'm'}`;
}

/** A panel and where it stands. */
export interface Placed {
  readonly panel: Panel;
  readonly x: number;
  readonly y: number;
}

/** The name of a panel: that of its observable. */
export function panelName(panel: Panel): string {
  return panel.kind === 'metrics' ? panel.observable.name : panel.name;
}

/** All panels of a dashboard. */
export function panelsOf({ rows }: Pick<Dashboard, 'rows'>): readonly Panel[] {
  return rows.flatMap(({ panels }) => panels);
}

/** All queries of a dashboard to Prometheus. */
export function queriesOf(dashboard: Pick<Dashboard, 'rows'>): readonly Query[] {
  return panelsOf(dashboard).flatMap((panel) =>
    panel.kind === 'metrics' ? panel.observable.lines.map(({ query }) => query) : [],
  );
}

/** Places panels in reading order, from the top left; a new line where the last one is full. */
export function place(panels: readonly Panel[]): {
  readonly placed: readonly Placed[];
  readonly height: number;
} {
  const placed: Placed[] = [];
  let [x, y, lineHeight] = [0, 0, 0];
  for (const panel of panels) {
    if (x + panel.width > COLUMNS) [x, y, lineHeight] = [0, y + lineHeight, 0];
    placed.push({ panel, x, y });
    x += panel.width;
    lineHeight = Math.max(lineHeight, panel.height);
  }
  return { placed, height: y + lineHeight };
}

/**
 * Defines a dashboard.
 *
 * @throws DefinitionProblem when it, or an observable of it, cannot work
 */
export function dashboard(definition: Dashboard): Dashboard {
  const { uid, title, description, variables, rows } = definition;
  const panels = panelsOf(definition);
  for (const panel of panels) if (panel.kind === 'metrics') checkObservable(panel.observable);
  for (const variable of variables) checkVariable(variable);
  const problems: string[] = [];
  if (!dashboardUids.includes(uid)) problems.push(`its uid is none of ${dashboardUids.join(', ')}`);
  if (!title) problems.push('a title is missing');
  if (!description) problems.push('a description is missing');
  for (const row of rows) if (row.panels.length === 0) problems.push(`row "${row.title}" is empty`);
  const names = new Set<string>();
  const known = new Set(variables.map(({ name }) => name));
  for (const panel of panels) {
    const name = panelName(panel);
    if (names.has(name)) problems.push(`two panels are called "${name}"`);
    names.add(name);
    problems.push(...panelProblems(panel, known).map((problem) => `${name}: ${problem}`));
  }
  for (const variable of variables) {
    const asked = variable.kind === 'values' ? [...variable.of.variables] : [];
    for (const name of asked)
      if (!known.has(name)) problems.push(`$${variable.name} asks for $${name}, which is not there`);
  }
  if (problems.length > 0) throw new DefinitionProblem('dashboard', uid, problems);
  return definition;
}

function panelProblems(panel: Panel, variables: ReadonlySet<string>): readonly string[] {
  const problems: string[] = [];
  const { width, height } = panel;
  if (!Number.isInteger(width) || width < 1 || width > COLUMNS) {
    problems.push(`a width of ${width} does not fit into ${COLUMNS} columns`);
  }
  if (!Number.isInteger(height) || height < 1) problems.push(`a height of ${height}`);
  if (panel.kind !== 'metrics') {
    if (!panel.title || !panel.description) problems.push('a title or a description is missing');
  }
  for (const name of variablesOf(panel)) {
    if (!variables.has(name)) problems.push(`it asks for $${name}, which the dashboard does not have`);
  }
  if (panel.kind === 'metrics') problems.push(...pictureProblems(panel));
  return problems;
}

function pictureProblems({ picture, observable }: MetricPanel): readonly string[] {
  if (picture.as === 'distribution' || picture.as === 'heatmap') {
    return observable.lines
      .filter(({ query }) => query.labels.join() !== 'le')
      .map(({ query }) => `a ${picture.as} shows buckets and nothing else, not ${query.text}`);
  }
  if (picture.as === 'table') {
    const key = Object.keys(picture.key);
    const columns = [
      ...Object.values(picture.key),
      ...observable.lines.flatMap(({ legend, labelColumns }) => [
        legend,
        ...Object.values(labelColumns ?? {}),
      ]),
    ];
    const linked = (picture.links ?? []).flatMap((link) =>
      'to' in link ? Object.values(link.variables) : [link.runbookOf],
    );
    return [
      ...observable.lines.flatMap((line) => columnProblems(line, key)),
      ...linked
        .filter((label) => !key.includes(label))
        .map((label) => `a link needs "${label}", by which no line is told`),
      ...(picture.sort && !columns.includes(picture.sort.column)
        ? [`it is sorted by "${picture.sort.column}", which is no column`]
        : []),
    ];
  }
  return picture.as === 'bands' && !observable.thresholds ? ['bands are coloured by thresholds'] : [];
}

/** The lines of several queries become one only when the series of each have exactly the labels that tell lines apart. */
function columnProblems({ query, labelColumns }: Line, key: readonly string[]): readonly string[] {
  const expected = [...key, ...Object.keys(labelColumns ?? {})].toSorted();
  const problems: string[] = [];
  if (expected.join() !== query.labels.join()) {
    problems.push(
      `a line of the table is told by ${expected.join(', ')}, and not by the labels of ${query.text}`,
    );
  }
  if ('isSelection' in query) problems.push(`${query.text} brings its own name along: sum it up`);
  return problems;
}

function variablesOf(panel: Panel): readonly string[] {
  switch (panel.kind) {
    case 'metrics':
      return panel.observable.lines.flatMap(({ query }) => [...query.variables]);
    case 'logs':
      return panel.query.variables;
    case 'traces':
      switch (panel.show.what) {
        case 'search':
          return panel.show.query.variables;
        case 'trace':
          return [panel.show.variable];
        case 'services':
          return [];
      }
    case 'text':
      return [];
  }
}
