import { originOf, type Query, query } from './query.ts';

/** The sum of all series, or of those that agree in some labels. */
export function sum<L extends string, const B extends L = never>(
  of: Query<L>,
  by: readonly B[] = [],
): Query<B> {
  return aggregate('sum', of, by);
}

/** The average of all series, or of those that agree in some labels. */
export function avg<L extends string, const B extends L = never>(
  of: Query<L>,
  by: readonly B[] = [],
): Query<B> {
  return aggregate('avg', of, by);
}

/** The greatest of all series, or of those that agree in some labels. */
export function max<L extends string, const B extends L = never>(
  of: Query<L>,
  by: readonly B[] = [],
): Query<B> {
  return aggregate('max', of, by);
}

/** The least of all series, or of those that agree in some labels. */
export function min<L extends string, const B extends L = never>(
  of: Query<L>,
  by: readonly B[] = [],
): Query<B> {
  return aggregate('min', of, by);
}

/** How many series there are, or how many that agree in some labels. */
export function count<L extends string, const B extends L = never>(
  of: Query<L>,
  by: readonly B[] = [],
): Query<B> {
  return aggregate('count', of, by);
}

/** The greatest n series. */
export function topk<L extends string>(n: number, of: Query<L>): Query<L> {
  return query(`topk(${n}, ${of.text})`, of.labels, originOf([of], vectorProblems(of)));
}

function aggregate<L extends string, B extends L>(how: string, of: Query<L>, by: readonly B[]): Query<B> {
  const unknown = by.filter((label) => !of.labels.includes(label));
  const problems = [
    ...unknown.map((label) => `${of.text} has no label "${label}"; it has ${of.labels.join(', ') || 'none'}`),
    ...vectorProblems(of),
  ];
  const grouping = by.length > 0 ? ` by (${by.join(', ')}) ` : '';
  return query(`${how}${grouping}(${of.text})`, by, originOf([of], problems));
}

function vectorProblems({ isScalar, text }: Query): readonly string[] {
  return isScalar ? [`${text} is a bare number, not series`] : [];
}
