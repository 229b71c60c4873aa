import { type ReactNode, useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clock, moment } from '../format.ts';
import type { Span } from '../shell/span.ts';
import { type Aligned, align, stack, type TimedValues } from './align.ts';
import { type Palette, usePalette } from './palette.ts';
import './line-chart.css';

/** A line. */
export interface LineSeries extends TimedValues {
  readonly name: string;
  /** Index of the colour; by its place otherwise. */
  readonly colour?: number;
}

/** A value past which it is bad. */
export interface ThresholdLine {
  readonly value: number;
  readonly level: 'warn' | 'bad';
}

/** What a chart shows. */
export interface LineChartProps {
  readonly label: string;
  readonly series: readonly LineSeries[];
  readonly span: Span;
  readonly format: (value: number) => string;
  readonly height?: number;
  readonly stacked?: boolean;
  readonly filled?: boolean;
  readonly steps?: boolean;
  readonly thresholds?: readonly ThresholdLine[];
  /** The least that the upper end of the scale is. */
  readonly least?: number;
  /** Charts with the same name show the same time under the pointer. */
  readonly sync?: string;
  readonly onZoom?: ((span: Span) => void) | undefined;
  readonly legend?: boolean;
  /** Whether the times are written below. */
  readonly timeAxis?: boolean;
}

/** How wide the scale at the left is, in pixels: the same everywhere, so that times lie below one another. */
export const SCALE_WIDTH = 62;
/** What is left free at the right, in pixels. */
export const RIGHT_SPACE = 12;

/** Lines over time. */
export function LineChart(props: LineChartProps): ReactNode {
  const { label, series, span, height = 180, stacked = false, legend = true } = props;
  const box = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const palette = usePalette();
  const aligned = useMemo(() => align(series), [series]);
  const shape = series.map(({ name, colour }) => `${colour ?? ''} ${name}`).join('\n');

  useEffect(() => {
    const parent = box.current;
    if (!parent) return;
    const made = new uPlot(
      optionsOf(latest, palette, parent.clientWidth, tip),
      dataOf(latest.current, align(latest.current.series)),
      parent,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height }));
    observer.observe(parent);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [palette, shape, height, stacked]);

  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    made.batch(() => {
      made.setData(dataOf(latest.current, aligned), false);
      made.setScale('x', { min: span.from / 1000, max: span.to / 1000 });
    });
  }, [aligned, span.from, span.to, palette, shape, height, stacked]);

  return (
    <figure className="chart" aria-label={label}>
      <div className="chart-plot" ref={box} style={{ height }} role="img" aria-label={summary(props)} />
      <div className="chart-tip" ref={tip} hidden aria-hidden="true" />
      {legend && series.length > 0 && <Legend {...props} palette={palette} />}
    </figure>
  );
}

/** Names beside colours, with what each is now. */
function Legend({ series, format, palette }: LineChartProps & { readonly palette: Palette }): ReactNode {
  const shown = series.slice(0, MOST_NAMED);
  return (
    <ul className="chart-legend">
      {shown.map(({ name, values, colour }, i) => (
        <li key={name}>
          <i style={{ background: colourOf(palette, colour ?? i) }} aria-hidden="true" />
          <bdi className="cut" title={name}>
            {name}
          </bdi>
          <b>{format(lastOf(values))}</b>
        </li>
      ))}
      {series.length > shown.length && <li className="quiet">and {series.length - shown.length} more</li>}
    </ul>
  );
}

/** Series named in a legend, and in what is shown under the pointer. */
const MOST_NAMED = 12;

function lastOf(values: readonly number[]): number {
  return values.findLast((value) => Number.isFinite(value)) ?? Number.NaN;
}

/** The picture in words. */
function summary({ label, series, format }: LineChartProps): string {
  const ends = series.slice(0, 6).map(({ name, values }) => `${name}: ${format(lastOf(values))}`);
  return ends.length === 0 ? `${label}: nothing` : `${label}. Last values: ${ends.join('; ')}`;
}

function colourOf(palette: Palette, index: number): string {
  return palette.series[index % palette.series.length]!;
}

function dataOf({ stacked }: LineChartProps, { times, values }: Aligned): uPlot.AlignedData {
  const rows = stacked ? stack(values) : values;
  return [times.map((time) => time / 1000), ...rows] as uPlot.AlignedData;
}

type Latest = { readonly current: LineChartProps };

