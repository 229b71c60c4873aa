/** Panels of numbers as Grafana reads them. */
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorModeId,
  type FieldConfig,
  type FieldConfigSource,
  type Panel as GrafanaPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as gauge from '@grafana/grafana-foundation-sdk/gauge';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import type * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import type { DashboardUid, MetricPanel, Picture } from '../../model/dashboard.ts';
import type { Line } from '../../model/observable.ts';
import type { Site } from '../../site.ts';
import { describe } from './describe.ts';
import { type Looks, override, refId } from './fields.ts';
import { lineLinks } from './links.ts';
import { plain, source } from './source.ts';
import { tableParts } from './table.ts';
import { grafanaUnit, mappingsOf, steps } from './units.ts';

/** A panel of numbers, without id and place. */
export function metricPanel(panel: MetricPanel, from: DashboardUid, site: Site): GrafanaPanel {
  const { observable, picture, points } = panel;
  return {
    title: observable.title,
    description: describe(observable, site),
    datasource: source('prometheus'),
    targets: observable.lines.map((line, i) => plain(target(line, picture, refId(i)))),
    ...(points !== undefined && { maxDataPoints: points }),
    ...looks(panel, from, site),
  };
}

function target({ query, legend, exemplars }: Line, { as }: Picture, ref: string): prometheus.Dataquery {
  const instant = as === 'table' || as === 'gauge' || as === 'stat' || as === 'distribution';
  const format =
    as === 'table'
      ? prometheus.PromQueryFormat.Table
      : as === 'heatmap' || as === 'distribution'
        ? prometheus.PromQueryFormat.Heatmap
        : prometheus.PromQueryFormat.TimeSeries;
  return {
    ...prometheus.defaultDataquery(),
    refId: ref,
    datasource: source('prometheus'),
    editorMode: prometheus.QueryEditorMode.Code,
    expr: query.text,
    legendFormat: legend,
    format,
    instant,
    range: !instant,
    ...(exemplars && { exemplar: true }),
  };
}

function looks(panel: MetricPanel, from: DashboardUid, site: Site): Looks {
  const { observable, picture } = panel;
  const { unit, thresholds, lines } = observable;
  const defaults: FieldConfig = {
    unit: grafanaUnit(unit),
    mappings: mappingsOf(unit),
    thresholds: steps(thresholds),
    color: { mode: FieldColorModeId.Thresholds },
  };
  const reduceOptions: common.ReduceDataOptions = { values: false, calcs: ['lastNotNull'], fields: '' };
  switch (picture.as) {
    case 'timeseries':
      return lineLooks(panel, picture, defaults, from);
    case 'stat':
      return {
        type: 'stat',
        options: {
          ...stat.defaultOptions(),
          reduceOptions,
          graphMode: common.BigValueGraphMode.None,
          colorMode: thresholds ? common.BigValueColorMode.Background : common.BigValueColorMode.None,
          textMode: lines.length > 1 ? common.BigValueTextMode.ValueAndName : common.BigValueTextMode.Value,
        } satisfies stat.Options,
        fieldConfig: { defaults: { ...defaults, noValue: '–' }, overrides: lineOverrides(lines, unit) },
      };
    case 'gauge':
      return {
        type: 'gauge',
        options: {
          ...gauge.defaultOptions(),
          reduceOptions,
          showThresholdMarkers: true,
        } satisfies gauge.Options,
        fieldConfig: {
          defaults: { ...defaults, min: picture.min, max: picture.max, noValue: '–' },
          overrides: [],
        },
      };
    case 'distribution':
      return {
        type: 'bargauge',
        options: {
          ...bargauge.defaultOptions(),
          reduceOptions,
          orientation: common.VizOrientation.Vertical,
          displayMode: common.BarGaugeDisplayMode.Basic,
          valueMode: common.BarGaugeValueMode.Text,
        } satisfies bargauge.Options,
        fieldConfig: {
          defaults: { ...defaults, min: 0, color: { mode: FieldColorModeId.ContinuousBlues } },
          overrides: [],
        },
      };
    case 'heatmap':
      return {
        type: 'heatmap',
        options: {
          ...heatmap.defaultOptions(),
          yAxis: { unit: grafanaUnit(unit), axisPlacement: common.AxisPlacement.Left },
          cellValues: { unit: grafanaUnit('per_second') },
          color: {
            mode: heatmap.HeatmapColorMode.Scheme,
            scheme: 'Spectral',
            fill: 'dark-orange',
            scale: heatmap.HeatmapColorScale.Exponential,
            exponent: 0.5,
            steps: 64,
            reverse: true,
          },
          tooltip: { mode: common.TooltipDisplayMode.Single, yHistogram: true },
        } satisfies heatmap.Options,
        fieldConfig: { defaults: { unit: grafanaUnit(unit) }, overrides: [] },
      };
    case 'bands':
      return {
        type: 'state-timeline',
        options: {
          ...statetimeline.defaultOptions(),
          mergeValues: true,
          showValue: common.VisibilityMode.Never,
          rowHeight: 0.9,
          legend: { ...statetimeline.defaultOptions().legend, showLegend: false },
        } satisfies statetimeline.Options,
        fieldConfig: {
          defaults: {
            ...defaults,
            links: [...lineLinks(lines[0]!.query, from)],
            custom: { fillOpacity: 80, lineWidth: 0 } satisfies statetimeline.FieldConfig,
          },
          overrides: [],
        },
      };
    case 'table':
      return tableParts(observable, picture, defaults, site);
  }
}

function lineLooks(
  { observable }: MetricPanel,
  { stacked }: Picture & { readonly as: 'timeseries' },
  defaults: FieldConfig,
  from: DashboardUid,
): Looks {
  const { thresholds, lines, unit } = observable;
  const custom: timeseries.FieldConfig = {
    drawStyle: common.GraphDrawStyle.Line,
    lineWidth: stacked ? 1 : 2,
    fillOpacity: stacked ? 30 : 0,
    showPoints: common.VisibilityMode.Never,
    spanNulls: false,
    axisSoftMin: 0,
    ...(stacked && { stacking: { mode: common.StackingMode.Normal, group: 'A' } }),
    ...(thresholds && { thresholdsStyle: { mode: common.GraphThresholdsStyleMode.Dashed } }),
  };
  const options: timeseries.Options = {
    legend: {
      displayMode: common.LegendDisplayMode.List,
      placement: common.LegendPlacement.Bottom,
      showLegend: true,
      calcs: [],
    },
    tooltip: { mode: common.TooltipDisplayMode.Multi, sort: common.SortOrder.Descending },
  };
  return {
    type: 'timeseries',
    options,
    fieldConfig: {
      defaults: { ...defaults, color: { mode: FieldColorModeId.PaletteClassicByName }, custom },
      overrides: [
        ...lineOverrides(lines, unit),
        ...lines.flatMap(({ query }, i) => {
          const links = lineLinks(query, from);
          return links.length > 0 ? [override('byFrameRefID', refId(i), { links })] : [];
        }),
      ],
    },
  };
}

/** What a line has that differs from its panel. */
function lineOverrides(lines: readonly Line[], unit: string): FieldConfigSource['overrides'] {
  return lines.flatMap((line, i) =>
    line.unit !== undefined && line.unit !== unit
      ? [override('byFrameRefID', refId(i), { unit: grafanaUnit(line.unit) })]
      : [],
  );
}
