import { DefinitionProblem } from '../errors.ts';
import type { Selection } from '../query/query.ts';

/** A variable whose choices are the values of a label. */
export interface ValuesVariable {
  readonly kind: 'values';
  readonly name: string;
  readonly title: string;
  /** The series that have the label. */
  readonly of: Selection;
  readonly label: string;
  /** Whether any number of them may be chosen, and all are at first; otherwise it is one. */
  readonly many: boolean;
}

/** A variable that is typed in. */
export interface TextVariable {
  readonly kind: 'text';
  readonly name: string;
  readonly title: string;
}

/** What the viewer of a dashboard may choose. */
export type Variable = TextVariable | ValuesVariable;

/**
 * Checks a variable.
 *
 * @throws DefinitionProblem with its name and what is wrong with it
 */
export function checkVariable(variable: Variable): void {
  const problems: string[] = [];
  if (!/^[a-z][a-z_]*$/.test(variable.name)) problems.push('not a name for a variable');
  if (!variable.title) problems.push('a title is missing');
  if (variable.kind === 'values') {
    problems.push(...variable.of.problems);
    if (!variable.of.labels.includes(variable.label)) {
      problems.push(`${variable.of.text} has no label "${variable.label}"`);
    }
  }
  if (problems.length > 0) throw new DefinitionProblem('dashboard', `$${variable.name}`, problems);
}
