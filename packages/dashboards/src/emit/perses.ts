/** Dashboards as Perses reads them. It draws classic histograms neither as heatmaps nor as bars: there they are lines. */
import {
  type Dashboard,
  type MetricPanel,
  type Panel,
  panelName,
  panelsOf,
  place,
  type Row,
  type TracePanel,
} from '../model/dashboard.ts';
import type { Line, Thresholds } from '../model/observable.ts';
import type { Variable } from '../model/variable.ts';
import type { Unit } from '../unit.ts';
import { COLORS } from './names.ts';

/** Something with a kind, as everything in Perses. */
interface Kinded<Spec = object> {
  readonly kind: string;
  readonly spec: Spec;
}

/** A dashboard as Perses reads it. */
export interface PersesDashboard extends Kinded {
  readonly kind: 'Dashboard';
  readonly metadata: { readonly name: string; readonly project: string };
  readonly spec: {
    readonly display: { readonly name: string; readonly description: string };
    readonly duration: string;
    readonly refreshInterval: string;
    readonly variables: readonly Kinded[];
    readonly panels: Readonly<Record<string, Kinded>>;
    readonly layouts: readonly Kinded[];
  };
}

/** The project our dashboards are in. */
const PROJECT = 'moq';

/** A dashboard as Perses reads it. */
export function persesDashboard(dashboard: Dashboard): PersesDashboard {
  const { uid, title, description, range, refresh, variables, rows } = dashboard;
  return {
    kind: 'Dashboard',
    metadata: { name: uid, project: PROJECT },
    spec: {
      display: { name: title, description },
      duration: range,
      refreshInterval: refresh,
      variables: variables.map(variableOf),
      panels: Object.fromEntries(panelsOf(dashboard).map((panel) => [panelName(panel), panelOf(panel)])),
      layouts: rows.map(layoutOf),
    },
  };
}

function variableOf(variable: Variable): Kinded {
  const { name, title } = variable;
  if (variable.kind === 'text')
    return { kind: 'TextVariable', spec: { name, display: { name: title }, value: '' } };
  const { of, label, many } = variable;
  return {
    kind: 'ListVariable',
    spec: {
      name,
      display: { name: title },
      allowAllValue: many,
      allowMultiple: many,
      ...(many && { defaultValue: '$__all', customAllValue: '.*' }),
      sort: 'alphabetical-asc',
      plugin: { kind: 'PrometheusLabelValuesVariable', spec: { labelName: label, matchers: [of.text] } },
    },
  };
}

function layoutOf({ title, folded = false, panels }: Row): Kinded {
  return {
    kind: 'Grid',
    spec: {
      display: { title, collapse: { open: !folded } },
      items: place(panels).placed.map(({ panel, x, y }) => ({
        x,
        y,
        width: panel.width,
        height: panel.height,
        content: { $ref: `#/spec/panels/${panelName(panel)}` },
      })),
    },
  };
}

function panelOf(panel: Panel): Kinded {
  if (panel.kind === 'metrics') return metricPanel(panel);
  const { title: name, description } = panel;
  return { kind: 'Panel', spec: { display: { name, description }, ...contentOf(panel) } };
}

interface Content {
  readonly plugin: Kinded;
  readonly queries?: readonly Kinded[];
}

function contentOf(panel: Exclude<Panel, MetricPanel>): Content {
  switch (panel.kind) {
    case 'text':
      return { plugin: { kind: 'Markdown', spec: { text: panel.text } } };
    case 'logs':
      return {
        plugin: { kind: 'LogsTable', spec: {} },
        queries: [query('LogQuery', 'LokiLogQuery', { query: panel.query.text })],
      };
    case 'traces': {
      const kind = panel.show.what === 'trace' ? 'TracingGanttChart' : 'TraceTable';
      const asked = query('TraceQuery', 'TempoTraceQuery', { query: traceText(panel) });
      return { plugin: { kind, spec: {} }, queries: [asked] };
    }
  }
}

function traceText({ show }: TracePanel): string {
  switch (show.what) {
    case 'search':
      return show.query.text;
    case 'trace':
      return `$${show.variable}`;
    case 'services':
      // Perses has no map of services: a list of all spans is the nearest to it.
      return '{ }';
  }
}

