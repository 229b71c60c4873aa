/** OTLP log records, normalised from JSON or from Protobuf into the rows they are kept as. */

import { attributes as names } from '@moq-observability/moq-metrics';
import type { LogRow } from '../store/store.ts';
import { type OtlpLimits, OtlpReader } from './attributes.ts';
import { idOf, integer, list, nanoseconds, object, optional, type Tree } from './checked.ts';
import { type Reading, resourceOf, scopeOf } from './records.ts';

/** What a log record takes from what surrounds it. */
type Sender = Pick<
  LogRow,
  | 'serviceName'
  | 'resourceAttributes'
  | 'scopeName'
  | 'scopeVersion'
  | 'scopeAttributes'
  | 'resourceSchemaUrl'
  | 'scopeSchemaUrl'
>;

/**
 * Normalises an `ExportLogsServiceRequest`. A record always says something, so none is left out.
 *
 * @throws Refused 400 when it is not shaped like OTLP, 413 past the limits
 */
export function readLogs(request: Tree, limits: OtlpLimits): Reading<LogRow> {
  const reader = new OtlpReader(limits);
  const rows: LogRow[] = [];
  for (const entry of list(request['resourceLogs'], 'resourceLogs')) {
    const { resource, scopeLogs, schemaUrl } = object(entry, 'resourceLogs');
    const from = {
      ...resourceOf(resource, reader),
      resourceSchemaUrl: reader.name(schemaUrl, 'schemaUrl'),
    };
    for (const scope of list(scopeLogs, 'scopeLogs')) {
      const { scope: name, logRecords, schemaUrl: url } = object(scope, 'scopeLogs');
      const sender = { ...from, ...scopeOf(name, reader), scopeSchemaUrl: reader.name(url, 'schemaUrl') };
      const given = list(logRecords, 'logRecords');
      reader.count(given.length);
      for (const record of given) rows.push(recordOf(object(record, 'logRecord'), sender, reader));
    }
  }
  return { rows, rejected: 0, message: '' };
}

function recordOf(record: Tree, sender: Sender, reader: OtlpReader): LogRow {
  const attributes = reader.attributes(record['attributes']);
  const time = nanoseconds(record['timeUnixNano'], 'timeUnixNano');
  const event = reader.name(record['eventName'], 'eventName') || attributes.get(names.eventName.name);
  return {
    ...sender,
    time: time || nanoseconds(record['observedTimeUnixNano'], 'observedTimeUnixNano'),
    traceId: idOf(record['traceId'], 16),
    spanId: idOf(record['spanId'], 8),
    traceFlags: (optional(record['flags'], integer, 'flags') ?? 0) & 0xff,
    severityNumber: severity(optional(record['severityNumber'], integer, 'severityNumber') ?? 0),
    severityText: reader.name(record['severityText'], 'severityText'),
    eventName: typeof event === 'string' ? event : '',
    body: String(reader.value(record['body']) ?? ''),
    attributes,
  };
}

function severity(given: number): number {
  return given >= 1 && given <= 24 ? given : 0;
}
