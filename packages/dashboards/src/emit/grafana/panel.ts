/** Panels as Grafana reads them, but for where they stand. */
import type { Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  type FieldConfigSource,
  type Panel as GrafanaPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as loki from '@grafana/grafana-foundation-sdk/loki';
import * as tempo from '@grafana/grafana-foundation-sdk/tempo';
import * as logs from '@grafana/grafana-foundation-sdk/logs';
import * as text from '@grafana/grafana-foundation-sdk/text';
import type { DashboardUid, LogPanel, Panel, TextPanel, TracePanel } from '../../model/dashboard.ts';
import type { Site } from '../../site.ts';
import { metricPanel } from './metrics.ts';
import { plain, source } from './source.ts';

/** A panel, without id and place. */
export function grafanaPanel(panel: Panel, from: DashboardUid, site: Site): GrafanaPanel {
  switch (panel.kind) {
    case 'metrics':
      return metricPanel(panel, from, site);
    case 'logs':
      return logPanel(panel);
    case 'traces':
      return tracePanel(panel);
    case 'text':
      return textPanel(panel);
  }
}

/** Fields of panels whose looks no number decides. */
const PLAIN: FieldConfigSource = { defaults: {}, overrides: [] };

function logPanel({ title, description, query }: LogPanel): GrafanaPanel {
  const target: loki.dataquery = {
    ...loki.defaultDataquery(),
    refId: 'A',
    datasource: source('loki'),
    expr: query.text,
    queryType: loki.LokiQueryType.Range,
    maxLines: 1000,
  };
  const options: logs.Options = {
    ...logs.defaultOptions(),
    showTime: true,
    wrapLogMessage: true,
    enableLogDetails: true,
  };
  return {
    type: 'logs',
    title,
    description,
    datasource: source('loki'),
    targets: [plain(target)],
    options,
    fieldConfig: PLAIN,
  };
}

function ask(query: Partial<tempo.Dataquery>): Dataquery[] {
  return [plain({ ...tempo.defaultDataquery(), refId: 'A', datasource: source('tempo'), ...query })];
}

function tracePanel({ title, description, show }: TracePanel): GrafanaPanel {
  const common = { title, description, datasource: source('tempo'), fieldConfig: PLAIN, options: {} };
  switch (show.what) {
    case 'search':
      return {
        ...common,
        type: 'table',
        targets: ask({
          queryType: tempo.TempoQueryType.Traceql,
          query: show.query.text,
          tableType: tempo.SearchTableType.Traces,
          limit: 50,
        }),
      };
    case 'trace':
      return {
        ...common,
        type: 'traces',
        targets: ask({ queryType: tempo.TempoQueryType.Traceql, query: `$${show.variable}` }),
      };
    case 'services':
      return { ...common, type: 'nodeGraph', targets: ask({ queryType: tempo.TempoQueryType.ServiceMap }) };
  }
}

function textPanel({ title, description, text: content }: TextPanel): GrafanaPanel {
  const options: text.Options = { ...text.defaultOptions(), mode: text.TextMode.Markdown, content };
  return { type: 'text', title, description, options, fieldConfig: PLAIN };
}