function query(kind: string, plugin: string, spec: object): Kinded {
  return { kind, spec: { plugin: { kind: plugin, spec } } };
}

function metricPanel({ observable, picture }: MetricPanel): Kinded {
  const { title: name, description, unit, thresholds, lines } = observable;
  return {
    kind: 'Panel',
    spec: {
      display: { name, description },
      plugin: chartOf(picture, unit, thresholds, lines),
      queries: lines.map((line) =>
        query('TimeSeriesQuery', 'PrometheusTimeSeriesQuery', {
          query: line.query.text,
          seriesNameFormat: line.legend,
        }),
      ),
    },
  };
}

function chartOf(
  picture: MetricPanel['picture'],
  unit: Unit,
  thresholds: Thresholds | undefined,
  lines: readonly Line[],
): Kinded {
  const format = { unit: PERSES_UNITS[unit] };
  const bounds = thresholds && { thresholds: thresholdsOf(thresholds) };
  switch (picture.as) {
    case 'timeseries':
      return {
        kind: 'TimeSeriesChart',
        spec: {
          legend: { position: 'bottom', mode: 'list' },
          yAxis: { format, min: 0 },
          ...(picture.stacked && { visual: { stack: 'all', areaOpacity: 0.4 } }),
          ...bounds,
        },
      };
    case 'stat':
      return { kind: 'StatChart', spec: { calculation: 'last', format, ...bounds } };
    case 'gauge':
      return { kind: 'GaugeChart', spec: { calculation: 'last', format, max: picture.max, ...bounds } };
    case 'bands':
      return { kind: 'StatusHistoryChart', spec: { legend: { position: 'bottom', mode: 'list' } } };
    case 'distribution':
    case 'heatmap':
      return {
        kind: 'TimeSeriesChart',
        spec: {
          legend: { position: 'right', mode: 'list' },
          yAxis: { format: { unit: PERSES_UNITS[picture.as === 'heatmap' ? 'per_second' : unit] }, min: 0 },
        },
      };
    case 'table':
      return {
        kind: 'Table',
        spec: {
          density: 'compact',
          transforms: lines.length > 1 ? [{ kind: 'MergeSeries', spec: {} }] : [],
          columnSettings: [
            { name: 'timestamp', hide: true },
            ...Object.entries(picture.key).map(([name, header]) => ({ name, header })),
            ...lines.flatMap((line, i) =>
              columnsOf(line, lines.length > 1 ? `value #${i + 1}` : 'value', unit),
            ),
          ],
        },
      };
  }
}

function columnsOf({ legend, labelColumns, unit: own }: Line, value: string, unit: Unit): readonly object[] {
  if (!labelColumns) return [{ name: value, header: legend, format: { unit: PERSES_UNITS[own ?? unit] } }];
  return [
    { name: value, hide: true },
    ...Object.entries(labelColumns).map(([name, header]) => ({ name, header })),
  ];
}

/** Perses colours what is above a bound; where less is worse, everything below the worst bound has the default colour. */
function thresholdsOf({ worse, warning, critical }: Thresholds): object {
  const bounds = [
    ...(warning === undefined ? [] : [{ value: warning, color: COLORS.warning }]),
    ...(critical === undefined ? [] : [{ value: critical, color: COLORS.critical }]),
  ];
  if (worse === 'above') return { defaultColor: COLORS.good, steps: bounds };
  const worstFirst = bounds.toReversed();
  const colors = [...worstFirst.slice(1).map(({ color }) => color), COLORS.good];
  return {
    defaultColor: worstFirst[0]!.color,
    steps: worstFirst.map(({ value }, i) => ({ value, color: colors[i] })),
  };
}

const PERSES_UNITS: Readonly<Record<Unit, string>> = {
  s: 'seconds',
  By: 'bytes',
  'By/s': 'bytes/sec',
  'bits/s': 'decbits/sec',
  ratio: 'percent-decimal',
  count: 'decimal',
  per_second: 'counts/sec',
  per_hour: 'decimal',
  cores: 'decimal',
  burn: 'decimal',
  health: 'decimal',
};
