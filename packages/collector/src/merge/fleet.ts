import { collector as own, type LabelValues } from '@moq-observability/moq-metrics';
import type { Addition, MergeableMetric } from '@moq-observability/moq-metrics/merge';
import {
  type CounterSeries,
  createPrometheusMetrics,
  type HistogramSeries,
  type PrometheusMetrics,
} from '@moq-observability/moq-metrics/prometheus';

/** An example of what was counted: a trace. */
export interface Example {
  /** 32 hex digits. */
  readonly traceId: string;
  /** One of the values observed, or what a counter counted. */
  readonly value: number;
  /** The bucket it lies in; 0 for counters. */
  readonly bucket: number;
}

/** A series with what it counted. */
export interface SeriesState {
  readonly metric: MergeableMetric;
  readonly labels: LabelValues;
  /** The value of a counter; the sum of a histogram, and then one count per bucket. */
  readonly values: readonly number[];
}

/** A series that is no more: what it counted is part of another. */
export type SeriesName = Pick<SeriesState, 'metric' | 'labels'>;

/** What happened to the series since the last time. What is gone comes before what changed. */
export interface FleetChanges {
  readonly gone: readonly SeriesName[];
  readonly changed: readonly SeriesState[];
}

type AnySeries = CounterSeries | HistogramSeries;

/** A series by the labels that were asked for. */
interface Open {
  readonly series: AnySeries;
  readonly tracked: Tracked;
  usedAt: number;
  /** When each bucket last got an example. */
  readonly exampled: number[];
}

/** A series by the labels it has. */
interface Tracked {
  readonly metric: MergeableMetric;
  readonly labels: LabelValues;
  /** Sees what it counts, for as long as it is there. */
  readonly series: AnySeries;
  /** Whether it counted something that nobody has taken yet. */
  isChanged: boolean;
}

/** How often a bucket gets another example, in milliseconds. */
const EXAMPLE_EVERY = 1_000;

/** A series that nobody counted into for this long lets go of its slot, in milliseconds. */
const IDLE = 60_000;

/** What a whole fleet of players counted, as one set of series: the single writer of every client metric. */
export class Fleet {
  /** Where the series are, and those of whoever else counts here. */
  readonly metrics: PrometheusMetrics;
  /** What is added up. */
  readonly exposed: readonly MergeableMetric[];
  readonly #open = new Map<MergeableMetric, Map<string, Open>>();
  readonly #tracked = new Map<MergeableMetric, Map<string, Tracked>>();
  #gone: SeriesName[] = [];
  /** Those that changed, once each; and those that were moved since, which no longer say so. */
  #changed: Tracked[] = [];

  /** Metrics that are live are exposed from the start, at zero where their labels are known; the others when they come. */
  constructor(exposed: readonly MergeableMetric[]) {
    this.exposed = exposed;
    this.metrics = createPrometheusMetrics({
      overflow: own.seriesOverflow,
      onMoved: (metric, from, into) => {
        if (metric.kind !== 'gauge') this.#move(metric, from, into);
      },
    });
    for (const metric of exposed) {
      this.#open.set(metric, new Map());
      this.#tracked.set(metric, new Map());
      if (metric.status === 'live') this.#family(metric);
    }
  }

  /** How many series there are; the buckets of a histogram are one. */
  get size(): number {
    let size = 0;
    for (const [metric, { size: tracked }] of this.#tracked) {
      size += tracked > 0 || metric.status === 'live' ? this.#family(metric).size : 0;
    }
    return size;
  }

  /**
   * Adds what a point was found to add. Cannot fail: what does not fit the schema was sorted out before.
   *
   * @param now the time in milliseconds, of a clock that never goes back
   */
  add(addition: Addition, now: number, example?: Example): void {
    const open = this.#find(addition, now);
    open.usedAt = now;
    this.#change(open.tracked);
    const exemplar = example && isDue(example, open, now) ? exemplarOf(example) : undefined;
    if (addition.kind === 'counter') (open.series as CounterSeries).add(addition.value, exemplar?.labels);
    else (open.series as HistogramSeries).merge(addition.counts, addition.sum, exemplar);
  }

