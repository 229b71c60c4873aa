import type { SampleRow, SessionDetail } from '@moq-observability/collector/api';
import { type PointerEvent, type ReactNode, useMemo, useRef, useState } from 'react';
import { withGaps } from '../chart/align.ts';
import { ticks } from '../chart/heatmap.tsx';
import { LineChart, type LineSeries, RIGHT_SPACE, SCALE_WIDTH } from '../chart/line-chart.tsx';
import { bits, clock, duration, seconds } from '../format.ts';
import type { Span } from '../shell/span.ts';
import { type Band, bandsOf, type Mark, marksOf } from './bands.ts';
import './timeline.css';

/** What a timeline shows. */
export interface TimelineProps {
  readonly detail: SessionDetail;
  readonly span: Span;
  /** The time that was brushed. */
  readonly brushed: Span | undefined;
  readonly onBrush: (span: Span) => void;
}

/** All of a session below one another, on one scale of time. */
export function Timeline({ detail, span, brushed, onBrush }: TimelineProps): ReactNode {
  const bands = useMemo(() => bandsOf(detail, span.to), [detail, span.to]);
  const marks = useMemo(() => marksOf(detail.events), [detail.events]);
  const lanes = useMemo(() => lanesOf(detail.samples), [detail.samples]);
  return (
    <div className="timeline">
      <BandLane bands={bands} marks={marks} span={span} onBrush={onBrush} />
      {lanes.map(({ name, series, format, least }) => (
        <div className="lane" key={name}>
          <h3>{name}</h3>
          <LineChart
            label={`${name} of this session`}
            series={series}
            span={span}
            format={format}
            height={64}
            filled
            legend={false}
            timeAxis={false}
            sync="session"
            least={least}
            onZoom={onBrush}
          />
        </div>
      ))}
      <TimeAxis span={span} />
      {brushed && <Brushed span={span} brushed={brushed} />}
    </div>
  );
}

interface Lane {
  readonly name: string;
  readonly series: readonly LineSeries[];
  readonly format: (value: number) => string;
  readonly least: number;
}

function lanesOf(samples: readonly SampleRow[]): readonly Lane[] {
  const step = usualStep(samples);
  const line = (
    name: string,
    colour: number,
    value: (row: SampleRow) => number | undefined,
  ): readonly LineSeries[] => {
    const known = samples.filter((row) => value(row) !== undefined);
    const timed = { times: known.map(({ time }) => time), values: known.map((row) => value(row)!) };
    return [{ name, colour, ...withGaps(timed, step) }];
  };
  return [
    { name: 'Latency', series: line('latency', 1, (row) => row.latencySeconds), format: seconds, least: 0.2 },
    { name: 'Buffer', series: line('buffer', 5, (row) => row.bufferSeconds), format: seconds, least: 0.2 },
    { name: 'Bitrate', series: line('bitrate', 0, (row) => row.bitrate), format: bits, least: 1e5 },
    {
      name: 'Round trip',
      series: line('round trip', 2, (row) => row.rttSeconds),
      format: seconds,
      least: 0.05,
    },
    { name: 'Stalled', series: line('stalled', 4, (row) => row.stalledSeconds), format: seconds, least: 1 },
  ];
}

/** The usual time between two reports, in milliseconds. */
function usualStep(samples: readonly SampleRow[]): number {
  const steps = samples.slice(1).map(({ time }, i) => time - samples[i]!.time);
  return steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] || 10_000;
}

/** Where a time lies, as a part of the span. */
function partOf(time: number, { from, to }: Span): number {
  return Math.min(1, Math.max(0, (time - from) / (to - from)));
}

function percent(part: number): string {
  return `${part * 100}%`;
}

function BandLane({
  bands,
  marks,
  span,
  onBrush,
}: {
  readonly bands: readonly Band[];
  readonly marks: readonly Mark[];
  readonly span: Span;
  readonly onBrush: (span: Span) => void;
}): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number }>();
  const timeAt = ({ clientX }: PointerEvent): number => {
    const { left, width } = box.current!.getBoundingClientRect();
    return span.from + Math.min(1, Math.max(0, (clientX - left) / width)) * (span.to - span.from);
  };
  const words = bands.map(({ state, from, to }) => `${state} for ${duration(to - from)}`);
  return (
    <div className="lane lane-bands">
      <h3>State</h3>
      <div
        className="bands"
        ref={box}
        style={{ marginInline: `${SCALE_WIDTH}px ${RIGHT_SPACE}px` }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: timeAt(event), to: timeAt(event) });
        }}
        onPointerMove={(event) => drag && setDrag({ ...drag, to: timeAt(event) })}
        onPointerUp={() => {
          if (drag && Math.abs(drag.to - drag.from) > (span.to - span.from) / 200) {
            onBrush({ from: Math.min(drag.from, drag.to), to: Math.max(drag.from, drag.to) });
          }
          setDrag(undefined);
        }}
      >
        <div className="bands-row" role="img" aria-label={`States: ${lastOf(words)}`}>
          {bands.map(({ state, from, to }) => (
            <span
              key={`${from} ${state}`}
              data-state={state}
              title={`${state}, ${clock(from)} to ${clock(to)}: ${duration(to - from)}`}
              style={{
                insetInlineStart: percent(partOf(from, span)),
                width: percent(partOf(to, span) - partOf(from, span)),
              }}
            />
          ))}
        </div>
        <div className="marks-row" role="img" aria-label={`Events: ${lastOf(marks.map(({ name }) => name))}`}>
          {marks.map(({ time, name, kind }, i) => (
            <i
              // oxlint-disable-next-line react/no-array-index-key -- events have no id, and only more of them come
              key={`${time} ${name} ${i}`}
              data-kind={kind}
              title={`${clock(time, { milliseconds: true })} ${name}`}
              style={{ insetInlineStart: percent(partOf(time, span)) }}
            />
          ))}
        </div>
        {drag && (
          <Brush
            span={span}
            brushed={{ from: Math.min(drag.from, drag.to), to: Math.max(drag.from, drag.to) }}
          />
        )}
      </div>
    </div>
  );
}

/** The last few of many, in words. */
function lastOf(words: readonly string[]): string {
  return words.length > 10
    ? `${words.slice(-10).join(', ')}, and ${words.length - 10} before`
    : words.join(', ');
}

function Brush({ span, brushed }: { readonly span: Span; readonly brushed: Span }): ReactNode {
  const start = partOf(brushed.from, span);
  return (
    <span
      className="brush"
      style={{ insetInlineStart: percent(start), width: percent(partOf(brushed.to, span) - start) }}
    />
  );
}

/** What was brushed, over all lanes. */
function Brushed(props: { readonly span: Span; readonly brushed: Span }): ReactNode {
  return (
    <div className="brushed" style={{ insetInline: `${SCALE_WIDTH}px ${RIGHT_SPACE}px` }} aria-hidden="true">
      <Brush {...props} />
    </div>
  );
}

function TimeAxis({ span }: { readonly span: Span }): ReactNode {
  return (
    <div
      className="time-axis"
      style={{ marginInline: `${SCALE_WIDTH}px ${RIGHT_SPACE}px` }}
      aria-hidden="true"
    >
      {ticks(span, 8).map((time) => (
        <span key={time} style={{ insetInlineStart: percent(partOf(time, span)) }}>
          {clock(time, { secondsToo: span.to - span.from < 1_200_000 })}
        </span>
      ))}
    </div>
  );
}
