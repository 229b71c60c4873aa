/** OTLP spans, normalised from JSON or from Protobuf into the rows they are kept as. */

import type { SpanEventRow, SpanKind, SpanLinkRow, SpanRow, SpanStatus } from '../store/store.ts';
import { type OtlpLimits, OtlpReader } from './attributes.ts';
import { idOf, integer, list, nanoseconds, object, optional, type Tree } from './checked.ts';
import { type Reading, type RecordResource, resourceOf, scopeOf } from './records.ts';

/** By the numbers of OTLP. */
const KINDS: readonly SpanKind[] = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUSES: readonly SpanStatus[] = ['Unset', 'Ok', 'Error'];

/**
 * Normalises an `ExportTraceServiceRequest`. Spans without a valid trace and span id are left out.
 *
 * @throws Refused 400 when it is not shaped like OTLP, 413 past the limits
 */
export function readTraces(request: Tree, limits: OtlpLimits): Reading<SpanRow> {
  const reader = new OtlpReader(limits);
  const rows: SpanRow[] = [];
  let rejected = 0;
  for (const entry of list(request['resourceSpans'], 'resourceSpans')) {
    const { resource, scopeSpans } = object(entry, 'resourceSpans');
    const from = resourceOf(resource, reader);
    for (const scope of list(scopeSpans, 'scopeSpans')) {
      const { scope: name, spans } = object(scope, 'scopeSpans');
      const sender = { ...from, ...scopeOf(name, reader) };
      const given = list(spans, 'spans');
      reader.count(given.length);
      for (const span of given) {
        const row = spanOf(object(span, 'span'), sender, reader);
        if (row) rows.push(row);
        else rejected += 1;
      }
    }
  }
  return { rows, rejected, message: rejected > 0 ? 'spans need a trace id and a span id' : '' };
}

function spanOf(span: Tree, sender: RecordResource, reader: OtlpReader): SpanRow | undefined {
  const traceId = idOf(span['traceId'], 16);
  const spanId = idOf(span['spanId'], 8);
  if (!traceId || !spanId) return undefined;
  const { code, message } = object(span['status'] ?? {}, 'status');
  const time = nanoseconds(span['startTimeUnixNano'], 'startTimeUnixNano');
  return {
    ...sender,
    time,
    traceId,
    spanId,
    parentSpanId: idOf(span['parentSpanId'], 8),
    traceState: reader.name(span['traceState'], 'traceState'),
    name: reader.name(span['name'], 'name'),
    kind: KINDS[optional(span['kind'], integer, 'kind') ?? 0] ?? 'Unspecified',
    duration: nanoseconds(span['endTimeUnixNano'], 'endTimeUnixNano') - time,
    status: STATUSES[optional(code, integer, 'code') ?? 0] ?? 'Unset',
    statusMessage: reader.text(message, 'message'),
    attributes: reader.attributes(span['attributes']),
    events: list(span['events'], 'events').map((event) => eventOf(object(event, 'event'), reader)),
    links: list(span['links'], 'links').flatMap((link) => linkOf(object(link, 'link'), reader)),
  };
}

function eventOf(event: Tree, reader: OtlpReader): SpanEventRow {
  return {
    time: nanoseconds(event['timeUnixNano'], 'timeUnixNano'),
    name: reader.name(event['name'], 'name'),
    attributes: reader.attributes(event['attributes']),
  };
}

function linkOf(link: Tree, reader: OtlpReader): SpanLinkRow[] {
  const traceId = idOf(link['traceId'], 16);
  const spanId = idOf(link['spanId'], 8);
  if (!traceId || !spanId) return [];
  const traceState = reader.name(link['traceState'], 'traceState');
  return [{ traceId, spanId, traceState, attributes: reader.attributes(link['attributes']) }];
}
