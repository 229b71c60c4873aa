/** What has bitten others in dashboards of Grafana, and Grafana itself says nothing of. */
import type {
  Dashboard as GrafanaDashboard,
  Panel as GrafanaPanel,
  RowPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DefinitionProblem } from '../errors.ts';
import { COLUMNS } from '../model/dashboard.ts';

/** Kinds of panels without numbers: they have no unit. */
const WORDS: ReadonlySet<string> = new Set(['logs', 'nodeGraph', 'text', 'traces']);

/** What Grafana itself fills in. */
const BUILT_IN = /^__/;

/**
 * Checks dashboards as Grafana would read them, all together.
 *
 * @throws DefinitionProblem with the uid of the dashboard, and the title of each panel that is wrong
 */
export function lint(dashboards: readonly GrafanaDashboard[]): void {
  const uids = new Set<string>();
  for (const { uid = '' } of dashboards) {
    if (!uid) throw new DefinitionProblem('dashboard', uid, 'its uid is missing');
    // Grafana stops provisioning all of them, without a word.
    if (uids.has(uid)) throw new DefinitionProblem('dashboard', uid, 'another dashboard has its uid');
    uids.add(uid);
  }
  for (const dashboard of dashboards) {
    const problems = lintOne(dashboard, uids);
    if (problems.length > 0) throw new DefinitionProblem('dashboard', dashboard.uid!, problems);
  }
}

function lintOne(dashboard: GrafanaDashboard, uids: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  if (dashboard.schemaVersion < 42) problems.push(`schema version ${dashboard.schemaVersion} is an old one`);
  const variables = dashboard.templating.list ?? [];
  const sources = new Set(variables.flatMap(({ type, name }) => (type === 'datasource' ? [name] : [])));
  const names = new Set(variables.map(({ name }) => name));
  const ids = new Map<number, string>();
  const shown = (dashboard.panels ?? []).flatMap((panel) =>
    isRow(panel) ? [panel, ...panel.panels] : [panel],
  );
  for (const panel of shown) {
    const title = panel.title ?? '';
    const say = (problem: string): unknown => problems.push(`panel "${title}": ${problem}`);
    if (!title) say('a title is missing');
    if (!Number.isInteger(panel.id) || panel.id! <= 0 || panel.id! >= 2 ** 31) say(`${panel.id} is no id`);
    const other = ids.get(panel.id!);
    if (other !== undefined) say(`"${other}" has the same id`);
    ids.set(panel.id!, title);
    for (const problem of placeProblems(panel)) say(problem);
    if (!isRow(panel)) {
      for (const problem of panelProblems(panel, sources, names, uids)) say(problem);
    }
  }
  for (const [one, another] of overlaps(dashboard.panels ?? [])) {
    problems.push(`panels "${one}" and "${another}" cover one another`);
  }
  for (const { name, type, datasource } of variables) {
    if (type === 'query' && !isChosen(datasource?.uid, sources)) {
      problems.push(`variable "${name}" asks a datasource nobody chose`);
    }
  }
  return problems;
}

function panelProblems(
  panel: GrafanaPanel,
  sources: ReadonlySet<string>,
  variables: ReadonlySet<string>,
  uids: ReadonlySet<string>,
): readonly string[] {
  const problems: string[] = [];
  if (!panel.description) problems.push('a description is missing');
  if (panel.type === 'text') return problems;
  if (!isChosen(panel.datasource?.uid, sources))
    problems.push('its datasource is not a variable of the dashboard');
  const asksPrometheus = panel.datasource?.type === 'prometheus';
  if (asksPrometheus && !WORDS.has(panel.type) && !panel.fieldConfig?.defaults.unit) {
    problems.push('a unit is missing');
  }
  const targets = (panel.targets ?? []) as readonly Target[];
  if (targets.length === 0) problems.push('it asks nothing');
  for (const { refId, datasource, expr = '', query = '' } of targets) {
    if (!refId) problems.push('a query has no name');
    if (!isChosen(datasource?.uid, sources)) problems.push(`query ${refId} asks a datasource nobody chose`);
    // A fixed window is empty when the scrape interval is longer, and misses samples when the step is.
    if (/\brate\([^)]*\[(?!\$__rate_interval\])/.test(expr)) {
      problems.push(`query ${refId} takes a rate over a window of its own: ${expr}`);
    }
    for (const [, name] of `${expr} ${query}`.matchAll(/\$\{?([a-z_]\w*)/gi)) {
      if (!BUILT_IN.test(name!) && !variables.has(name!))
        problems.push(`query ${refId} asks for $${name}, which nobody chose`);
    }
  }
  for (const [, uid] of JSON.stringify(panel.fieldConfig ?? {}).matchAll(/"\/d\/([\w-]+)/g)) {
    if (!uids.has(uid!)) problems.push(`it links to a dashboard "${uid}", which does not exist`);
  }
  return problems;
}

/** What a query has, whichever datasource it asks. */
interface Target {
  readonly refId?: string;
  readonly datasource?: { readonly uid?: string };
  readonly expr?: string;
  readonly query?: string;
}

function isChosen(uid: string | undefined, sources: ReadonlySet<string>): boolean {
  const name = /^\$\{(\w+)\}$/.exec(uid ?? '')?.[1];
  return name !== undefined && sources.has(name);
}

function placeProblems({ gridPos }: GrafanaPanel | RowPanel): readonly string[] {
  if (!gridPos) return ['it has no place'];
  const { x, y, w, h } = gridPos;
  const fits = x >= 0 && y >= 0 && w >= 1 && h >= 1 && x + w <= COLUMNS;
  return fits ? [] : [`it does not fit into ${COLUMNS} columns: x ${x}, width ${w}`];
}

function* overlaps(
  panels: readonly (GrafanaPanel | RowPanel)[],
): Generator<readonly [one: string, another: string]> {
  for (const [i, one] of panels.entries()) {
    for (const another of panels.slice(i + 1)) {
      const [a, b] = [one.gridPos, another.gridPos];
      if (a && b && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h) {
        yield [one.title ?? '', another.title ?? ''];
      }
    }
  }
}

function isRow(panel: GrafanaPanel | RowPanel): panel is RowPanel {
  return panel.type === 'row';
}
