import { hex } from './session-id.ts';

/** The trace of a session's start, by the terms of W3C Trace Context. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** The id of the span that everything of the start lies in, 16 hex digits. */
  readonly spanId: string;
  /** Whether its spans are sent. */
  readonly sampled: boolean;
}

/** A trace of its own. */
export function randomTrace(sampled: boolean): TraceContext {
  return { traceId: hex(16), spanId: hex(8), sampled };
}

/** As the header `traceparent` says it. */
export function traceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}
