import { type ReactNode, useMemo } from 'react';
import type { RangeSeries } from '../api/prometheus.ts';
import { useRanges } from '../api/use-prometheus.ts';
import { ticks } from '../chart/heatmap.tsx';
import { clock } from '../format.ts';
import { type Span, useStretch } from '../shell/span.ts';
import { useDashboard } from './dashboard-context.ts';
import { legendOf } from './legend.ts';
import { levelOf, type NumberLevel } from './levels.ts';
import { NothingThere, type PictureProps } from './picture.tsx';
import { formatOf } from './units.ts';

/** A stretch of equal level. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly level: NumberLevel | undefined;
  readonly value: number;
}

/** A band per series, coloured by how bad it was. */
export function BandsPicture({ panel }: PictureProps): ReactNode {
  const { observable, points } = panel;
  const { patterns: variables } = useDashboard();
  const answers = useRanges(
    observable.lines.map(({ query }) => query),
    { variables, points },
  );
  const span = useStretch();
  const bands = useMemo(
    () =>
      observable.lines.flatMap(({ legend }, i) =>
        (answers.data[i] ?? []).map((series) => ({
          name: legendOf(legend, series.labels),
          stretches: stretchesOf(series, (value) => levelOf(value, observable.thresholds)),
        })),
      ),
    [answers.data, observable],
  );
  if (bands.length === 0) return <NothingThere panel={panel} answers={answers} />;
  const format = formatOf(observable.unit);
  return (
    <div className="level-bands" role="group" aria-label={observable.title} tabIndex={0}>
      {bands.map(({ name, stretches }) => (
        <div key={name} className="level-band">
          <bdi className="cut" title={name}>
            {name}
          </bdi>
          <span role="img" aria-label={`${name}: now ${format(stretches.at(-1)?.value ?? Number.NaN)}`}>
            {stretches.map((stretch) => (
              <i
                key={stretch.from}
                className={stretch.level}
                title={`${format(stretch.value)}, ${clock(stretch.from)} to ${clock(stretch.to)}`}
                style={placeOf(stretch, span)}
              />
            ))}
          </span>
        </div>
      ))}
      <div className="level-band" aria-hidden="true">
        <span />
        <span className="level-times">
          {ticks(span, 6).map((time) => (
            <b
              key={time}
              style={{ insetInlineStart: `${((time - span.from) / (span.to - span.from)) * 100}%` }}
            >
              {clock(time, { secondsToo: false })}
            </b>
          ))}
        </span>
      </div>
    </div>
  );
}

function placeOf(
  { from, to }: Stretch,
  span: Span,
): { readonly insetInlineStart: string; readonly width: string } {
  const part = (time: number): number => Math.min(1, Math.max(0, (time - span.from) / (span.to - span.from)));
  return { insetInlineStart: `${part(from) * 100}%`, width: `${(part(to) - part(from)) * 100}%` };
}

function stretchesOf(
  { times, values }: RangeSeries,
  level: (value: number) => NumberLevel | undefined,
): readonly Stretch[] {
  const step = times.length > 1 ? times[1]! - times[0]! : 0;
  const stretches: Stretch[] = [];
  for (const [i, time] of times.entries()) {
    const value = values[i]!;
    const before = stretches.at(-1);
    if (before && before.value === value && time - before.to < step * 1.5) {
      stretches[stretches.length - 1] = { ...before, to: time + step };
    } else {
      stretches.push({ from: time, to: time + step, level: level(value), value });
    }
  }
  return stretches;
}
