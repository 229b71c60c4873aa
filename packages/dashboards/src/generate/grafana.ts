import { lint } from '../check/grafana.ts';
import { grafanaDashboard } from '../emit/grafana/dashboard.ts';
import type { Dashboard } from '../model/dashboard.ts';
import type { Site } from '../site.ts';
import type { GeneratedFile } from './files.ts';
import { json } from './text.ts';

/**
 * The files of dashboards, as Grafana reads them.
 *
 * @throws DefinitionProblem when one of them would not do in Grafana
 */
export function grafanaFiles(dashboards: readonly Dashboard[], site: Site): readonly GeneratedFile[] {
  const emitted = dashboards.map((dashboard) => grafanaDashboard(dashboard, site));
  lint(emitted);
  return emitted.map((dashboard) => ({
    path: `observability/grafana/dashboards/${dashboard.uid}.json`,
    text: json(dashboard),
  }));
}
