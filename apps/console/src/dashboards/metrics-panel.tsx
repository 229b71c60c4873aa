import { type ReactNode, useMemo } from 'react';
import type { InstantSeries } from '../api/prometheus.ts';
import { useInstants, useRanges } from '../api/use-prometheus.ts';
import { heatmapOf } from '../chart/buckets.ts';
import { Heatmap } from '../chart/heatmap.tsx';
import { LineChart, type LineSeries } from '../chart/line-chart.tsx';
import { useSpan, useStretch } from '../shell/span.ts';
import { BandsPicture } from './bands-picture.tsx';
import { useDashboard } from './dashboard-context.ts';
import { Distribution } from './distribution.tsx';
import { legendOf } from './legend.ts';
import { levelOf, thresholdLines } from './levels.ts';
import { type MetricPanel, NothingThere, type PictureProps } from './picture.tsx';
import { UNIT } from './places.ts';
import { TablePicture } from './table-picture.tsx';
import { formatOf } from './units.ts';

/** What Prometheus answers, drawn as the model says. */
export function MetricsPanel({ panel }: { readonly panel: MetricPanel }): ReactNode {
  const height = panel.height * UNIT + (panel.height - 1) * 8 - 42;
  switch (panel.picture.as) {
    case 'timeseries':
      return <TimeSeries panel={panel} height={height} />;
    case 'heatmap':
      return <HeatmapPicture panel={panel} height={height} />;
    case 'bands':
      return <BandsPicture panel={panel} height={height} />;
    case 'stat':
    case 'gauge':
      return <Numbers panel={panel} />;
    case 'table':
      return <TablePicture panel={panel} />;
    case 'distribution':
      return <DistributionPicture panel={panel} />;
  }
}

function TimeSeries({ panel, height }: PictureProps): ReactNode {
  const { observable, picture, points } = panel;
  const { patterns: variables } = useDashboard();
  const answers = useRanges(
    observable.lines.map(({ query }) => query),
    { variables, points },
  );
  const span = useStretch();
  const { zoom } = useSpan();
  const series = useMemo(
    () =>
      observable.lines.flatMap(({ legend }, i) =>
        (answers.data[i] ?? []).map((each): LineSeries => ({ ...each, name: legendOf(legend, each.labels) })),
      ),
    [answers.data, observable],
  );
  if (series.length === 0) return <NothingThere panel={panel} answers={answers} />;
  return (
    <LineChart
      label={observable.title}
      series={series}
      span={span}
      format={formatOf(observable.unit)}
      height={Math.max(90, height - 34)}
      stacked={picture.as === 'timeseries' && picture.stacked === true}
      thresholds={thresholdLines(observable.thresholds)}
      sync="dashboard"
      onZoom={zoom}
    />
  );
}

function HeatmapPicture({ panel, height }: PictureProps): ReactNode {
  const { observable, points } = panel;
  const { patterns: variables } = useDashboard();
  const answers = useRanges(
    observable.lines.map(({ query }) => query),
    { variables, points: points ?? 120 },
  );
  const span = useStretch();
  const { zoom } = useSpan();
  const data = useMemo(() => heatmapOf(answers.data[0] ?? []), [answers.data]);
  if (data.times.length === 0) return <NothingThere panel={panel} answers={answers} />;
  return (
    <Heatmap
      label={observable.title}
      data={data}
      span={span}
      format={formatOf(observable.unit)}
      height={height}
      onZoom={zoom}
    />
  );
}

function DistributionPicture({ panel }: { readonly panel: MetricPanel }): ReactNode {
  const { observable } = panel;
  const { patterns: variables } = useDashboard();
  const answers = useInstants(
    observable.lines.map(({ query }) => query),
    { variables },
  );
  const buckets = answers.data[0] ?? [];
  if (buckets.length === 0) return <NothingThere panel={panel} answers={answers} />;
  return <Distribution label={observable.title} buckets={buckets} format={formatOf(observable.unit)} />;
}

/** Numbers as they are now; those between two ends with a bar. */
function Numbers({ panel }: { readonly panel: MetricPanel }): ReactNode {
  const { observable, picture } = panel;
  const { patterns: variables } = useDashboard();
  const answers = useInstants(
    observable.lines.map(({ query }) => query),
    { variables },
  );
  const numbers = observable.lines.flatMap((line, i) =>
    (answers.data[i] ?? []).map(({ labels, value }: InstantSeries) => ({
      name: legendOf(line.legend, labels),
      value,
      text: formatOf(line.unit ?? observable.unit)(value),
      level: levelOf(value, line.thresholds ?? observable.thresholds),
    })),
  );
  if (numbers.length === 0) return <NothingThere panel={panel} answers={answers} />;
  return (
    <ul className={numbers.length > 1 ? 'numbers several' : 'numbers'}>
      {numbers.slice(0, 12).map(({ name, value, text, level }) => (
        <li key={name}>
          <span className={`number ${level ?? ''}`}>{text}</span>
          {picture.as === 'gauge' && (
            <span className="dial" aria-hidden="true">
              <span
                className={level}
                style={{ width: `${partOf(value, picture.min, picture.max) * 100}%` }}
              />
            </span>
          )}
          {numbers.length > 1 && <bdi className="quiet small cut">{name}</bdi>}
        </li>
      ))}
    </ul>
  );
}

function partOf(value: number, min: number, max: number): number {
  return Math.min(1, Math.max(0, (value - min) / (max - min)));
}
