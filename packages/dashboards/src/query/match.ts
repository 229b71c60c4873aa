import { isEnum, type LabelSet, type LabelValues, OTHER } from '@moq-observability/moq-metrics';

/** The labels Prometheus adds to everything it scrapes. */
export type TargetLabel = 'instance' | 'job';
/** The labels Prometheus adds to everything it scrapes. */
export const targetLabels: readonly TargetLabel[] = ['instance', 'job'];

/** A choice the viewer of a dashboard makes; the values of a label are one of the choices. */
export interface VariableReference {
  readonly kind: 'variable';
  readonly name: string;
}

/** A condition a label's value meets, beyond being one value. */
export interface Pattern<V extends string = never> {
  readonly kind: 'pattern';
  readonly operator: '!=' | '=~' | '!~';
  readonly text: string;
  /** The values it names, which must be values of the label. */
  readonly values: readonly V[];
}

/** What a label's value must be: a value, a pattern, or what the viewer chose. */
export type Matcher<V extends string> = V | Pattern<V> | VariableReference;

/** Which series of a metric: what their labels must be. */
export type Where<L extends LabelValues> = { readonly [Name in keyof L]?: Matcher<L[Name]> } & {
  readonly [Name in TargetLabel]?: Matcher<string>;
};

/** Any value but this one. */
export function not<const V extends string>(value: V): Pattern<V> {
  return { kind: 'pattern', operator: '!=', text: value, values: [value] };
}

/** One of these values. */
export function oneOf<const V extends string>(...values: readonly V[]): Pattern<V> {
  return { kind: 'pattern', operator: '=~', text: values.map(escapeRegex).join('|'), values };
}

/** None of these values. */
export function noneOf<const V extends string>(...values: readonly V[]): Pattern<V> {
  return { kind: 'pattern', operator: '!~', text: values.map(escapeRegex).join('|'), values };
}

/** A value this regular expression (RE2) matches from beginning to end. */
export function matching(regex: string): Pattern {
  return { kind: 'pattern', operator: '=~', text: regex, values: [] };
}

/** Matchers as they stand between the braces. */
export interface Matched {
  readonly text: string;
  readonly variables: readonly string[];
  readonly problems: readonly string[];
}

/** Writes matchers, and holds them against the labels there are. */
export function matchers(
  of: string,
  labels: LabelSet | readonly string[],
  where: Readonly<Record<string, Matcher<string> | undefined>>,
): Matched {
  const known: readonly string[] = Array.isArray(labels)
    ? (labels as readonly string[])
    : [...Object.keys(labels), ...targetLabels];
  const problems: string[] = [];
  const variables: string[] = [];
  const parts: string[] = [];
  for (const [label, matcher] of Object.entries(where)) {
    if (matcher === undefined) continue;
    if (!known.includes(label)) {
      problems.push(`${of} has no label "${label}"; it has ${known.join(', ') || 'none'}`);
      continue;
    }
    if (typeof matcher !== 'string' && matcher.kind === 'variable') {
      variables.push(matcher.name);
      parts.push(`${label}=~"$${matcher.name}"`);
      continue;
    }
    const { operator, text, values } =
      typeof matcher === 'string' ? { operator: '=', text: matcher, values: [matcher] } : matcher;
    const definition = Array.isArray(labels) ? undefined : (labels as LabelSet)[label];
    if (definition && isEnum(definition)) {
      for (const value of values) {
        if (definition.includes(value) || value === OTHER) continue;
        problems.push(`"${value}" is no value of ${of}'s label ${label}: ${definition.join(', ')}`);
      }
    }
    parts.push(`${label}${operator}${quoted(text)}`);
  }
  return { text: parts.join(', '), variables, problems };
}

/** A string as PromQL writes it. */
export function quoted(text: string): string {
  const escaped = text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
  return `"${escaped}"`;
}

/** Text as a regular expression that matches it and nothing else. */
export function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
