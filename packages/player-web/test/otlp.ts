/** What is read of OTLP/JSON in tests, whichever side of the SDK made it. */

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}
interface Resource {
  readonly attributes: readonly Attribute[];
}
interface DataPoint {
  readonly attributes: readonly Attribute[];
  readonly asDouble?: number;
  readonly asInt?: number | string;
  readonly count?: number | string;
  readonly sum?: number;
}
interface Data {
  readonly aggregationTemporality: number;
  readonly dataPoints: readonly DataPoint[];
}
interface Member {
  readonly attributes: readonly Attribute[];
  readonly traceId: string;
  readonly spanId: string;
}

/** A request of any signal. */
export interface OtlpRequest {
  readonly resourceMetrics?: readonly {
    readonly resource: Resource;
    readonly scopeMetrics: readonly {
      readonly metrics: readonly { readonly name: string; readonly sum?: Data; readonly histogram?: Data }[];
    }[];
  }[];
  readonly resourceSpans?: readonly {
    readonly resource: Resource;
    readonly scopeSpans: readonly {
      readonly spans: readonly (Member & {
        readonly name: string;
        readonly parentSpanId?: string;
        /** As in the protocol: 1 is internal, 3 a client's. */
        readonly kind: number;
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
        readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
        readonly status?: { readonly code?: number };
      })[];
    }[];
  }[];
  readonly resourceLogs?: readonly {
    readonly resource: Resource;
    readonly scopeLogs: readonly {
      readonly logRecords: readonly (Member & {
        readonly eventName?: string;
        readonly timeUnixNano: string;
      })[];
    }[];
  }[];
}

/** A point of a metric: what was added, or how often was observed. */
export interface Point {
  readonly metric: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** `AGGREGATION_TEMPORALITY_DELTA` is 1. */
  readonly temporality: number;
  readonly value: number;
  /** The sum of what was observed. */
  readonly sum: number | undefined;
}

export interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly kind: number;
  /** Unix time, in milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly links: readonly string[];
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface OtlpLog {
  readonly event: string | undefined;
  readonly traceId: string;
  /** Unix time, in milliseconds. */
  readonly at: number;
  readonly attributes: Readonly<Record<string, string>>;
}

export function readPoints({ resourceMetrics = [] }: OtlpRequest): readonly Point[] {
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ name, sum, histogram }) =>
        [sum, histogram].flatMap((data) =>
          (data?.dataPoints ?? []).map((point) => ({
            metric: name,
            resource: textOf(resource.attributes),
            labels: textOf(point.attributes),
            temporality: data!.aggregationTemporality,
            value: Number(point.asDouble ?? point.asInt ?? point.count),
            sum: point.sum,
          })),
        ),
      ),
    ),
  );
}

export function readSpans({ resourceSpans = [] }: OtlpRequest): readonly OtlpSpan[] {
  return resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        kind: span.kind,
        start: Number(span.startTimeUnixNano) / 1e6,
        end: Number(span.endTimeUnixNano) / 1e6,
        links: (span.links ?? []).map(({ traceId }) => traceId),
        isError: span.status?.code === 2,
        attributes: textOf(span.attributes),
      })),
    ),
  );
}

export function readLogs({ resourceLogs = [] }: OtlpRequest): readonly OtlpLog[] {
  return resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map((record) => ({
        event: record.eventName,
        traceId: record.traceId,
        at: Number(record.timeUnixNano) / 1e6,
        attributes: textOf(record.attributes),
      })),
    ),
  );
}

function textOf(attributes: readonly Attribute[]): Readonly<Record<string, string>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? '']));
}
