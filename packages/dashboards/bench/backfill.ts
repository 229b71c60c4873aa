/** A past for a whole fleet, written as blocks of Prometheus: only the series dashboards read. */
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { isEnum, type Metric } from '@moq-observability/moq-metrics';
import { boundText } from '@moq-observability/moq-metrics/exposition';
import type { Recorded } from '../src/query/recorded.ts';

/** Who there is. */
export interface Fleet {
  readonly streams: number;
  readonly viewers: number;
  readonly relays: number;
  readonly collectors: number;
}

/** A series and how it moves. */
interface Series {
  readonly text: string;
  /** Its value at a time that runs from 0, in seconds. */
  readonly at: (time: number) => number;
}

type Labels = Readonly<Record<string, string>>;

/** The seconds between two samples. */
export const INTERVAL = 60;
/** The length of a block of Prometheus. */
const BLOCK = 7200;
const NAMESPACES = 20;

/**
 * Writes blocks of samples.
 *
 * @param folder Prometheus' data
 */
export async function backfill(
  promtool: string,
  folder: string,
  series: readonly Series[],
  from: number,
  to: number,
): Promise<number> {
  let samples = 0;
  for (let start = Math.floor(from / BLOCK) * BLOCK; start < to; start += BLOCK) {
    const times: number[] = [];
    for (let time = Math.max(start, from); time < Math.min(start + BLOCK, to); time += INTERVAL)
      times.push(time);
    if (times.length === 0) continue;
    const file = join(folder, `${start}.om`);
    await pipeline(Readable.from(lines(series, times, from)), createWriteStream(file));
    await promisify(execFile)(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', '-q', file, folder], {
      maxBuffer: 64 * 1024 * 1024,
    });
    await rm(file);
    samples += series.length * times.length;
  }
  return samples;
}

function* lines(series: readonly Series[], times: readonly number[], from: number): Generator<string> {
  for (const { text, at } of series) {
    let part = '';
    for (const time of times) part += `${text} ${at(time - from)} ${time}\n`;
    yield part;
  }
  yield '# EOF\n';
}

/** The series of a metric or of what is recorded, in a fleet. */
export function seriesOf(source: Metric | Recorded, fleet: Fleet): readonly Series[] {
  return source.kind === 'recorded' ? recordedSeries(source, fleet) : metricSeries(source, fleet);
}

function recordedSeries({ name, labels, unit }: Recorded, fleet: Fleet): readonly Series[] {
  const scale = { ratio: 0.01, s: 0.2, count: 50, 'bits/s': 4e6 }[unit as 'count'] ?? 10;
  return combinations(labels, fleet, 'moq-relay').map((set, i) => ({
    text: named(name, set),
    at: (time) => rounded(scale * wave(time, i) * (set['le'] === undefined ? 1 : portion(set['le']))),
  }));
}

function metricSeries(metric: Metric, fleet: Fleet): readonly Series[] {
  const sets = jobsOf(metric).flatMap((job) =>
    combinations([...Object.keys(metric.labels), 'instance', 'job'], fleet, job, metric),
  );
  return sets.flatMap((set, i): readonly Series[] => {
    const growing = (perSecond: number) => (time: number) => Math.floor(perSecond * time * (1 + (i % 7)));
    switch (metric.kind) {
      case 'gauge':
        return [{ text: named(metric.name, set), at: (time) => rounded(10 * wave(time, i)) }];
      case 'counter':
        return [{ text: named(metric.name, set), at: growing(2) }];
      case 'histogram': {
        const bounds = [...metric.buckets, Number.POSITIVE_INFINITY];
        return [
          ...bounds.map((bound, j) => ({
            text: named(`${metric.name}_bucket`, { ...set, le: boundText(bound) }),
            at: growing((5 * (j + 1)) / bounds.length),
          })),
          { text: named(`${metric.name}_sum`, set), at: growing(1) },
          { text: named(`${metric.name}_count`, set), at: growing(5) },
        ];
      }
    }
  });
}

type Job = 'moq-collector' | 'moq-relay' | 'node';

function jobsOf({ owner, name }: Metric): readonly Job[] {
  if (owner === 'relay') return ['moq-relay'];
  if (owner !== 'stack') return ['moq-collector'];
  return name.startsWith('node_') ? ['node'] : ['moq-relay', 'moq-collector'];
}

