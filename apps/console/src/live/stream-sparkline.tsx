import type { ReactNode } from 'react';
import { Sparkline, type SparklineProps } from '../chart/sparkline.tsx';
import { useSpan } from '../shell/span.ts';
import { type Histories, KEPT_SECONDS, type Measure } from './live-store.ts';
import { useShownLive } from './use-live.ts';

/** How a stream's number went over the last ten minutes. */
export function StreamSparkline({
  histories,
  measure,
  ...rest
}: Pick<SparklineProps, 'colour' | 'least'> & {
  readonly histories: Histories;
  readonly measure: Measure;
}): ReactNode {
  const { toldAt } = useShownLive();
  const { at } = useSpan();
  const to = at ?? toldAt;
  const { times, values } = histories[measure];
  return (
    <span className="sparkline-box">
      <Sparkline times={times} values={values} from={to - KEPT_SECONDS * 1000} to={to} {...rest} />
    </span>
  );
}
