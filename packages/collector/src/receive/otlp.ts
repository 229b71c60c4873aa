/**
 * OTLP metrics in their JSON encoding, parsed and normalised. What is not shaped like OTLP at all is refused whole;
 * whether a well-formed point is worth anything is decided later, by the schema.
 *
 * Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */

import { Refused } from './refused.ts';

/** The value of an attribute; lists, maps and bytes are of no use here and left out. */
export type AttributeValue = string | number | boolean;

/** Attributes by name. */
export type Attributes = ReadonlyMap<string, AttributeValue>;

/** What a point's value relates to: the time since the last report, or the beginning of time. */
export type Temporality = 'unspecified' | 'delta' | 'cumulative';

/** One point of a sum. */
export interface NumberPoint {
  readonly attributes: Attributes;
  /** NaN when the point has no value. */
  readonly value: number;
}

/** One point of a histogram. */
export interface HistogramPoint {
  readonly attributes: Attributes;
  /** Upper bounds of the buckets, without the infinite one. */
  readonly bounds: readonly number[];
  /** One count per bound and last the one past the highest bound. */
  readonly counts: readonly number[];
  readonly count: number;
  /** NaN when the point has no sum. */
  readonly sum: number;
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

/** How much one request may hold. */
export interface OtlpLimits {
  /** Points in one request. */
  readonly points: number;
  /** Attributes of one point or resource. */
  readonly attributes: number;
}

/**
 * Parses the body of an `ExportMetricsServiceRequest`.
 *
 * @throws Refused 400 when the text is no JSON or not shaped like OTLP, 413 past the limits
 */
export function parseMetrics(text: string, limits: OtlpLimits): ResourceMetrics[] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // The parser's own message repeats what the client sent.
    throw new Refused(400, 'the body is not JSON');
  }
  const reader = new Reader(limits);
  return list(object(body, 'the body')['resourceMetrics'], 'resourceMetrics').map((resource) =>
    reader.resource(resource),
  );
}

const WITHOUT_USE = [
  ['gauge', 'gauge'],
  ['exponential_histogram', 'exponentialHistogram'],
  ['summary', 'summary'],
] as const;

class Reader {
  readonly #limits: OtlpLimits;
  #points = 0;

  constructor(limits: OtlpLimits) {
    this.#limits = limits;
  }

  resource(json: unknown): ResourceMetrics {
    const { resource, scopeMetrics } = object(json, 'resourceMetrics');
    return {
      attributes: this.#attributes(object(resource ?? {}, 'resource')['attributes']),
      metrics: list(scopeMetrics, 'scopeMetrics').flatMap((scope) =>
        list(object(scope, 'scopeMetrics')['metrics'], 'metrics').map((metric) => this.#metric(metric)),
      ),
    };
  }

  #metric(json: unknown): OtlpMetric {
    const metric = object(json, 'metric');
    const name = string(metric['name'], 'name');
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

  #dataPoints(data: Readonly<Record<string, unknown>>): readonly unknown[] {
    const points = list(data['dataPoints'], 'dataPoints');
    this.#points += points.length;
    if (this.#points > this.#limits.points) {
      throw new Refused(413, `a request holds at most ${this.#limits.points} points`);
    }
    return points;
  }

  #numberPoint(json: unknown): NumberPoint {
    const point = object(json, 'data point');
    return {
      attributes: this.#attributes(point['attributes']),
      value: hasNoValue(point)
        ? Number.NaN
        : (optional(point['asInt'], integer, 'asInt') ??
          optional(point['asDouble'], double, 'asDouble') ??
          Number.NaN),
    };
  }

  #histogramPoint(json: unknown): HistogramPoint {
    const point = object(json, 'data point');
    return {
      attributes: this.#attributes(point['attributes']),
      bounds: list(point['explicitBounds'], 'explicitBounds').map((bound) => double(bound, 'explicitBounds')),
      counts: list(point['bucketCounts'], 'bucketCounts').map((count) => integer(count, 'bucketCounts')),
      count: optional(point['count'], integer, 'count') ?? 0,
      sum: hasNoValue(point) ? Number.NaN : (optional(point['sum'], double, 'sum') ?? Number.NaN),
    };
  }

  #attributes(json: unknown): Attributes {
    const entries = list(json, 'attributes');
    if (entries.length > this.#limits.attributes) {
      throw new Refused(413, `a point or resource has at most ${this.#limits.attributes} attributes`);
    }
    const attributes = new Map<string, AttributeValue>();
    for (const entry of entries) {
      const { key, value } = object(entry, 'attribute');
      const kept = attributeValue(object(value ?? {}, 'value'));
      if (kept !== undefined) attributes.set(string(key, 'key'), kept);
    }
    return attributes;
  }
}

function attributeValue(value: Readonly<Record<string, unknown>>): AttributeValue | undefined {
  return (
    optional(value['stringValue'], string, 'stringValue') ??
    optional(value['boolValue'], boolean, 'boolValue') ??
    optional(value['intValue'], integer, 'intValue') ??
    optional(value['doubleValue'], double, 'doubleValue')
  );
}

/** Bit 0 of a point's flags: no value was recorded. */
function hasNoValue(point: Readonly<Record<string, unknown>>): boolean {
  return ((optional(point['flags'], integer, 'flags') ?? 0) & 1) === 1;
}

function temporality(json: unknown): Temporality {
  const value = json ?? 0;
  if (value === 0) return 'unspecified';
  if (value === 1) return 'delta';
  if (value === 2) return 'cumulative';
  throw new Refused(400, 'aggregationTemporality is not 0, 1 or 2');
}

/** Protobuf's JSON takes null for a field that is not there. */
function optional<T>(json: unknown, read: (json: unknown, what: string) => T, what: string): T | undefined {
  return json === undefined || json === null ? undefined : read(json, what);
}

function object(json: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json))
    return json as Record<string, unknown>;
  throw new Refused(400, `${what} is not an object`);
}

function list(json: unknown, what: string): readonly unknown[] {
  if (json === undefined || json === null) return [];
  if (Array.isArray(json)) return json;
  throw new Refused(400, `${what} is not a list`);
}

function string(json: unknown, what: string): string {
  if (typeof json === 'string') return json;
  throw new Refused(400, `${what} is not a string`);
}

function boolean(json: unknown, what: string): boolean {
  const value = json ?? false;
  if (typeof value === 'boolean') return value;
  throw new Refused(400, `${what} is not a boolean`);
}

/** A 64-bit integer, which JSON carries as a number or as a string; those past 2^53 lose precision here. */
function integer(json: unknown, what: string): number {
  if (typeof json === 'number' && Number.isInteger(json)) return json;
  if (typeof json === 'string' && /^-?\d{1,20}$/.test(json)) return Number(json);
  throw new Refused(400, `${what} is not an integer`);
}

function double(json: unknown, what: string): number {
  if (typeof json === 'number') return json;
  if (json === 'NaN' || json === 'Infinity' || json === '-Infinity') return Number(json);
  if (typeof json === 'string' && /^-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?$/.test(json))
    return Number(json);
  throw new Refused(400, `${what} is not a number`);
}
