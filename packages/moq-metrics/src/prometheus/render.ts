import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import type { HistogramMetric, Metric } from '../define.ts';
import {
  boundText,
  familyName,
  type Format,
  headerText,
  labelsText,
  numberText,
} from '../exposition/format.ts';
import { CounterCell, type Exemplar, type GaugeCell, HistogramCell } from './series.ts';

/** Any series. */
export type Cell = CounterCell | GaugeCell | HistogramCell;

/** All series of a metric as they stood at one instant, however long it takes to write them down. */
export interface Snapshot {
  readonly metric: Metric;
  /** The labels of each series, as they stand between the braces. */
  readonly texts: readonly string[];
  /** Series by series: the value, or the sum and then the counts of the buckets. */
  readonly values: readonly number[];
  /** As many as there are values, where there are any. */
  readonly exemplars: readonly (Exemplar | undefined)[];
}

/** About how many lines are put together at once. */
const BLOCK = 200;
/** How much is written before others get their turn on the event loop, in characters. */
const CHUNK = 100_000;

/** Copies the numbers of all series of a metric. */
export function snapshot(metric: Metric, cells: Iterable<Cell>): Snapshot {
  const texts: string[] = [];
  const values: number[] = [];
  const exemplars: (Exemplar | undefined)[] = [];
  for (const cell of cells) {
    texts.push(cell.text);
    if (cell instanceof HistogramCell) {
      values.push(cell.sum);
      cell.exemplars?.forEach((exemplar, bucket) => (exemplars[values.length + bucket] = exemplar));
      for (const count of cell.counts) values.push(count);
    } else {
      if (cell instanceof CounterCell && cell.exemplar) exemplars[values.length] = cell.exemplar;
      values.push(cell.value);
    }
  }
  return { metric, texts, values, exemplars };
}

/** Puts lines together: `pause` is awaited whenever another hundred thousand characters are written. */
export async function render(blocks: Iterable<string>, pause: () => Promise<void>): Promise<string> {
  const chunks: string[] = [];
  let chunk: string[] = [];
  let length = 0;
  for (const block of blocks) {
    chunk.push(block);
    length += block.length;
    if (length < CHUNK) continue;
    chunks.push(chunk.join(''));
    chunk = [];
    length = 0;
    await pause();
  }
  return [...chunks, ...chunk].join('');
}

/** The lines of a metric of the schema, some at a time: one at a time takes a third longer. */
export function* blocksOf(format: Format, family: Snapshot): Generator<string> {
  const { metric, texts } = family;
  const step = metric.kind === 'histogram' ? Math.ceil(BLOCK / (metric.buckets.length + 3)) : BLOCK;
  yield headerText(format, metric.name, metric.kind, metric.description);
  for (let from = 0; from < texts.length; from += step) {
    const to = Math.min(from + step, texts.length);
    yield metric.kind === 'histogram'
      ? histogramBlock(format, metric, family, from, to)
      : valueBlock(format, metric.name, family, from, to);
  }
}

function valueBlock(
  format: Format,
  name: string,
  { texts, values, exemplars }: Snapshot,
  from: number,
  to: number,
): string {
  let block = '';
  for (let i = from; i < to; i++) {
    block += line(name, texts[i]!, values[i]!, format === 'openmetrics' ? exemplars[i] : undefined);
  }
  return block;
}

function histogramBlock(
  format: Format,
  { name, buckets }: HistogramMetric,
  { texts, values, exemplars }: Snapshot,
  from: number,
  to: number,
): string {
  const bounds = [...buckets, Number.POSITIVE_INFINITY].map((bound) => `le="${boundText(bound)}"`);
  let block = '';
  let at = from * (bounds.length + 1);
  for (let i = from; i < to; i++) {
    const text = texts[i]!;
    const sum = values[at++]!;
    let count = 0;
    for (const bound of bounds) {
      const exemplar = format === 'openmetrics' ? exemplars[at] : undefined;
      count += values[at++]!;
      block += line(`${name}_bucket`, text ? `${text},${bound}` : bound, count, exemplar);
    }
    block += line(`${name}_sum`, text, sum) + line(`${name}_count`, text, count);
  }
  return block;
}

/** The lines of a metric that prom-client counts itself. */
export function* foreignLines(
  format: Format,
  { name, help, type, values }: MetricObjectWithValues<MetricValue<string>>,
): Generator<string> {
  const kind = String(type);
  yield headerText(format, name, kind, help);
  const total =
    format === 'openmetrics' && kind === 'counter' ? `${familyName(format, name, kind)}_total` : name;
  for (const { metricName, labels, value } of values as readonly ForeignValue[]) {
    const texts = Object.entries(labels).map(([label, text]) => [
      label,
      label === 'le' && typeof text === 'number' ? boundText(text) : String(text),
    ]);
    yield line(metricName ?? total, labelsText(Object.fromEntries(texts)), value);
  }
}

interface ForeignValue {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

function line(name: string, labels: string, value: number, exemplar?: Exemplar): string {
  const series = labels ? `${name}{${labels}}` : name;
  if (!exemplar) return `${series} ${numberText(value)}\n`;
  const example = `{${exemplar.text}} ${numberText(exemplar.value)} ${exemplar.timestamp}`;
  return `${series} ${numberText(value)} # ${example}\n`;
}
