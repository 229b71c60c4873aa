import type { Metric } from '@moq-observability/moq-metrics';
import type { Recorded } from './recorded.ts';

/** How strongly an expression holds together, from the weakest operator of PromQL to what needs no parentheses. */
export const Binding = { or: 1, and: 2, comparison: 3, sum: 4, product: 5, atom: 6 } as const;
/** How strongly an expression holds together. */
export type Binding = (typeof Binding)[keyof typeof Binding];

/** A length of time as PromQL writes it. */
export type Duration = `${number}${'s' | 'm' | 'h' | 'd'}`;

/** The window of a rate that fits the resolution of the picture; dashboards only. */
export const RATE_INTERVAL = '$__rate_interval';
/** The time range that is looked at; dashboards only. */
export const SHOWN_RANGE = '$__range';

/** How far a query looks back. */
export type Window = Duration | typeof RATE_INTERVAL | typeof SHOWN_RANGE;

/**
 * An expression of PromQL, and what is known of its result. Made by the functions beside it out of the objects of the
 * schema. What is wrong with it is kept in `problems` until something is defined with it, which can say where it is.
 *
 * @typeParam L the labels its series have
 */
export interface Query<L extends string = string> {
  readonly text: string;
  /** The labels its series have, sorted; a single number has none. */
  readonly labels: readonly L[];
  /** Whether it is a bare number rather than series, even if only one. */
  readonly isScalar: boolean;
  readonly binding: Binding;
  /** The metrics it reads, but for those under a recorded series. */
  readonly metrics: ReadonlySet<Metric>;
  /** The recorded series it reads. */
  readonly recorded: ReadonlySet<Recorded>;
  /** The variables of a dashboard it asks for. */
  readonly variables: ReadonlySet<string>;
  readonly problems: readonly string[];
}

/** A query that selects series and does nothing else: what looks over time takes only these. */
export interface Selection<L extends string = string> extends Query<L> {
  readonly isSelection: true;
}

/** The parts of a query that say where it came from. */
export type Origin = Pick<Query, 'metrics' | 'recorded' | 'variables' | 'problems'>;

/** What comes of nothing. */
export const NOWHERE: Origin = {
  metrics: new Set(),
  recorded: new Set(),
  variables: new Set(),
  problems: [],
};

/** Where the result of several queries comes from, and what else is wrong with it. */
export function originOf(queries: readonly Origin[], problems: readonly string[] = []): Origin {
  return {
    metrics: new Set(queries.flatMap((query) => [...query.metrics])),
    recorded: new Set(queries.flatMap((query) => [...query.recorded])),
    variables: new Set(queries.flatMap((query) => [...query.variables])),
    problems: [...new Set([...queries.flatMap((query) => query.problems), ...problems])],
  };
}

/** Puts a query together. */
export function query<L extends string>(
  text: string,
  labels: readonly L[],
  origin: Origin,
  { binding = Binding.atom, isScalar = false }: { binding?: Binding; isScalar?: boolean } = {},
): Query<L> {
  const { metrics, recorded, variables, problems } = origin;
  return { text, labels: labels.toSorted(), isScalar, binding, metrics, recorded, variables, problems };
}

/** The text of a query as an operand: in parentheses where it would fall apart otherwise. */
export function operand({ text, binding }: Query, least: Binding): string {
  return binding < least ? `(${text})` : text;
}

/** What is wrong with a window: nothing, or that it is none. */
export function windowProblems(window: string): readonly string[] {
  if (window === RATE_INTERVAL || window === SHOWN_RANGE || /^[1-9]\d*[smhd]$/.test(window)) return [];
  return [`"${window}" is no length of time`];
}
