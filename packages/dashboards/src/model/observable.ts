import type { AlertName } from '../alerts/names.ts';
import { DefinitionProblem } from '../errors.ts';
import type { Query } from '../query/query.ts';
import { isUnit, type Unit } from '../unit.ts';

/** From where on a number is bad, and in which direction. */
export interface Thresholds {
  readonly worse: 'above' | 'below';
  readonly warning?: number;
  readonly critical?: number;
}

/** One query of an observable: a line, a number, or a column. */
export interface Line {
  readonly query: Query;
  /** What it is called; `{{label}}` stands for a label's value. */
  readonly legend: string;
  /** When it is not in the unit of the observable. */
  readonly unit?: Unit;
  /** When they are not those of the observable. */
  readonly thresholds?: Thresholds;
  /** Whether traces that are examples of it are shown with it. Only what histograms count has them. */
  readonly exemplars?: boolean;
  /** The labels a table shows as columns of their own; the value is not shown then. */
  readonly labelColumns?: Readonly<Record<string, string>>;
}

/** What watches an observable when nobody looks: alerts and what to do then, or why there are none. */
export type Watched =
  | { readonly alerts: readonly [AlertName, ...AlertName[]]; readonly nextSteps: string }
  | { readonly noAlert: string; readonly nextSteps?: string };

/** Something that can be seen: a question, the queries that answer it, and what to make of the answer. */
export interface Observable {
  /** Unique on its dashboard, and never changed: the id of its panel is made of it. */
  readonly name: string;
  readonly title: string;
  /** What it is, in a sentence or two. */
  readonly description: string;
  readonly unit: Unit;
  readonly lines: readonly Line[];
  readonly thresholds?: Thresholds;
  readonly watched: Watched;
  /** Why there is nothing to see while all is well; without it there must be something. */
  readonly emptyWhenHealthy?: string;
}

/**
 * Checks an observable.
 *
 * @throws DefinitionProblem with its name and everything that is wrong with it
 */
export function checkObservable(observable: Observable): void {
  const { name, title, description, unit, lines, thresholds, watched } = observable;
  const problems = lines.flatMap(({ query }) => query.problems);
  if (!/^[a-z][a-z0-9-]*$/.test(name)) problems.push('its name is not in kebab-case');
  if (!title) problems.push('a title is missing');
  if (!description) problems.push('a description is missing');
  if (lines.length === 0) problems.push('it asks nothing');
  for (const line of lines) {
    const { legend, exemplars, query } = line;
    const held = line.thresholds ?? thresholds;
    if (!legend) problems.push(`a legend is missing for ${query.text}`);
    const inLegend = [...legend.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label]) => label!);
    const unknown = [...inLegend, ...Object.keys(line.labelColumns ?? {})].filter(
      (label) => !query.labels.includes(label),
    );
    for (const label of unknown) problems.push(`its query has no label "${label}": ${query.text}`);
    if (!isUnit(line.unit ?? unit)) {
      problems.push(held ? 'thresholds without a unit' : `"${line.unit ?? unit}" is not a unit`);
    }
    problems.push(...thresholdProblems(held));
    if (exemplars && ![...query.metrics].some(({ kind }) => kind === 'histogram')) {
      problems.push(`only what a histogram counts has exemplars, not ${query.text}`);
    }
  }
  if ('alerts' in watched) {
    if (!watched.nextSteps) problems.push('it has alerts, and does not say what to do then');
  } else if (!watched.noAlert) {
    problems.push('it has no alert, and does not say why');
  } else if (thresholds && !watched.nextSteps) {
    problems.push('it has thresholds, and does not say what to do past them');
  }
  if (problems.length > 0) throw new DefinitionProblem('panel', name, [...new Set(problems)]);
}

function thresholdProblems(thresholds: Thresholds | undefined): readonly string[] {
  if (!thresholds) return [];
  const { worse, warning, critical } = thresholds;
  if (warning === undefined && critical === undefined) return ['thresholds without a number'];
  if (warning === undefined || critical === undefined) return [];
  return (worse === 'above' ? critical > warning : critical < warning)
    ? []
    : [`critical (${critical}) is not worse than warning (${warning})`];
}
