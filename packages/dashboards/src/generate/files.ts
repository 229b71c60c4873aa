import { alerts } from '../alerts/index.ts';
import { ruleGroups } from '../rules/index.ts';
import type { Site } from '../site.ts';
import { ruleFiles } from './rules.ts';

/** A file that is generated. */
export interface GeneratedFile {
  /** From the root of the workspace. */
  readonly path: string;
  readonly text: string;
}

/** Everything that is generated. */
export function generatedFiles(site: Site): readonly GeneratedFile[] {
  return ruleFiles(ruleGroups, alerts, site);
}