/** The values a label takes in a fleet; some belong to a stream and are not combined with it. */
function combinations(labels: readonly string[], fleet: Fleet, job: Job, metric?: Metric): readonly Labels[] {
  let sets: readonly Labels[] = [{}];
  const combine = (values: readonly Labels[]): void => {
    sets = sets.flatMap((set) => values.map((value) => ({ ...set, ...value })));
  };
  if (labels.includes('broadcast')) combine(streamsOf(fleet).map((stream) => only(stream, labels)));
  else if (labels.includes('namespace')) combine(each('namespace', range(NAMESPACES, 'live')));
  if (labels.includes('browser') && labels.includes('device')) combine(CLIENTS);
  for (const label of labels) {
    if (sets[0]![label] !== undefined) continue;
    const definition = metric?.labels[label];
    combine(each(label, definition && isEnum(definition) ? definition : valuesOf(label, fleet, job)));
  }
  return sets;
}

/** Every stream, with what comes of its catalog. */
function streamsOf({ streams }: Fleet): readonly Labels[] {
  return range(streams, 'stream').map((name, i) => ({
    namespace: `live${i % NAMESPACES}`,
    broadcast: `live${i % NAMESPACES}/${name}`,
    video_codec: i % 3 === 0 ? 'av01' : 'avc1',
    audio_codec: 'opus',
    resolution: i % 2 === 0 ? '1920x1080' : '1280x720',
  }));
}

function valuesOf(label: string, fleet: Fleet, job: Job): readonly string[] {
  switch (label) {
    case 'instance':
      return range(job === 'moq-collector' ? fleet.collectors : fleet.relays, `${job}-`);
    case 'job':
      return [job];
    case 'le':
      return LE;
    case 'region':
      return range(8, 'region');
    case 'cpu':
      return range(8, '');
    case 'mode':
      return ['idle', 'user', 'system'];
    default:
      return ENUMS[label] ?? ['one', 'two'];
  }
}

const LE = [
  '0.05',
  '0.075',
  '0.1',
  '0.15',
  '0.2',
  '0.3',
  '0.4',
  '0.5',
  '0.75',
  '1.0',
  '1.5',
  '2.0',
  '3.0',
  '5.0',
  '10.0',
  '+Inf',
];

/** The browsers there are on devices: what is recorded of audiences is recorded of those that watch. */
const CLIENTS: readonly Labels[] = Object.entries({
  chrome: ['desktop', 'mobile', 'tablet', 'tv'],
  edge: ['desktop'],
  firefox: ['desktop', 'mobile'],
  safari: ['desktop', 'mobile', 'tablet'],
  samsung: ['mobile', 'tv'],
  other: ['desktop', 'mobile', 'tablet', 'tv', 'other'],
}).flatMap(([browser, devices]) => devices.map((device) => ({ browser, device })));

/** The values of labels of what is recorded, which says only their names. */
const ENUMS: Readonly<Record<string, readonly string[]>> = {
  track_type: ['video', 'audio', 'catalog', 'other'],
  direction: ['publish', 'subscribe'],
  transport: ['webtransport', 'websocket', 'other'],
  browser: ['chrome', 'edge', 'firefox', 'safari', 'samsung', 'other'],
  device: ['desktop', 'mobile', 'tablet', 'tv', 'other'],
  outcome: ['started', 'failed', 'exited'],
  switch: ['up', 'down', 'other'],
  error: ['connect', 'setup', 'auth', 'not_found', 'decode', 'timeout', 'other'],
};

function only(set: Labels, labels: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(set).filter(([name]) => labels.includes(name)));
}

function each(label: string, values: readonly string[]): readonly Labels[] {
  return values.map((value) => ({ [label]: value }));
}

function range(count: number, prefix: string): readonly string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

function named(name: string, labels: Labels): string {
  const parts = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  // What is recorded has colons in its name, which OpenMetrics allows too.
  return parts.length > 0 ? `${name}{${parts.join(',')}}` : name;
}

/** A day's rhythm, and a little of its own for each series. */
function wave(time: number, i: number): number {
  return 1 + 0.5 * Math.sin((time / 86_400) * 2 * Math.PI + i) + 0.2 * Math.sin(time / 900 + 3 * i);
}

/** The part of all samples up to a bound. */
function portion(le: string): number {
  return le === '+Inf' ? 1 : Math.min(1, Number(le));
}

function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
