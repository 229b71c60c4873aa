import { composeAddresses } from '../emit/grafana/provisioning.ts';
import { alertmanagerFile } from './alertmanager.ts';
import { grafanaFiles } from './grafana.ts';
import { persesFiles } from './perses.ts';
import { DASHBOARDS_IN_CONTAINER, provisioningFiles } from './provisioning.ts';
import { ruleFiles } from './rules.ts';
import { runbookFiles } from './runbooks.ts';
import type { Model } from '../model.ts';
import type { Site } from '../site.ts';

/** A file that is generated. */
export interface GeneratedFile {
  /** From the root of the workspace. */
  readonly path: string;
  readonly text: string;
}

/** Folders in which everything is generated: what else lies there is left over from before. */
export const generatedFolders = [
  'docs/alerts',
  'observability/grafana/dashboards',
  'observability/grafana/provisioning/alerting',
  'observability/grafana/provisioning/dashboards',
  'observability/grafana/provisioning/datasources',
  'observability/perses',
  'observability/tests',
] as const;

/** Everything that is generated. */
export function generatedFiles(model: Model, site: Site): readonly GeneratedFile[] {
  return [
    ...ruleFiles(model.ruleGroups, model.alerts, site),
    { path: 'observability/alertmanager.yml', text: alertmanagerFile({}) },
    ...grafanaFiles(model.dashboards, site),
    ...persesFiles(model.dashboards),
    ...provisioningFiles(composeAddresses, DASHBOARDS_IN_CONTAINER),
    ...runbookFiles(model, site),
  ];
}
