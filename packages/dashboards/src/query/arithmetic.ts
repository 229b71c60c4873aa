import { Binding, NOWHERE, originOf, type Query, operand, query } from './query.ts';

/** What an operator takes: series, or a number. */
export type Operand<L extends string = string> = Query<L> | number;

/** How series on both sides find one another, when their labels are not the same. */
export interface Matching<L extends string> {
  /** The labels that must be equal. */
  readonly on: readonly L[];
}

/** The labels of an operation: those of the side that has series. */
type Result<L extends string, R extends string> = [L] extends [never] ? R : L;

/** a + b */
export function plus<L extends string, R extends string>(a: Operand<L>, b: Operand<R>): Query<Result<L, R>> {
  return arithmetic('+', Binding.sum, a, b);
}

/** a − b */
export function minus<L extends string, R extends string>(a: Operand<L>, b: Operand<R>): Query<Result<L, R>> {
  return arithmetic('-', Binding.sum, a, b);
}

/** a × b */
export function times<L extends string, R extends string>(a: Operand<L>, b: Operand<R>): Query<Result<L, R>> {
  return arithmetic('*', Binding.product, a, b);
}

/** a ÷ b, by a number; by series it is a {@link ratio}, which minds those at zero. */
export function dividedBy<L extends string>(a: Query<L>, b: number): Query<L> {
  return arithmetic<L, never>('/', Binding.product, a, b) as Query<L>;
}

/** The ratio of two rates with the same labels; nothing where the second is zero. */
export function ratio<L extends string>(a: Query<L>, b: Query<NoInfer<L>>): Query<L> {
  return arithmetic<L, L>('/', Binding.product, a, above(b, 0)) as Query<L>;
}

/** The part each of several series has in one number, which is the whole; nothing where that is zero. */
export function share<L extends string>(part: Query<L>, whole: Query<never>): Query<L> {
  const problems = whole.labels.length > 0 ? [`${whole.text} is several series, not one number`] : [];
  const divisor = query<never>(`scalar(${above(whole, 0).text})`, [], originOf([whole], problems), {
    isScalar: true,
  });
  return arithmetic<L, never>('/', Binding.product, part, divisor) as Query<L>;
}

/** The series above a bound. */
export function above<L extends string>(of: Query<L>, bound: Operand): Query<L> {
  return comparison('>', of, bound);
}

/** The series at a bound or above. */
export function atLeast<L extends string>(of: Query<L>, bound: Operand): Query<L> {
  return comparison('>=', of, bound);
}

/** The series below a bound. */
export function below<L extends string>(of: Query<L>, bound: Operand): Query<L> {
  return comparison('<', of, bound);
}

/** The series that are exactly this. */
export function equal<L extends string>(of: Query<L>, to: Operand): Query<L> {
  return comparison('==', of, to);
}

/** The series of the first for which there is one of the second, by all labels or by those said. */
export function and<L extends string, R extends string>(
  a: Query<L>,
  b: Query<R>,
  matching?: Matching<L & R>,
): Query<L> {
  return set('and', Binding.and, a, b, matching);
}

/** The series of the first for which there is none of the second, by all labels or by those said. */
export function unless<L extends string, R extends string>(
  a: Query<L>,
  b: Query<R>,
  matching?: Matching<L & R>,
): Query<L> {
  return set('unless', Binding.and, a, b, matching);
}

/** The series of the first, and those of the second for which the first has none. */
export function or<L extends string, R extends string>(a: Query<L>, b: Query<R>): Query<L | R> {
  return query<L | R>(
    `${operand(a, Binding.or)} or ${operand(b, Binding.and)}`,
    [...new Set<L | R>([...a.labels, ...b.labels])],
    originOf([a, b], [a, b].flatMap(notSeries)),
    { binding: Binding.or },
  );
}

/** One number, or another when there is none. */
export function orElse(of: Query<never>, otherwise: number): Query<never> {
  const problems = of.labels.length > 0 ? [`${of.text} has labels: what would ${otherwise} have?`] : [];
  return or(of, query<never>(`vector(${otherwise})`, [], { ...NOWHERE, problems }));
}

/** What the second says, with the labels of the first in front. Each series of the first has one of the second. */
export function joined<L extends string, R extends string>(
  a: Query<L>,
  b: Query<R>,
  { on }: Matching<L & R>,
): Query<L | R> {
  const carried = b.labels.filter((label) => !on.includes(label as L & R));
  const problems = on.flatMap((label) => [
    ...(a.labels.includes(label) ? [] : [`${a.text} has no label "${label}"`]),
    ...(b.labels.includes(label) ? [] : [`${b.text} has no label "${label}"`]),
  ]);
  return query<L | R>(
    `${operand(a, Binding.product)} * on (${on.join(', ')}) group_left (${carried.join(', ')}) ${operand(b, Binding.atom)}`,
    [...new Set<L | R>([...a.labels, ...carried])],
    originOf([a, b], problems),
    { binding: Binding.product },
  );
}

function arithmetic<L extends string, R extends string>(
  operator: string,
  binding: Binding,
  a: Operand<L>,
  b: Operand<R>,
): Query<Result<L, R>> {
  const [left, right] = [lift(a), lift(b)];
  return query(
    `${operand(left, binding)} ${operator} ${operand(right, (binding + 1) as Binding)}`,
    (left.isScalar ? right : left).labels as readonly Result<L, R>[],
    originOf([left, right], sameLabels(left, right)),
    { binding, isScalar: left.isScalar && right.isScalar },
  );
}

function comparison<L extends string>(operator: string, of: Query<L>, bound: Operand): Query<L> {
  const right = lift(bound);
  return query(
    `${operand(of, Binding.comparison)} ${operator} ${operand(right, Binding.sum)}`,
    of.labels,
    originOf([of, right], [...notSeries(of), ...sameLabels(of, right)]),
    { binding: Binding.comparison },
  );
}

function set<L extends string, R extends string>(
  operator: string,
  binding: Binding,
  a: Query<L>,
  b: Query<R>,
  matching: Matching<L & R> | undefined,
): Query<L> {
  const problems = [
    ...[a, b].flatMap(notSeries),
    ...(matching
      ? matching.on
          .filter((label) => !a.labels.includes(label) || !b.labels.includes(label))
          .map((label) => `"${label}" is not a label of both ${a.text} and ${b.text}`)
      : sameLabels(a, b)),
  ];
  const on = matching ? ` on (${matching.on.join(', ')})` : '';
  return query(
    `${operand(a, binding)} ${operator}${on} ${operand(b, (binding + 1) as Binding)}`,
    a.labels,
    originOf([a, b], problems),
    { binding },
  );
}

function lift<L extends string>(of: Operand<L>): Query<L> {
  if (typeof of !== 'number') return of;
  const problems = Number.isFinite(of) ? [] : [`${of} is no number to compute with`];
  return query(String(of), [], { ...NOWHERE, problems }, { isScalar: true });
}

function notSeries({ isScalar, text }: Query): readonly string[] {
  return isScalar ? [`${text} is a bare number, not series`] : [];
}

/** Series with other labels would never find one another, and the result would be empty without a word. */
function sameLabels(a: Query, b: Query): readonly string[] {
  if (a.isScalar || b.isScalar || a.labels.join() === b.labels.join()) return [];
  const [left, right] = [a, b].map(({ labels }) => labels.join(', ') || 'none');
  return [`${a.text} and ${b.text} have different labels: ${left} and ${right}`];
}
