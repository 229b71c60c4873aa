import { DefinitionProblem } from '../errors.ts';
import type { Duration } from '../query/query.ts';
import type { Recorded } from '../query/recorded.ts';

/** Recorded series that Prometheus evaluates together, one after another. */
export interface RuleGroup {
  readonly name: string;
  /** How often, when it is not as often as everything else. */
  readonly interval?: Duration;
  readonly rules: readonly Recorded[];
}

/**
 * Defines a group of recorded series.
 *
 * @throws DefinitionProblem when a name is there twice, or a rule stands before one it is made of
 */
export function ruleGroup(definition: RuleGroup): RuleGroup {
  const { name, rules } = definition;
  const problems: string[] = [];
  const seen = new Set<string>();
  const own = new Set(rules.map((rule) => rule.name));
  for (const rule of rules) {
    if (seen.has(rule.name)) problems.push(`${rule.name} is there twice`);
    for (const used of rule.query.recorded) {
      if (own.has(used.name) && !seen.has(used.name))
        problems.push(`${rule.name} stands before ${used.name}`);
    }
    seen.add(rule.name);
  }
  if (!/^moq-[a-z-]+$/.test(name)) problems.push('not a name for a group of rules');
  if (rules.length === 0) problems.push('it is empty');
  if (problems.length > 0) throw new DefinitionProblem('rule', name, problems);
  return definition;
}
