/**
 * OTLP metrics, normalised from JSON or from Protobuf. What is not shaped like OTLP at all is refused whole; whether a
 * well-formed point is worth anything is decided later, by the schema.
 *
 * Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */

import { type Attributes, type OtlpLimits, OtlpReader } from './attributes.ts';
import { boolean, double, idOf, integer, list, object, optional, text, type Tree } from './checked.ts';
import { Refused } from './refused.ts';

/** What a point's value relates to: the time since the last report, or the beginning of time. */
export type Temporality = 'unspecified' | 'delta' | 'cumulative';

/** From when to when a point counted, by the sender's clock. */
interface Interval {
  /** Unix milliseconds; 0 when it is not told. */
  readonly start: number;
  /** Unix milliseconds; 0 when it is not told. */
  readonly time: number;
}

/** An example of what a histogram counted. */
export interface PointExemplar {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly value: number;
}

/** One point of a sum. */
export interface NumberPoint extends Interval {
  readonly attributes: Attributes;
  /** NaN when the point has no value. */
  readonly value: number;
}

/** One point of a histogram. */
export interface HistogramPoint extends Interval {
  readonly attributes: Attributes;
  /** Upper bounds of the buckets, without the infinite one. */
  readonly bounds: readonly number[];
  /** One count per bound and last the one past the highest bound. */
  readonly counts: readonly number[];
  readonly count: number;
  /** NaN when the point has no sum. */
  readonly sum: number;
  readonly exemplar?: PointExemplar | undefined;
}

/** A metric with its points. */
export type OtlpMetric =
  | {
      readonly kind: 'sum';
      readonly name: string;
      readonly temporality: Temporality;
      readonly monotonic: boolean;
      readonly points: readonly NumberPoint[];
    }
  | {
      readonly kind: 'histogram';
      readonly name: string;
      readonly temporality: Temporality;
      readonly points: readonly HistogramPoint[];
    }
  | {
      /** Kinds no metric of a player has: all that is kept is how many points there were. */
      readonly kind: 'gauge' | 'exponential_histogram' | 'summary';
      readonly name: string;
      readonly points: { readonly length: number };
    };

/** What one sender says in one request. */
export interface ResourceMetrics {
  readonly attributes: Attributes;
  readonly metrics: readonly OtlpMetric[];
}

/**
 * Normalises an `ExportMetricsServiceRequest`.
 *
 * @throws Refused 400 when it is not shaped like OTLP, 413 past the limits
 */
export function readMetrics(request: Tree, limits: OtlpLimits): ResourceMetrics[] {
  const reader = new MetricsReader(limits);
  return list(request['resourceMetrics'], 'resourceMetrics').map((resource) => reader.resource(resource));
}

const WITHOUT_USE = [
  ['gauge', 'gauge'],
  ['exponential_histogram', 'exponentialHistogram'],
  ['summary', 'summary'],
] as const;

class MetricsReader {
  readonly #reader: OtlpReader;
  readonly #starts = new Times('startTimeUnixNano');
  readonly #ends = new Times('timeUnixNano');

  constructor(limits: OtlpLimits) {
    this.#reader = new OtlpReader(limits);
  }

