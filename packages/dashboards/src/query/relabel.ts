import { ROOT_NAMESPACE } from '@moq-observability/moq-metrics';
import { quoted } from './match.ts';
import { originOf, type Query, query } from './query.ts';

/** Series with one more label, of the same value on all of them. */
export function labelled<L extends string, N extends string>(
  of: Query<L>,
  name: N,
  value: string,
): Query<L | N> {
  return query<L | N>(
    `label_replace(${of.text}, ${quoted(name)}, ${quoted(value)}, "", "")`,
    [...new Set<L | N>([...of.labels, name])],
    originOf([of]),
  );
}

/**
 * Series that say which broadcast they are of, with its namespace too: what `namespaceOf` does, in PromQL. The folded
 * rest, `__other__`, is of the namespace of the same name.
 */
export function withNamespace<L extends string>(of: Query<L>): Query<L | 'namespace'> {
  const problems = of.labels.includes('broadcast' as L) ? [] : [`${of.text} does not say which broadcast`];
  const replaced = [
    [ROOT_NAMESPACE, '.*'],
    ['$1', '(.*)/[^/]*'],
    ['$1', '(__other__)'],
  ].reduce(
    (text, [replacement, regex]) =>
      `label_replace(${text}, "namespace", ${quoted(replacement!)}, "broadcast", ${quoted(regex!)})`,
    of.text,
  );
  return query<L | 'namespace'>(replaced, [...of.labels, 'namespace'], originOf([of], problems));
}