  /** What happened since this was last called. */
  takeChanges(): FleetChanges {
    const gone = this.#gone;
    const changed = this.#takeChanged().map(stateOf);
    this.#gone = [];
    return { gone, changed };
  }

  /** Lets go of what happened: nobody is going to ask. */
  dropChanges(): void {
    this.#gone = [];
    this.#takeChanged();
  }

  /** All series that counted something. What is yielded is as it is at that moment. */
  *states(): Generator<SeriesState> {
    for (const series of this.#tracked.values()) {
      for (const tracked of series.values()) yield stateOf(tracked);
    }
  }

  /** Goes on from what a series had counted. */
  restore({ metric, labels, values }: SeriesState, now: number): void {
    const [first = 0, ...counts] = values;
    if (metric.kind === 'counter') this.add({ kind: 'counter', metric, labels, value: first }, now);
    else this.add({ kind: 'histogram', metric, labels, counts, sum: first }, now);
  }

  /** Lets go of what nobody counts into any more, so that others may have its slots some day. */
  sweep(now: number): void {
    for (const opened of this.#open.values()) {
      for (const [key, { series, usedAt }] of opened) {
        if (now - usedAt < IDLE) continue;
        series.close();
        opened.delete(key);
      }
    }
  }

  #find({ metric, labels }: Addition, now: number): Open {
    const opened = this.#open.get(metric)!;
    const key = keyOf(metric, labels);
    let open = opened.get(key);
    if (!open) {
      const series = this.#family(metric).series(labels);
      open = { series, tracked: this.#track(metric, series.labels), usedAt: now, exampled: [] };
      opened.set(key, open);
    }
    return open;
  }

  #track(metric: MergeableMetric, labels: LabelValues): Tracked {
    const series = this.#tracked.get(metric)!;
    const key = keyOf(metric, labels);
    let tracked = series.get(key);
    if (!tracked) {
      tracked = { metric, labels, series: this.#family(metric).peek(labels), isChanged: false };
      series.set(key, tracked);
    }
    return tracked;
  }

  #move(metric: MergeableMetric, from: LabelValues, into: LabelValues): void {
    const series = this.#tracked.get(metric);
    const left = series?.get(keyOf(metric, from));
    if (!series || !left) return;
    series.delete(keyOf(metric, from));
    left.isChanged = false;
    this.#gone.push(left);
    this.#change(this.#track(metric, into));
  }

  #change(tracked: Tracked): void {
    if (tracked.isChanged) return;
    tracked.isChanged = true;
    this.#changed.push(tracked);
  }

  #takeChanged(): readonly Tracked[] {
    const taken = this.#changed.filter(({ isChanged }) => isChanged);
    this.#changed = [];
    for (const tracked of taken) tracked.isChanged = false;
    return taken;
  }

  #family(
    metric: MergeableMetric,
  ): { readonly size: number } & Record<'series' | 'peek', (labels: LabelValues) => AnySeries> {
    return metric.kind === 'counter' ? this.metrics.counter(metric) : this.metrics.histogram(metric);
  }
}

/** Whether a bucket is to have another example; takes note of it if so. */
function isDue({ bucket }: Example, { exampled }: Open, now: number): boolean {
  if (now - (exampled[bucket] ?? 0) < EXAMPLE_EVERY) return false;
  exampled[bucket] = now;
  return true;
}

function exemplarOf({ value, traceId }: Example): { value: number; labels: LabelValues } {
  return { value, labels: { trace_id: traceId } };
}

function stateOf({ metric, labels, series }: Tracked): SeriesState {
  const values = 'sum' in series ? [series.sum, ...series.counts] : [series.value];
  return { metric, labels, values };
}

/**
 * A key no two label sets of a metric share: no value has a line break in it. The namespace is part of the broadcast.
 */
function keyOf(metric: MergeableMetric, labels: LabelValues): string {
  let key = '';
  for (const name in metric.labels) {
    if (name !== 'namespace') key = key === '' ? labels[name]! : `${key}\n${labels[name]}`;
  }
  return key;
}
