/** What the viewer chose for the variables of a dashboard. */
import { type Dashboard, patternOf } from '@moq-observability/dashboards';

/** Choices by variable: several values are one text, with lines between them. */
export type Chosen = Readonly<Record<string, string>>;

/** The values that were chosen for a variable; none stands for all. */
export function valuesOf(chosen: Chosen, name: string): readonly string[] {
  return (chosen[name] ?? '').split('\n').filter((value) => value !== '');
}

/** Values as one choice. */
export function choiceOf(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.join('\n');
}

/** What variables stand for in the queries of a dashboard. */
export function patternsOf({ variables }: Dashboard, chosen: Chosen): Readonly<Record<string, string>> {
  return Object.fromEntries(
    variables.map(({ name, kind }) => {
      const values = valuesOf(chosen, name);
      return [name, kind === 'text' ? (values[0] ?? '') : patternOf(values)];
    }),
  );
}
