import {
  type BackendAddresses,
  contactPoints,
  dashboardProviders,
  datasources,
  notificationPolicies,
} from '../emit/grafana/provisioning.ts';
import type { GeneratedFile } from './files.ts';
import { yaml } from './text.ts';

/** The folder dashboards are mounted at in Grafana's container. */
export const DASHBOARDS_IN_CONTAINER = '/etc/grafana/dashboards';

/** What Grafana sets up by itself at its start. */
export function provisioningFiles(at: BackendAddresses, dashboards: string): readonly GeneratedFile[] {
  return [
    file('datasources/moq', datasources(at), 'Metrics lead to traces by exemplars, traces to logs and back.'),
    file('dashboards/moq', dashboardProviders(dashboards)),
    file(
      'alerting/contact-points',
      contactPoints(at),
      'Alertmanager says who is told, also of alerts made in Grafana; its rules are read from Prometheus.',
    ),
    file('alerting/policies', notificationPolicies()),
  ];
}

function file(name: string, value: object, ...head: readonly string[]): GeneratedFile {
  return { path: `observability/grafana/provisioning/${name}.yml`, text: yaml(value, head) };
}
