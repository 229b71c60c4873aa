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
import type { Exemplar } from './exemplar.ts';
import type { Snapshot } from './table.ts';

/** About how many lines are put together at once. */
const BLOCK = 200;
/** How much is written before others get their turn on the event loop, in characters. */
const CHUNK = 50_000;

/** Puts lines together into chunks; `pause` is awaited between one and the next. */
export async function* chunksOf(
  blocks: Iterable<string>,
  pause: () => Promise<void>,
): AsyncGenerator<string> {
  let chunk: string[] = [];
  let length = 0;
  for (const block of blocks) {
    chunk.push(block);
    length += block.length;
    if (length < CHUNK) continue;
    yield chunk.join('');
    chunk = [];
    length = 0;
    await pause();
  }
  if (length > 0) yield chunk.join('');
}

/** The lines of a metric of the schema, some at a time: one at a time takes a third longer. */
export function* blocksOf(format: Format, metric: Metric, snapshot: Snapshot): Generator<string> {
  const { texts } = snapshot;
  const step = metric.kind === 'histogram' ? Math.ceil(BLOCK / (metric.buckets.length + 3)) : BLOCK;
  yield headerText(format, metric.name, metric.kind, metric.description);
  for (let from = 0; from < texts.length; from += step) {
    const to = Math.min(from + step, texts.length);
    yield metric.kind === 'histogram'
      ? histogramBlock(format, metric, snapshot, from, to)
      : valueBlock(format, metric.name, snapshot, from, to);
  }
}

function valueBlock(
  format: Format,
  name: string,
  { texts, numbers, exemplars }: Snapshot,
  from: number,
  to: number,
): string {
  let block = '';
  for (let i = from; i < to; i++) {
    const text = texts[i];
    if (text === undefined) continue;
    block += line(name, text, numbers[i]!, format === 'openmetrics' ? exemplars.get(i) : undefined);
  }
  return block;
}

function histogramBlock(
  format: Format,
  { name, buckets }: HistogramMetric,
  { texts, numbers, exemplars }: Snapshot,
  from: number,
  to: number,
): string {
  const bounds = [...buckets, Number.POSITIVE_INFINITY].map((bound) => `le="${boundText(bound)}"`);
  let block = '';
  for (let i = from; i < to; i++) {
    const text = texts[i];
    if (text === undefined) continue;
    let at = i * (bounds.length + 1);
    const sum = numbers[at++]!;
    let count = 0;
    for (const bound of bounds) {
      const exemplar = format === 'openmetrics' ? exemplars.get(at) : undefined;
      count += numbers[at++]!;
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
