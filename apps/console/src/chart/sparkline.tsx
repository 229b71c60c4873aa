import { type ReactNode, useEffect, useRef } from 'react';
import { usePalette } from './palette.ts';
import './sparkline.css';

/** What a sparkline shows. */
export interface SparklineProps {
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** What lies at the right and left edge, in Unix milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Index of the colour, from 0; the accent by default. */
  readonly colour?: number | 'bad';
  /** The least height of the scale: what is nothing is not blown up. */
  readonly least?: number;
}

/** A small picture of how a number went, without words. */
export function Sparkline({ times, values, from, to, colour, least = 0 }: SparklineProps): ReactNode {
  const ref = useRef<HTMLCanvasElement>(null);
  const palette = usePalette();
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = window.devicePixelRatio;
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    const context = canvas.getContext('2d');
    if (!context || width === 0) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const stroke =
      colour === undefined ? palette.accent : colour === 'bad' ? palette.bad : palette.series[colour]!;
    draw(context, { times, values, from, to, width, height, least, stroke });
  });
  return <canvas ref={ref} className="sparkline" aria-hidden="true" />;
}

interface Drawing {
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly height: number;
  readonly least: number;
  readonly stroke: string;
}

function draw(context: CanvasRenderingContext2D, drawing: Drawing): void {
  const { times, values, from, to, width, height, least, stroke } = drawing;
  let most = least;
  for (const value of values) if (value > most) most = value;
  const x = (time: number): number => ((time - from) / (to - from)) * width;
  const y = (value: number): number => height - 1.5 - (most > 0 ? value / most : 0) * (height - 3);
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.strokeStyle = stroke;
  context.fillStyle = stroke;
  let start: number | undefined;
  const close = (end: number): void => {
    if (start === undefined) return;
    context.stroke();
    context.lineTo(x(times[end]!), height);
    context.lineTo(x(times[start]!), height);
    context.globalAlpha = 0.13;
    context.fill();
    context.globalAlpha = 1;
    start = undefined;
  };
  for (let i = 0; i < times.length; i++) {
    if (times[i]! < from && (times[i + 1] ?? from) < from) continue;
    if (Number.isNaN(values[i]!)) {
      close(i - 1);
    } else if (start === undefined) {
      start = i;
      context.beginPath();
      context.moveTo(x(times[i]!), y(values[i]!));
    } else {
      context.lineTo(x(times[i]!), y(values[i]!));
    }
  }
  close(times.length - 1);
}
