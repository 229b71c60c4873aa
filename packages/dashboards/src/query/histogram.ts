import type { HistogramMetric, LabelValues } from '@moq-observability/moq-metrics';
import { boundText } from '@moq-observability/moq-metrics/exposition';
import { sum } from './aggregate.ts';
import { minus, ratio } from './arithmetic.ts';
import { originOf, type Query, query, RATE_INTERVAL } from './query.ts';
import type { SumOptions } from './rate.ts';
import { type LabelName, ranged, selectMember } from './select.ts';

/** A quantile of what a histogram observed, over sums of its buckets. */
export function quantile<L extends LabelValues, B extends LabelName<L> = never>(
  q: number,
  metric: HistogramMetric<L>,
  options: SumOptions<NoInfer<L>, B> = {},
): Query<B> {
  return quantileOf(q, buckets(metric, options)) as Query<B>;
}

/** A quantile by the rates of buckets. */
export function quantileOf<L extends string>(q: number, of: Query<L>): Query<Exclude<L, 'le'>> {
  const labels = of.labels.filter((label): label is Exclude<L, 'le'> => label !== 'le');
  const problems = [
    ...(q > 0 && q < 1 ? [] : [`a quantile lies between 0 and 1, ${q} does not`]),
    ...(labels.length < of.labels.length ? [] : [`${of.text} has no buckets: its label le is gone`]),
  ];
  return query(`histogram_quantile(${q}, ${of.text})`, labels, originOf([of], problems));
}

/** The mean of what a histogram observed; nothing where it observed nothing. */
export function mean<L extends LabelValues, B extends LabelName<L> = never>(
  metric: HistogramMetric<L>,
  options: SumOptions<NoInfer<L>, B> = {},
): Query<B> {
  return ratio(member(metric, '_sum', options), observations(metric, options));
}

/** How many times a second a histogram observed something. */
export function observations<L extends LabelValues, B extends LabelName<L> = never>(
  metric: HistogramMetric<L>,
  options: SumOptions<NoInfer<L>, B> = {},
): Query<B> {
  return member(metric, '_count', options);
}

/** How many times a second a histogram observed something, by upper bound: what was at most `le`. */
export function buckets<L extends LabelValues, B extends LabelName<L> = never>(
  metric: HistogramMetric<L>,
  { by = [], where = {}, over = RATE_INTERVAL }: SumOptions<NoInfer<L>, B> = {},
): Query<B | 'le'> {
  return sum(ranged('rate', selectMember(metric, '_bucket', where), over), ['le', ...by]) as Query<B | 'le'>;
}

/**
 * How many times a second a histogram observed something greater than a bound, which must be one of its buckets':
 * only these are counted, everything between is a guess.
 */
export function observationsAbove<L extends LabelValues, B extends LabelName<L> = never>(
  bound: number,
  metric: HistogramMetric<L>,
  options: SumOptions<NoInfer<L>, B> = {},
): Query<B> {
  const { by = [], where = {}, over = RATE_INTERVAL } = options;
  const below = sum(ranged('rate', selectMember(metric, '_bucket', where, boundText(bound)), over), by);
  const problems = metric.buckets.includes(bound)
    ? []
    : [`${metric.name} has no bucket up to ${bound}; it has ${metric.buckets.join(', ')}`];
  const above = minus(observations(metric, options), below as Query<B>);
  return { ...above, ...originOf([above], problems) };
}

/** The part of what a histogram observed that was greater than one of its bounds. */
export function shareAbove<L extends LabelValues, B extends LabelName<L> = never>(
  bound: number,
  metric: HistogramMetric<L>,
  options: SumOptions<NoInfer<L>, B> = {},
): Query<B> {
  return ratio(observationsAbove(bound, metric, options), observations(metric, options));
}

function member<L extends LabelValues, B extends LabelName<L>>(
  metric: HistogramMetric<L>,
  suffix: '_count' | '_sum',
  { by = [], where = {}, over = RATE_INTERVAL }: SumOptions<L, B>,
): Query<B> {
  return sum(ranged('rate', selectMember(metric, suffix, where), over), by) as Query<B>;
}
