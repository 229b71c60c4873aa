import { schema } from '@moq-observability/moq-metrics';
import { alertNames } from '../alerts/names.ts';
import { DefinitionProblem } from '../errors.ts';
import { queriesOf } from '../model/dashboard.ts';
import type { Model } from '../model.ts';
import type { Query } from '../query/query.ts';
import { syntaxProblem } from './promql.ts';
import { metricsOf } from './usage.ts';

/**
 * Checks what no definition can see by itself: that names are there once, that what is asked for is recorded, and that
 * every query is PromQL, and that every metric of the schema can be seen.
 *
 * @throws DefinitionProblem with the name of what cannot work
 */
export function checkModel({ ruleGroups, alerts, dashboards }: Model): void {
  const rules = ruleGroups.flatMap((group) => group.rules);
  once(
    'rule',
    'group',
    ruleGroups.map(({ name }) => name),
  );
  once(
    'rule',
    'recorded series',
    rules.map(({ name }) => name),
  );
  once(
    'alert',
    'alert',
    alerts.map(({ name }) => name),
  );
  once(
    'dashboard',
    'dashboard',
    dashboards.map(({ uid }) => uid),
  );
  for (const name of alertNames) {
    if (!alerts.some((alert) => alert.name === name))
      throw new DefinitionProblem('alert', name, 'it is not defined');
  }
  const recorded = new Set(rules);
  const check = (code: 'alert' | 'dashboard' | 'rule', subject: string, queries: readonly Query[]): void => {
    const problems = queries.flatMap((query) => [
      ...[...query.recorded]
        .filter((rule) => !recorded.has(rule))
        .map(({ name }) => `${name} is not recorded`),
      ...[syntaxProblem(query.text)].filter((problem) => problem !== undefined),
    ]);
    if (problems.length > 0) throw new DefinitionProblem(code, subject, problems);
  };
  for (const { name, query } of rules) check('rule', name, [query]);
  for (const { name, measure, condition, runbook } of alerts) {
    check('alert', name, [measure, condition, ...runbook.diagnosis.flatMap(({ query }) => query ?? [])]);
  }
  for (const dashboard of dashboards) check('dashboard', dashboard.uid, queriesOf(dashboard));
  const shown = metricsOf(dashboards.flatMap(queriesOf));
  for (const { metrics } of schema()) {
    for (const metric of metrics.values()) {
      if (!shown.has(metric)) throw new DefinitionProblem('model', metric.name, 'it is on no dashboard');
    }
  }
}

function once(code: 'alert' | 'dashboard' | 'rule', what: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new DefinitionProblem(code, twice, `there are two of this ${what}`);
}