  resource(value: unknown): ResourceMetrics {
    const { resource, scopeMetrics } = object(value, 'resourceMetrics');
    return {
      attributes: this.#reader.attributes(object(resource ?? {}, 'resource')['attributes']),
      metrics: list(scopeMetrics, 'scopeMetrics').flatMap((scope) =>
        list(object(scope, 'scopeMetrics')['metrics'], 'metrics').map((metric) => this.#metric(metric)),
      ),
    };
  }

  #metric(value: unknown): OtlpMetric {
    const metric = object(value, 'metric');
    const name = text(metric['name'] ?? '', 'name');
    const sum = optional(metric['sum'], object, 'sum');
    if (sum) {
      return {
        kind: 'sum',
        name,
        temporality: temporality(sum['aggregationTemporality']),
        monotonic: boolean(sum['isMonotonic'], 'isMonotonic'),
        points: this.#dataPoints(sum).map((point) => this.#numberPoint(point)),
      };
    }
    const histogram = optional(metric['histogram'], object, 'histogram');
    if (histogram) {
      return {
        kind: 'histogram',
        name,
        temporality: temporality(histogram['aggregationTemporality']),
        points: this.#dataPoints(histogram).map((point) => this.#histogramPoint(point)),
      };
    }
    for (const [kind, field] of WITHOUT_USE) {
      const data = optional(metric[field], object, field);
      if (data) return { kind, name, points: this.#dataPoints(data) };
    }
    return { kind: 'gauge', name, points: [] };
  }

  #dataPoints(data: Tree): readonly unknown[] {
    const points = list(data['dataPoints'], 'dataPoints');
    this.#reader.count(points.length);
    return points;
  }

  #numberPoint(value: unknown): NumberPoint {
    const point = object(value, 'data point');
    return {
      attributes: this.#reader.attributes(point['attributes']),
      start: this.#starts.read(point),
      time: this.#ends.read(point),
      value: hasNoValue(point)
        ? Number.NaN
        : (optional(point['asInt'], integer, 'asInt') ??
          optional(point['asDouble'], double, 'asDouble') ??
          Number.NaN),
    };
  }

  #histogramPoint(value: unknown): HistogramPoint {
    const point = object(value, 'data point');
    return {
      attributes: this.#reader.attributes(point['attributes']),
      start: this.#starts.read(point),
      time: this.#ends.read(point),
      bounds: numbers(point['explicitBounds'], double, 'explicitBounds'),
      counts: numbers(point['bucketCounts'], integer, 'bucketCounts'),
      count: optional(point['count'], integer, 'count') ?? 0,
      sum: hasNoValue(point) ? Number.NaN : (optional(point['sum'], double, 'sum') ?? Number.NaN),
      exemplar: exemplar(point['exemplars']),
    };
  }
}

/** A list of numbers; the very list, if that is what it is already. */
function numbers(
  value: unknown,
  read: (value: unknown, what: string) => number,
  what: string,
): readonly number[] {
  const given = list(value, what);
  for (let i = 0; i < given.length; i++) {
    if (read(given[i], what) !== given[i]) return given.map((each) => read(each, what));
  }
  return given as readonly number[];
}

/** The first example that names a trace. */
function exemplar(value: unknown): PointExemplar | undefined {
  if (value === undefined) return undefined;
  for (const entry of list(value, 'exemplars')) {
    const { traceId, asDouble, asInt } = object(entry, 'exemplar');
    const trace = idOf(traceId, 16);
    const given = optional(asDouble, double, 'asDouble') ?? optional(asInt, integer, 'asInt');
    if (trace && given !== undefined) return { traceId: trace, value: given };
  }
  return undefined;
}

/** Times of points, in Unix milliseconds. All points of a report have the same, as a rule: it is read once. */
class Times {
  readonly #field: string;
  #text: unknown = undefined;
  #time = 0;

  constructor(field: string) {
    this.#field = field;
  }

  /** 0 when the point does not say. */
  read(point: Tree): number {
    const given = point[this.#field];
    if (given === this.#text) return this.#time;
    this.#text = given;
    this.#time = (optional(given, integer, this.#field) ?? 0) / 1e6;
    return this.#time;
  }
}

/** Bit 0 of a point's flags: no value was recorded. */
function hasNoValue(point: Tree): boolean {
  return ((optional(point['flags'], integer, 'flags') ?? 0) & 1) === 1;
}

function temporality(value: unknown): Temporality {
  const given = value ?? 0;
  if (given === 0) return 'unspecified';
  if (given === 1) return 'delta';
  if (given === 2) return 'cumulative';
  throw new Refused(400, 'aggregationTemporality is not 0, 1 or 2');
}
