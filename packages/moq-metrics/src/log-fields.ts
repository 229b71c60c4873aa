/** The fields of log lines: JSON on stdout, and the attributes of OTLP log records. */
import { moqBroadcast, sessionId } from './attributes.ts';

/** A field of a log line. */
export interface LogField {
  readonly name: string;
  readonly description: string;
}

/** The trace, 32 hex digits. */
export const traceId: LogField = {
  name: 'trace_id',
  description: 'The trace, 32 hex digits; on every line that belongs to a session',
};

/** The span, 16 hex digits. */
export const spanId: LogField = {
  name: 'span_id',
  description: 'The span, 16 hex digits; on every line that belongs to a session',
};

/** The player's session. */
export const session: LogField = { name: sessionId.name, description: sessionId.description };

/** The broadcast. */
export const broadcast: LogField = { name: moqBroadcast.name, description: moqBroadcast.description };
