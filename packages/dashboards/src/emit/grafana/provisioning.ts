/** What Grafana sets up by itself at its start: datasources and how they lead to one another, dashboards, alerting. */
import { logFields } from '@moq-observability/moq-metrics';
import { lokiName } from '../../query/logs.ts';

/** Where the backends are, as Grafana sees them. */
export interface BackendAddresses {
  readonly prometheus: string;
  readonly alertmanager: string;
  readonly loki: string;
  readonly tempo: string;
}

/** By the names of the services in the compose file. */
export const composeAddresses: BackendAddresses = {
  prometheus: 'http://prometheus:9090',
  alertmanager: 'http://alertmanager:9093',
  loki: 'http://loki:3100',
  tempo: 'http://tempo:3200',
};

/** The shortest time between two samples that can be relied on: rates are taken over four of these at least. */
const SCRAPE_INTERVAL = '15s';

/** Datasources. A `$` that Grafana must not replace by a variable of its environment is written twice. */
export function datasources(at: BackendAddresses): object {
  const traceId = lokiName(logFields.traceId.name);
  const session = lokiName(logFields.session.name);
  return {
    apiVersion: 1,
    datasources: [
      {
        ...datasource('prometheus', 'Prometheus', at.prometheus),
        isDefault: true,
        jsonData: {
          httpMethod: 'POST',
          prometheusType: 'Prometheus',
          manageAlerts: true,
          alertmanagerUid: 'alertmanager',
          timeInterval: SCRAPE_INTERVAL,
          exemplarTraceIdDestinations: [
            { name: traceId, datasourceUid: 'tempo', urlDisplayLabel: 'Open the trace' },
          ],
        },
      },
      {
        ...datasource('loki', 'Loki', at.loki),
        jsonData: {
          maxLines: 1000,
          derivedFields: [
            {
              name: 'Trace',
              matcherType: 'label',
              matcherRegex: traceId,
              url: '$${__value.raw}',
              datasourceUid: 'tempo',
              urlDisplayLabel: 'Open the trace',
            },
            {
              name: 'Session',
              matcherType: 'label',
              matcherRegex: session,
              url: '/d/moq-debug?var-session=$${__value.raw}',
              urlDisplayLabel: 'Everything of the session',
            },
          ],
        },
      },
      {
        ...datasource('tempo', 'Tempo', at.tempo),
        jsonData: {
          tracesToLogsV2: {
            datasourceUid: 'loki',
            spanStartTimeShift: '-5m',
            spanEndTimeShift: '5m',
            customQuery: true,
            // Of all services: what the relay says of it belongs to what the player went through.
            query: `{service_name=~".+"} | ${traceId} = "$\${__trace.traceId}"`,
          },
          tracesToMetrics: {
            datasourceUid: 'prometheus',
            spanStartTimeShift: '-5m',
            spanEndTimeShift: '5m',
            tags: [{ key: 'service.name', value: 'service' }],
            queries: [
              { name: 'Spans a second', query: 'sum(rate(traces_spanmetrics_calls_total{$$__tags}[5m]))' },
              {
                name: 'Duration, p95',
                query:
                  'histogram_quantile(0.95, sum by (le) (rate(traces_spanmetrics_latency_bucket{$$__tags}[5m])))',
              },
            ],
          },
          serviceMap: { datasourceUid: 'prometheus' },
          nodeGraph: { enabled: true },
        },
      },
      {
        ...datasource('alertmanager', 'Alertmanager', at.alertmanager),
        jsonData: { implementation: 'prometheus', handleGrafanaManagedAlerts: false },
      },
    ],
  };
}

function datasource(type: string, name: string, url: string): object {
  return { name, uid: type, type, access: 'proxy', url, editable: false };
}

/** Where Grafana finds dashboards, and how often it looks. */
export function dashboardProviders(folder: string): object {
  return {
    apiVersion: 1,
    providers: [
      {
        name: 'moq',
        folder: 'MoQ',
        folderUid: 'moq',
        type: 'file',
        disableDeletion: false,
        allowUiUpdates: false,
        updateIntervalSeconds: 10,
        options: { path: folder },
      },
    ],
  };
}

/** The name of the one contact point: Alertmanager. */
const CONTACT_POINT = 'Alertmanager';

/**
 * Contact points. Rules are Prometheus' and notifications Alertmanager's; an alert that somebody makes in Grafana goes
 * the same way, so that there is one place that says who is told.
 */
export function contactPoints({ alertmanager }: BackendAddresses): object {
  return {
    apiVersion: 1,
    contactPoints: [
      {
        orgId: 1,
        name: CONTACT_POINT,
        receivers: [
          { uid: 'moq-alertmanager', type: 'prometheus-alertmanager', settings: { url: alertmanager } },
        ],
      },
    ],
  };
}

/** Which alerts of Grafana itself go to which contact point: all to the one. */
export function notificationPolicies(): object {
  return {
    apiVersion: 1,
    policies: [{ orgId: 1, receiver: CONTACT_POINT, group_by: ['alertname', 'broadcast'] }],
  };
}
