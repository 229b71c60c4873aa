/** Rows as they will be read back from the store. */
import { attributes as names } from '@moq-observability/moq-metrics';
import { attributeText } from '../receive/records.ts';
import type {
  LogRow,
  RowAttributes,
  SpanRow,
  StoredAttributes,
  StoredLog,
  StoredSpan,
} from '../store/store.ts';

/** A log record as it will be read back. */
export function storedLog(row: LogRow): StoredLog {
  return {
    time: milliseconds(row.time),
    traceId: row.traceId,
    spanId: row.spanId,
    sessionId: attributeText(row, names.sessionId.name) ?? '',
    severityNumber: row.severityNumber,
    severityText: row.severityText,
    serviceName: row.serviceName,
    eventName: row.eventName,
    body: row.body,
    resourceAttributes: texts(row.resourceAttributes),
    attributes: texts(row.attributes),
  };
}

/** A span as it will be read back. */
export function storedSpan(row: SpanRow): StoredSpan {
  return {
    time: milliseconds(row.time),
    duration: Math.max(0, milliseconds(row.duration)),
    traceId: row.traceId,
    spanId: row.spanId,
    parentSpanId: row.parentSpanId,
    name: row.name,
    kind: row.kind,
    status: row.status,
    statusMessage: row.statusMessage,
    serviceName: row.serviceName,
    sessionId: attributeText(row, names.sessionId.name) ?? '',
    resourceAttributes: texts(row.resourceAttributes),
    attributes: texts(row.attributes),
    events: row.events.map(({ time, name, attributes }) => ({
      time: milliseconds(time),
      name,
      attributes: texts(attributes),
    })),
    links: row.links.map(({ traceId, spanId, attributes }) => ({
      traceId,
      spanId,
      attributes: texts(attributes),
    })),
  };
}

function texts(attributes: RowAttributes): StoredAttributes {
  return Object.fromEntries(Array.from(attributes, ([name, value]) => [name, String(value)]));
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1000;
}
