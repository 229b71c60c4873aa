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
import { type CounterCell, type Exemplar, type GaugeCell, HistogramCell } from './series.ts';

/** Any series. */
export type Cell = CounterCell | GaugeCell | HistogramCell;

/** All series of a metric as they stood at one instant, however long it takes to write them down. */
export interface Snapshot {
  readonly metric: Metric;
  /** The labels of each series, as they stand between the braces. */
  readonly texts: readonly string[];
  /** Series by series: the value, or the sum and then the counts of the buckets. */
  readonly values: Float64Array;
  /** As many as there are values, where there are any. */
  readonly exemplars: readonly (Exemplar | undefined)[];
}

/** Lines written before others get their turn on the event loop. */
const CHUNK = 1000;

/** Copies the numbers of all series of a metric. */
export function snapshot(metric: Metric, cells: readonly Cell[]): Snapshot {
  const width = metric.kind === 'histogram' ? metric.buckets.length + 2 : 1;
  const values = new Float64Array(cells.length * width);
  const exemplars: (Exemplar | undefined)[] = [];
  cells.forEach((cell, i) => {
    const at = i * width;
    if (cell instanceof HistogramCell) {
      values[at] = cell.sum;
      values.set(cell.counts, at + 1);
      cell.exemplars?.forEach((exemplar, bucket) => (exemplars[at + 1 + bucket] = exemplar));
    } else {
      values[at] = cell.value;
      if ('exemplar' in cell && cell.exemplar) exemplars[at] = cell.exemplar;
    }
  });
  return { metric, texts: cells.map(({ text }) => text), values, exemplars };
}

/** Writes snapshots down, a little at a time: `pause` is awaited after every thousand lines. */
export async function render(lines: Iterable<string>, pause: () => Promise<void>): Promise<string> {
  const chunks: string[] = [];
  let chunk: string[] = [];
  for (const line of lines) {
    if (chunk.push(line) < CHUNK) continue;
    chunks.push(chunk.join(''));
    chunk = [];
    await pause();
  }
  return [...chunks, ...chunk].join('');
}

/** The lines of a metric of the schema. */
export function* linesOf(format: Format, { metric, texts, values, exemplars }: Snapshot): Generator<string> {
  yield headerText(format, metric.name, metric.kind, metric.description);
  if (metric.kind === 'histogram') {
    yield* histogramLines(format, metric, texts, values, exemplars);
    return;
  }
  for (let i = 0; i < texts.length; i++) {
    yield line(metric.name, texts[i]!, values[i]!, format === 'openmetrics' ? exemplars[i] : undefined);
  }
}

function* histogramLines(
  format: Format,
  { name, buckets }: HistogramMetric,
  texts: readonly string[],
  values: Float64Array,
  exemplars: readonly (Exemplar | undefined)[],
): Generator<string> {
  const bounds = [...buckets, Number.POSITIVE_INFINITY].map((bound) => `le="${boundText(bound)}"`);
  let at = 0;
  for (const text of texts) {
    const sum = values[at++]!;
    let count = 0;
    for (const bound of bounds) {
      const exemplar = format === 'openmetrics' ? exemplars[at] : undefined;
      count += values[at++]!;
      yield line(`${name}_bucket`, text ? `${text},${bound}` : bound, count, exemplar);
    }
    yield line(`${name}_sum`, text, sum);
    yield line(`${name}_count`, text, count);
  }
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
