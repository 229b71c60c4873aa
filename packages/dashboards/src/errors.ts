/** What a definition got wrong. */
export type ProblemCode = 'query' | 'rule' | 'alert' | 'panel' | 'dashboard' | 'model';

/** A definition that cannot work. The message names it, and says why. */
export class DefinitionProblem extends Error {
  override readonly name = 'DefinitionProblem';
  readonly code: ProblemCode;
  /** The name of the recorded series, alert, observable or dashboard. */
  readonly subject: string;

  constructor(code: ProblemCode, subject: string, problems: string | readonly string[]) {
    super(`${subject || `a ${code} without a name`}: ${[problems].flat().join('; ')}`);
    this.code = code;
    this.subject = subject;
  }
}
