import {
  type AnyValue,
  type LogRecord,
  ROOT_CONTEXT,
  SeverityNumber,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { attributes, logFields } from '@moq-observability/moq-metrics';
import { EXPORT_SOURCE } from './export-protocol.ts';

const SEVERITIES: Readonly<Record<string, SeverityNumber>> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

/** The record of a line of JSON, as pino writes it; nothing for lines that are not to be exported. */
export function toLogRecord(line: string): LogRecord | undefined {
  const fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const { level, time, msg, source, ...more } = fields;
  if (source === EXPORT_SOURCE) return undefined;
  const rest: Record<string, unknown> = { ...more, ...(source !== undefined && { source }) };
  const take = (name: string): string | undefined => {
    const value = rest[name];
    delete rest[name];
    return typeof value === 'string' ? value : undefined;
  };
  take(attributes.serviceName.name);
  const eventName = take(attributes.eventName.name);
  const traceId = take(logFields.traceId.name);
  const spanId = take(logFields.spanId.name);
  const severity = typeof level === 'string' ? level : 'info';
  return {
    ...(typeof time === 'string' && { timestamp: new Date(time) }),
    severityNumber: SEVERITIES[severity] ?? SeverityNumber.UNSPECIFIED,
    severityText: severity.toUpperCase(),
    body: typeof msg === 'string' ? msg : '',
    attributes: rest as Record<string, AnyValue>,
    ...(eventName !== undefined && { eventName }),
    ...(traceId !== undefined &&
      spanId !== undefined && {
        context: trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.NONE }),
      }),
  };
}
