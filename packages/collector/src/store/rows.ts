/**
 * What the store holds, row by row. Spans and logs lie in the tables of the OpenTelemetry Collector's ClickHouse
 * exporter, so that whatever reads or writes those works beside this collector; sessions and samples are our own.
 *
 * What is written carries nanoseconds as `bigint`, as OTLP does. What is read carries Unix milliseconds with a
 * fraction, which JSON can hold.
 */

import type { collector } from '@moq-observability/moq-metrics';

/** Attributes as they come in; everything is stored as text, as the exporter does. */
export type RowAttributes = ReadonlyMap<string, string | number | boolean>;

/** Attributes as they are read back. */
export type StoredAttributes = Readonly<Record<string, string>>;

/** Who sent a span or a log. */
export interface RowResource {
  /** `service.name`; empty when the sender has none. */
  readonly serviceName: string;
  /** All attributes of the resource, `service.name` included. */
  readonly resourceAttributes: RowAttributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
}

/** As in OTLP, without the prefix. */
export type SpanKind = 'Unspecified' | 'Internal' | 'Server' | 'Client' | 'Producer' | 'Consumer';

/** As in OTLP, without the prefix. */
export type SpanStatus = 'Unset' | 'Ok' | 'Error';

/** An event on a span. */
export interface SpanEventRow {
  /** Unix nanoseconds. */
  readonly time: bigint;
  readonly name: string;
  readonly attributes: RowAttributes;
}

/** A link from a span to another. */
export interface SpanLinkRow {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: RowAttributes;
}

/** A row of `otel_traces`. */
export interface SpanRow extends RowResource {
  /** Unix nanoseconds of the start; one further than a week back or a day ahead becomes the time of writing. */
  readonly time: bigint;
  /** 32 hex digits, lower case. */
  readonly traceId: string;
  /** 16 hex digits, lower case. */
  readonly spanId: string;
  /** Empty for a root span. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: SpanKind;
  /** Nanoseconds; a negative one is stored as 0. */
  readonly duration: bigint;
  readonly status: SpanStatus;
  readonly statusMessage: string;
  /** `session.id` is looked up here first, then in the resource. */
  readonly attributes: RowAttributes;
  readonly events: readonly SpanEventRow[];
  readonly links: readonly SpanLinkRow[];
}

/** A row of `otel_logs`. */
export interface LogRow extends RowResource {
  /** Unix nanoseconds; one further than a week back or a day ahead becomes the time of writing. */
  readonly time: bigint;
  /** 32 hex digits, lower case; empty when the line belongs to no trace. */
  readonly traceId: string;
  /** 16 hex digits, lower case; empty when there is none. */
  readonly spanId: string;
  readonly traceFlags: number;
  /** 1 (trace) to 24 (fatal), 0 when unknown; https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
  readonly severityNumber: number;
  readonly severityText: string;
  /** The kind of an event; empty for a line that is none. */
  readonly eventName: string;
  readonly body: string;
  readonly resourceSchemaUrl: string;
  readonly scopeSchemaUrl: string;
  readonly scopeAttributes: RowAttributes;
  /** `session.id` is looked up here first, then in the resource. */
  readonly attributes: RowAttributes;
}

/** How a play attempt turned out; `pending` until it has. */
export type SessionOutcome = 'pending' | 'started' | 'failed' | 'exited' | 'bounced';

/**
 * A row of `moq_sessions`: all that is known of a session at one moment. Rows of one session replace one another;
 * the one with the latest `updatedAt` stays. Write one when the state changes, once a minute while it plays, and at
 * the end.
 *
 * Times are Unix milliseconds; `undefined` where nothing is known yet.
 */
