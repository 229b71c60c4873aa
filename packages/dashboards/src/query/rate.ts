import type { CounterMetric, LabelValues } from '@moq-observability/moq-metrics';
import { sum } from './aggregate.ts';
import type { Where } from './match.ts';
import { type Query, RATE_INTERVAL, type Selection, type Window } from './query.ts';
import { type LabelName, ranged, select } from './select.ts';

/** How a metric is summed up over its series. */
export interface SumOptions<L extends LabelValues, B extends string> {
  /** The labels that are kept apart; none by default. */
  readonly by?: readonly (B & LabelName<L>)[];
  /** The series that are looked at; all by default. */
  readonly where?: Where<L>;
  /** How far back; by default what fits the resolution of a dashboard. Rules say it. */
  readonly over?: Window;
}

/** How fast each of the selected series grows, a second. */
export function rates<L extends string>(selected: Selection<L>, over: Window): Query<L> {
  return ranged('rate', selected, over);
}

/** How fast a counter grows, a second. */
export function rate<L extends LabelValues, B extends LabelName<L> = never>(
  metric: CounterMetric<L>,
  options: SumOptions<NoInfer<L>, B> = {},
): Query<B> {
  return summed('rate', metric, options);
}

/** How much a counter grew. */
export function increase<L extends LabelValues, B extends LabelName<L> = never>(
  metric: CounterMetric<L>,
  options: SumOptions<NoInfer<L>, B> = {},
): Query<B> {
  return summed('increase', metric, options);
}

function summed<L extends LabelValues, B extends LabelName<L>>(
  how: string,
  metric: CounterMetric<L>,
  { by = [], where, over = RATE_INTERVAL }: SumOptions<L, B>,
): Query<B> {
  const selected: Selection<LabelName<L>> = select(metric, where);
  return sum(ranged(how, selected, over), by) as Query<B>;
}