function optionsOf(
  latest: Latest,
  palette: Palette,
  width: number,
  tip: { readonly current: HTMLDivElement | null },
): uPlot.Options {
  const { series, height = 180, sync, stacked, filled, steps, timeAxis = true } = latest.current;
  const path = steps ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  const grid = { stroke: palette.line, width: 1 };
  return {
    width,
    height,
    padding: [8, RIGHT_SPACE, timeAxis ? 0 : 4, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: true, y: false, setScale: false, dist: 4 },
      ...(sync !== undefined && { sync: { key: sync, setSeries: false } }),
    },
    scales: {
      x: { time: true, range: () => [latest.current.span.from / 1000, latest.current.span.to / 1000] },
      y: { range: (_plot, low, high) => heightOf(latest.current, low, high) },
    },
    series: [
      {},
      ...series.map(({ name, colour }, i): uPlot.Series => {
        const stroke = colourOf(palette, colour ?? i);
        return {
          label: name,
          stroke,
          width: 1.5,
          points: { show: false },
          ...(path && { paths: path }),
          ...((stacked || filled) && {
            fill: `color-mix(in srgb, ${stroke} ${stacked ? 38 : 14}%, transparent)`,
          }),
        };
      }),
    ],
    ...(stacked && {
      bands: series.slice(1).map((_each, i): uPlot.Band => ({ series: [i + 2, i + 1] })),
    }),
    axes: [
      {
        show: timeAxis,
        stroke: palette.quiet,
        grid: { show: false },
        ticks: { show: false },
        size: 24,
        gap: 4,
        font: FONT,
        space: 72,
        values: (_plot, splits, _axis, _space, step) => splits.map((split) => timeText(split * 1000, step)),
      },
      {
        stroke: palette.quiet,
        grid,
        ticks: { show: false },
        size: SCALE_WIDTH,
        gap: 6,
        font: FONT,
        space: 34,
        values: (_plot, splits) => splits.map((value) => latest.current.format(value)),
      },
    ],
    hooks: {
      setSelect: [(plot) => zoom(plot, latest.current)],
      setCursor: [(plot) => showTip(plot, latest.current, palette, tip.current)],
      drawAxes: [(plot) => drawThresholds(plot, latest.current, palette)],
    },
  };
}

const FONT = '11px system-ui, sans-serif';

/** The scale begins at zero, unless something lies below. */
function heightOf({ least = 0 }: LineChartProps, low: number | null, high: number | null): [number, number] {
  const most = Math.max(least, high ?? 0);
  return [Math.min(0, low ?? 0), most > 0 ? most * 1.08 : 1];
}

function timeText(time: number, step: number): string {
  if (step >= 86_400) return new Date(time).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  return clock(time, { secondsToo: step < 60 });
}

function zoom(plot: uPlot, { onZoom }: LineChartProps): void {
  const { left, width } = plot.select;
  if (width < 4) return;
  const from = plot.posToVal(left, 'x') * 1000;
  const to = plot.posToVal(left + width, 'x') * 1000;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onZoom?.({ from, to });
}

/** Everything is put in as text: names come from strangers. */
function showTip(plot: uPlot, props: LineChartProps, palette: Palette, tip: HTMLDivElement | null): void {
  if (!tip) return;
  const { idx, left = -1, top = -1 } = plot.cursor;
  // Charts that follow another's pointer show the time alone.
  const isHere = plot.over.matches(':hover');
  if (idx === null || idx === undefined || left < 0 || !isHere) {
    tip.hidden = true;
    return;
  }
  const { times, values } = align(props.series);
  const lines = props.series
    .map(({ name, colour }, i) => ({ name, value: values[i]?.[idx], colour: colourOf(palette, colour ?? i) }))
    .filter((line): line is typeof line & { value: number } => typeof line.value === 'number')
    .toSorted((a, b) => b.value - a.value)
    .slice(0, MOST_NAMED);
  const time = document.createElement('p');
  time.textContent = moment(times[idx] ?? 0);
  const rows = lines.map(({ name, value, colour }) => {
    const row = document.createElement('div');
    const mark = document.createElement('i');
    mark.style.background = colour;
    const text = document.createElement('bdi');
    text.textContent = name;
    const number = document.createElement('b');
    number.textContent = props.format(value);
    row.append(mark, text, number);
    return row;
  });
  tip.replaceChildren(time, ...rows);
  tip.hidden = false;
  const x = plot.over.offsetLeft + left;
  const fits = x + 16 + tip.offsetWidth < plot.width;
  tip.style.transform = `translate(${fits ? x + 14 : x - 14 - tip.offsetWidth}px, ${Math.max(0, top - 12)}px)`;
}

function drawThresholds(plot: uPlot, { thresholds = [] }: LineChartProps, palette: Palette): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.setLineDash([4 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
  ctx.lineWidth = uPlot.pxRatio;
  for (const { value, level } of thresholds) {
    const y = plot.valToPos(value, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = palette[level];
    ctx.globalAlpha = 0.75;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}
