import { DefinitionProblem } from '../errors.ts';
import type { Unit } from '../unit.ts';
import type { Query } from './query.ts';

/** A series Prometheus records: the result of a query, under a name of its own. */
export interface Recorded<L extends string = string> {
  readonly kind: 'recorded';
  readonly name: string;
  readonly description: string;
  readonly unit: Unit;
  readonly query: Query<L>;
  readonly labels: readonly L[];
  /** Why there is nothing while all is well; without it there must be something. */
  readonly emptyWhenHealthy?: string;
}

/**
 * Defines a recorded series: `level:moq_what:how`, as in `stream:moq_viewers:sum`. What is recorded of a histogram may
 * have its name, which no series of its own has.
 *
 * @throws DefinitionProblem when the name is not of this form, or the query cannot be recorded
 */
export function record<L extends string>(definition: {
  readonly name: string;
  readonly description: string;
  readonly unit: Unit;
  readonly query: Query<L>;
  readonly emptyWhenHealthy?: string;
}): Recorded<L> {
  const { name, description, query } = definition;
  const problems = [...query.problems, ...ruleProblems(query)];
  const isOfHistogram = [...query.metrics].some(
    (metric) => metric.kind === 'histogram' && metric.name === name,
  );
  if (!isOfHistogram && !/^[a-z]+:moq_[a-z0-9_]+:[a-z0-9_]+$/.test(name)) {
    problems.push('its name is neither of the form level:moq_what:how nor that of a histogram it is made of');
  }
  if (!description) problems.push('a description is missing');
  if (problems.length > 0) throw new DefinitionProblem('rule', name, problems);
  return { kind: 'recorded', ...definition, labels: query.labels };
}

/** Why Prometheus could not evaluate a query by itself: it asks for something only a dashboard knows. */
export function ruleProblems({ variables, text }: Query): readonly string[] {
  const problems = [...variables].map((name) => `$${name} is known to dashboards only`);
  const macro = /\$__\w+/.exec(text)?.[0];
  if (macro !== undefined) problems.push(`${macro} is known to dashboards only`);
  return problems;
}
