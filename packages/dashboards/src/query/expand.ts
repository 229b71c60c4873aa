import { escapeRegex } from './match.ts';

/** What the macros of dashboards stand for when a query is only to be read or tried. */
export const SAMPLE_MACROS: Readonly<Record<string, string>> = {
  __rate_interval: '1m',
  __range: '1h',
};

/**
 * A query as it is sent: macros and variables replaced by what they stand for. A variable nothing is said of stands for
 * everything.
 *
 * @param values by name, without the `$`: lengths of time for macros, patterns for variables
 */
export function expand(text: string, values: Readonly<Record<string, string>>): string {
  // What label_replace refers to by number is no variable.
  return text.replaceAll(/\$([a-z_]\w*)/gi, (_, name: string) => values[name] ?? '.*');
}

/** The pattern a variable stands for when some values are chosen, as it is written into a query; all when none is. */
export function patternOf(values: readonly string[]): string {
  if (values.length === 0) return '.*';
  return values
    .map((value) =>
      escapeRegex(value)
        .replaceAll('\\', String.raw`\\`)
        .replaceAll('"', String.raw`\"`),
    )
    .join('|');
}