export interface SessionRow {
  readonly sessionId: string;
  /** When it was first heard of. Never changes while the session lasts. */
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly endedAt: number | undefined;
  readonly namespace: string;
  readonly broadcast: string;
  readonly state: collector.SessionState;
  readonly outcome: SessionOutcome;
  /** The trace of the start; empty when unknown. */
  readonly traceId: string;
  readonly transport: string;
  readonly browser: string;
  readonly device: string;
  readonly region: string;
  readonly userAgent: string;
  readonly remoteAddress: string;
  readonly playerVersion: string;
  /** Seconds from play intent to first frame. */
  readonly startupSeconds: number | undefined;
  /** Seconds, mean of the last report. */
  readonly latencySeconds: number | undefined;
  /** Seconds, mean of the last report. */
  readonly bufferSeconds: number | undefined;
  /** Bits per second, mean of the last report, all tracks. */
  readonly bitrate: number | undefined;
  /** Seconds, mean of the last report. */
  readonly rttSeconds: number | undefined;
  /** The video rendition that was selected last. */
  readonly rendition: string;
  readonly watchedSeconds: number;
  readonly stalledSeconds: number;
  readonly stalls: number;
  readonly qualitySwitches: number;
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly receivedBytes: number;
  readonly failures: number;
  /** The last failure, as the player named it. */
  readonly lastError: string;
  /** Reports merged. */
  readonly reports: number;
}

/**
 * A row of `moq_session_samples`: what one report said. Counts and seconds are what was added since the report
 * before; the others are means over the report, `undefined` where it had none.
 *
 * A row with the same `sessionId` and `sequence` as another is the same row, and read once: writing a report again
 * after a crash does no harm.
 */
export interface SampleRow {
  readonly sessionId: string;
  /** The report's number; for a sender that gives none, any number unique in the session, such as the time. */
  readonly sequence: number;
  /** Unix milliseconds. */
  readonly time: number;
  readonly broadcast: string;
  readonly state: collector.SessionState;
  readonly rendition: string;
  readonly latencySeconds: number | undefined;
  readonly bufferSeconds: number | undefined;
  /** Bits per second, all tracks. */
  readonly bitrate: number | undefined;
  readonly rttSeconds: number | undefined;
  readonly watchedSeconds: number;
  readonly stalledSeconds: number;
  readonly stalls: number;
  readonly qualitySwitches: number;
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly receivedBytes: number;
}

/** What is written where. */
export interface TableRows {
  readonly otel_traces: SpanRow;
  readonly otel_logs: LogRow;
  readonly moq_sessions: SessionRow;
  readonly moq_session_samples: SampleRow;
}

/** An event on a span, as it is read back. */
export interface StoredSpanEvent {
  /** Unix milliseconds. */
  readonly time: number;
  readonly name: string;
  readonly attributes: StoredAttributes;
}

/** A span as it is read back. */
export interface StoredSpan {
  /** Unix milliseconds of the start. */
  readonly time: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly status: SpanStatus;
  readonly statusMessage: string;
  readonly serviceName: string;
  /** Empty when the span belongs to no session. */
  readonly sessionId: string;
  readonly resourceAttributes: StoredAttributes;
  readonly attributes: StoredAttributes;
  readonly events: readonly StoredSpanEvent[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: StoredAttributes;
  }[];
}

/** A log line or event as it is read back. */
export interface StoredLog {
  /** Unix milliseconds. */
  readonly time: number;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty when the line belongs to no session. */
  readonly sessionId: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly serviceName: string;
  readonly eventName: string;
  readonly body: string;
  readonly resourceAttributes: StoredAttributes;
  readonly attributes: StoredAttributes;
}

/** What a search for traces finds. */
export interface TraceSummary {
  readonly traceId: string;
  /** Unix milliseconds of its earliest span's start. */
  readonly time: number;
  /** Milliseconds from the earliest start to the latest end. */
  readonly duration: number;
  /** Of the root span; of the earliest one while the root is not there. */
  readonly name: string;
  readonly serviceName: string;
  readonly sessionId: string;
  /** `moq.broadcast` of any of its spans. */
  readonly broadcast: string;
  readonly spans: number;
  readonly errors: number;
}
