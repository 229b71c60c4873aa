import { grafanaFiles } from './grafana.ts';
import { ruleFiles } from './rules.ts';
import type { Model } from '../model.ts';
import type { Site } from '../site.ts';

/** A file that is generated. */
export interface GeneratedFile {
  /** From the root of the workspace. */
  readonly path: string;
  readonly text: string;
}

/** Folders in which everything is generated: what else lies there is left over from before. */
export const generatedFolders = ['observability/grafana/dashboards', 'observability/tests'] as const;

/** Everything that is generated. */
export function generatedFiles(model: Model, site: Site): readonly GeneratedFile[] {
  return [...ruleFiles(model.ruleGroups, model.alerts, site), ...grafanaFiles(model.dashboards, site)];
}
