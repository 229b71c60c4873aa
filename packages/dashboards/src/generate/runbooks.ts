import { runbook, runbookIndex } from '../emit/runbooks.ts';
import type { Model } from '../model.ts';
import type { Site } from '../site.ts';
import type { GeneratedFile } from './files.ts';
import { markdown } from './text.ts';

/** A page for each alert, and the list of them. */
export function runbookFiles({ alerts, dashboards }: Model, site: Site): readonly GeneratedFile[] {
  return [
    { path: 'docs/alerts/README.md', text: markdown(runbookIndex(alerts)) },
    ...alerts.map((alert) => ({
      path: `docs/alerts/${alert.name}.md`,
      text: markdown(runbook(alert, dashboards, site)),
    })),
  ];
}
