import { persesDashboard } from '../emit/perses.ts';
import type { Dashboard } from '../model/dashboard.ts';
import type { GeneratedFile } from './files.ts';
import { json } from './text.ts';

/** The files of dashboards, as Perses reads them. */
export function persesFiles(dashboards: readonly Dashboard[]): readonly GeneratedFile[] {
  return dashboards.map((dashboard) => ({
    path: `observability/perses/${dashboard.uid}.json`,
    text: json(persesDashboard(dashboard)),
  }));
}
