import type { ReactNode } from 'react';
import type { InstantSeries } from '../api/prometheus.ts';
import { ratio } from '../format.ts';

/** How often what was observed lay between which bounds, as bars. */
export function Distribution({
  label,
  buckets,
  format,
}: {
  readonly label: string;
  /** Each has in `le` the bound it counts up to. */
  readonly buckets: readonly InstantSeries[];
  readonly format: (value: number) => string;
}): ReactNode {
  const bars = barsOf(buckets);
  const most = Math.max(...bars.map(({ part }) => part));
  const words = bars
    .filter(({ part }) => part > 0)
    .map((bar) => `${boundText(bar, format)}: ${ratio(bar.part)}`);
  return (
    <div className="distribution" role="img" aria-label={`${label}. ${words.join('; ')}`}>
      {bars.map((bar) => (
        <div key={bar.bound} title={`${boundText(bar, format)}: ${ratio(bar.part)}`}>
          <span className="distribution-part">
            {bar.part >= 0.005 ? `${Math.round(bar.part * 100)} %` : ''}
          </span>
          <span
            className="distribution-bar"
            style={{ height: `${most > 0 ? (bar.part / most) * 100 : 0}%` }}
          />
          <span className="distribution-bound">{Number.isFinite(bar.bound) ? format(bar.bound) : '∞'}</span>
        </div>
      ))}
    </div>
  );
}

interface Bar {
  readonly bound: number;
  readonly below: number;
  /** Of all that was observed. */
  readonly part: number;
}

/** What lay in each bucket alone, as a part of all. */
function barsOf(buckets: readonly InstantSeries[]): readonly Bar[] {
  const rising = buckets
    .map(({ labels, value }) => ({ bound: labels['le'] === '+Inf' ? Infinity : Number(labels['le']), value }))
    .filter(({ bound }) => !Number.isNaN(bound))
    .toSorted((a, b) => a.bound - b.bound);
  const all = rising.at(-1)?.value || 1;
  return rising.map(({ bound, value }, i) => ({
    bound,
    below: rising[i - 1]?.bound ?? 0,
    part: Math.max(0, value - (rising[i - 1]?.value ?? 0)) / all,
  }));
}

function boundText({ bound, below }: Bar, format: (value: number) => string): string {
  return Number.isFinite(bound) ? `${format(below)} to ${format(bound)}` : `over ${format(below)}`;
}
