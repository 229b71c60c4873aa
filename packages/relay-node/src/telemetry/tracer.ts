import { randomBytes } from 'node:crypto';
import type { Attributes, Context, Link, SpanContext, SpanKind, SpanStatus } from '@opentelemetry/api';

/** What the relay asks of whoever makes its spans: the tracers of OpenTelemetry do. */
export interface RelayTracer {
  /** @param context holds the span it belongs to, if any */
  startSpan(name: string, options: RelaySpanOptions, context: Context): RelaySpan;
}

/** How a span begins. */
export interface RelaySpanOptions {
  readonly kind: SpanKind;
  /** Unix time, in milliseconds. */
  readonly startTime: number;
  readonly attributes: Attributes;
  readonly links?: Link[];
}

/** What the relay asks of a span. */
export interface RelaySpan {
  spanContext(): SpanContext;
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: SpanStatus): unknown;
  /** @param endTime Unix time, in milliseconds */
  end(endTime: number): void;
}

/** The id of a new trace. */
export function randomTraceId(): string {
  return randomBytes(16).toString('hex');
}

/** The id of a new span. */
export function randomSpanId(): string {
  return randomBytes(8).toString('hex');
}
