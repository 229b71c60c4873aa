import { type PointerEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { clock, moment, number } from '../format.ts';
import type { Span } from '../shell/span.ts';
import { SCALE_WIDTH, RIGHT_SPACE } from './line-chart.tsx';
import { type Palette, usePalette } from './palette.ts';
import './heatmap.css';

/** How often what lay between which bounds, over time. */
export interface HeatmapData {
  /** Unix milliseconds, rising, evenly apart. */
  readonly times: readonly number[];
  /** Upper bounds of the rows, rising; the last may be infinite. */
  readonly bounds: readonly number[];
  /** For each row, a count at each time. */
  readonly counts: readonly (readonly number[])[];
}

/** What a heatmap shows. */
export interface HeatmapProps {
  readonly label: string;
  readonly data: HeatmapData;
  readonly span: Span;
  /** How a bound is written. */
  readonly format: (value: number) => string;
  readonly height?: number;
  readonly onZoom?: ((span: Span) => void) | undefined;
}

const TIME_AXIS = 24;
const TOP_SPACE = 8;

/** A picture of a distribution over time: the stronger the colour, the more often. */
export function Heatmap(props: HeatmapProps): ReactNode {
  const { label, data, span, format, height = 180, onZoom } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [pointed, setPointed] = useState<{ readonly x: number; readonly y: number }>();
  const [dragFrom, setDragFrom] = useState<number>();
  const palette = usePalette();
  const most = useMemo(() => Math.max(0, ...data.counts.flat()), [data]);

  useEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context && width > 0) draw(context, props, { width, height, most, palette });
  });

  const plotWidth = Math.max(1, width - SCALE_WIDTH - RIGHT_SPACE);
  const timeAt = (x: number): number =>
    span.from + Math.min(1, Math.max(0, (x - SCALE_WIDTH) / plotWidth)) * (span.to - span.from);
  const cell = pointed && cellAt(data, timeAt(pointed.x), pointed.y, height);
  return (
    <figure className="heatmap" aria-label={label}>
      <div
        style={{ height }}
        onPointerDown={(event) => onZoom && setDragFrom(place(event).x)}
        onPointerMove={(event) => setPointed(place(event))}
        onPointerLeave={() => {
          setPointed(undefined);
          setDragFrom(undefined);
        }}
        onPointerUp={(event) => {
          const { x } = place(event);
          if (dragFrom !== undefined && Math.abs(x - dragFrom) > 4) {
            const [from, to] = [timeAt(Math.min(x, dragFrom)), timeAt(Math.max(x, dragFrom))];
            onZoom?.({ from, to });
          }
          setDragFrom(undefined);
        }}
      >
        <canvas ref={canvas} role="img" aria-label={wordsOf(props, most)} />
        {pointed && dragFrom !== undefined && (
          <span
            className="heatmap-select"
            style={{ left: Math.min(dragFrom, pointed.x), width: Math.abs(pointed.x - dragFrom) }}
          />
        )}
        {pointed && cell && (
          <div
            className="chart-tip"
            style={{
              transform: `translate(${pointed.x > width - 220 ? pointed.x - 190 : pointed.x + 14}px, ${Math.max(0, pointed.y - 40)}px)`,
            }}
            aria-hidden="true"
          >
            <p>{moment(cell.time)}</p>
            <div>
              <bdi>{rowName(data.bounds, cell.row, format)}</bdi>
              <b>{number(cell.count)}</b>
            </div>
          </div>
        )}
      </div>
    </figure>
  );
}

/** Where the pointer is, in pixels from the top left. */
function place(event: PointerEvent): { readonly x: number; readonly y: number } {
  const { left, top } = event.currentTarget.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly most: number;
  readonly palette: Palette;
}

function draw(
  context: CanvasRenderingContext2D,
  { data, span, format }: HeatmapProps,
  { width, height, most, palette }: Drawing,
): void {
  const { canvas } = context;
  const scale = window.devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const { times, bounds, counts } = data;
  const plotWidth = width - SCALE_WIDTH - RIGHT_SPACE;
  const plotHeight = height - TIME_AXIS - TOP_SPACE;
  const step = times.length > 1 ? times[1]! - times[0]! : span.to - span.from;
  const x = (time: number): number => SCALE_WIDTH + ((time - span.from) / (span.to - span.from)) * plotWidth;
  const rowHeight = plotHeight / Math.max(1, bounds.length);
  const colours = ramp(palette.heat);

  context.save();
  context.beginPath();
  context.rect(SCALE_WIDTH, TOP_SPACE, plotWidth, plotHeight);
  context.clip();
  for (const [row, line] of counts.entries()) {
    const top = TOP_SPACE + plotHeight - (row + 1) * rowHeight;
    for (const [i, count] of line.entries()) {
      if (!(count > 0)) continue;
      // A square root: what is seldom can be seen beside what is usual.
      context.fillStyle = colours[Math.round(Math.sqrt(count / most) * (colours.length - 1))]!;
      const left = x(times[i]! - step);
      context.fillRect(left, top + 0.5, Math.max(1, x(times[i]!) - left + 0.3), rowHeight - 1);
    }
  }
  context.restore();

  context.fillStyle = palette.quiet;
  context.font = '11px system-ui, sans-serif';
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  const every = Math.max(1, Math.ceil(16 / rowHeight));
  for (let row = 0; row < bounds.length; row += every) {
    const text = Number.isFinite(bounds[row]!) ? format(bounds[row]!) : '∞';
    context.fillText(text, SCALE_WIDTH - 7, TOP_SPACE + plotHeight - (row + 1) * rowHeight + 1);
  }
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (const time of ticks(span, Math.floor(plotWidth / 90))) {
    context.fillText(
      clock(time, { secondsToo: span.to - span.from < 600_000 }),
      x(time),
      height - TIME_AXIS + 6,
    );
  }
}

/** Even times that are easily read. */
export function ticks({ from, to }: Span, most: number): readonly number[] {
  const steps = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
  ];
  const step = (steps.find((each) => (to - from) / 1000 / each <= Math.max(1, most)) ?? 172_800) * 1000;
  const found: number[] = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) found.push(time);
  return found;
}

/** Colours from little to much, by mixing. */
function ramp(heat: readonly string[]): readonly string[] {
  const stops = heat.map((colour) => (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number));
  return Array.from({ length: 32 }, (_, i) => {
    const at = (i / 31) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(at));
    const mixed = stops[low]!.map((value, k) => value + (stops[low + 1]![k]! - value) * (at - low));
    return `rgb(${mixed.map(Math.round).join(' ')})`;
  });
}

function cellAt(
  { times, bounds, counts }: HeatmapData,
  time: number,
  y: number,
  height: number,
): { readonly time: number; readonly row: number; readonly count: number } | undefined {
  const column = times.findIndex((each) => each >= time);
  const row = Math.floor((1 - (y - TOP_SPACE) / (height - TIME_AXIS - TOP_SPACE)) * bounds.length);
  const count = counts[row]?.[column];
  return count === undefined ? undefined : { time: times[column]!, row, count };
}

function rowName(bounds: readonly number[], row: number, format: (value: number) => string): string {
  const low = row > 0 ? format(bounds[row - 1]!) : '0';
  const high = bounds[row]!;
  return Number.isFinite(high) ? `${low} to ${format(high)}` : `over ${low}`;
}

function wordsOf({ label, data, format }: HeatmapProps, most: number): string {
  if (most === 0) return `${label}: nothing`;
  const sums = data.counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const usual = sums.indexOf(Math.max(...sums));
  return `${label}: most often ${rowName(data.bounds, usual, format)}`;
}
