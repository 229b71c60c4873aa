/**
 * The part of OTLP/JSON 1.x that a report is made of (`ExportMetricsServiceRequest` of opentelemetry-proto). Counts
 * are numbers, which receivers take as well as strings.
 */
export interface OtlpMetricsRequest {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string; readonly version: string };
      readonly metrics: readonly OtlpMetric[];
    }[];
  }[];
}

/** An attribute with text for a value. */
export interface OtlpAttribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

/** What the points of both kinds have. */
interface OtlpPoint {
  readonly attributes: readonly OtlpAttribute[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

/** What was added to a counter. */
interface OtlpNumberPoint extends OtlpPoint {
  readonly asDouble: number;
}

/** What was observed in a histogram. */
interface OtlpHistogramPoint extends OtlpPoint {
  readonly count: number;
  readonly sum: number;
  readonly bucketCounts: readonly number[];
  readonly explicitBounds: readonly number[];
}

/** `AGGREGATION_TEMPORALITY_DELTA`. */
export const DELTA = 1;

/** A metric with the points of its series. */
export interface OtlpMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: {
    readonly aggregationTemporality: typeof DELTA;
    readonly isMonotonic: true;
    readonly dataPoints: readonly OtlpNumberPoint[];
  };
  readonly histogram?: {
    readonly aggregationTemporality: typeof DELTA;
    readonly dataPoints: readonly OtlpHistogramPoint[];
  };
}

/** Text by key as OTLP attributes. */
export function attributes(values: Readonly<Record<string, string>>): OtlpAttribute[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: { stringValue: value } }));
}

/** Unix time in milliseconds as OTLP writes it. */
export function unixNano(milliseconds: number): string {
  return `${Math.floor(milliseconds)}000000`;
}
