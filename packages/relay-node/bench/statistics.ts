/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).toSorted();
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle - 0.5)]! + sorted[Math.floor(middle)]!) / 2;
}

/**
 * Between which of the values the median of all there could be lies, with a confidence of at least 95 %: by how many
 * of them are above and below, whatever their distribution (the sign test turned around).
 */
export function medianInterval(values: readonly number[]): readonly [low: number, high: number] {
  const sorted = Float64Array.from(values).toSorted();
  const { length } = sorted;
  // How likely it is that at most `rank` of them are below the median.
  let [below, term, rank] = [0, 0.5 ** length, 0];
  while (below + term <= 0.025 && rank < length / 2) {
    below += term;
    rank += 1;
    term *= (length - rank + 1) / rank;
  }
  return rank === 0
    ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    : [sorted[rank - 1]!, sorted[length - rank]!];
}
