import { decodeCursor, encodeCursor } from '../cursor.ts';
import type {
  Page,
  SessionRowsQuery,
  StoredAttributes,
  StoredSpan,
  TraceQuery,
  TraceSummary,
} from '../store.ts';
import { type Ask, LARGEST_PAGE, LIMITS, milliseconds, nanosecondRange, pageSize } from './ask.ts';

/** The ids of a page are asked about in one question. */
const LARGEST_TRACES_PAGE = 1000;

const SPANS = `
SELECT
  ${milliseconds('Timestamp')} AS time,
  Duration / 1e6 AS duration,
  TraceId AS traceId,
  SpanId AS spanId,
  ParentSpanId AS parentSpanId,
  SpanName AS name,
  SpanKind AS kind,
  StatusCode AS status,
  StatusMessage AS statusMessage,
  ServiceName AS serviceName,
  SessionId AS sessionId,
  ResourceAttributes AS resourceAttributes,
  SpanAttributes AS attributes,
  arrayMap(at -> ${milliseconds('at')}, Events.Timestamp) AS eventTimes,
  Events.Name AS eventNames,
  Events.Attributes AS eventAttributes,
  Links.TraceId AS linkTraceIds,
  Links.SpanId AS linkSpanIds,
  Links.Attributes AS linkAttributes
FROM otel_traces`;

/**
 * The table from trace ids to times says on which days to look; without it, all of them are looked at. (Its times are
 * cast to the type they are compared with: ClickHouse 26.7 skips parts it should read otherwise.)
 */
const TRACE = `
WITH
  (SELECT toDateTime64(min(Start), 9) FROM otel_traces_trace_id_ts WHERE TraceId = {traceId:String}) AS first,
  (SELECT toDateTime64(if(count() = 0, toDateTime(4102444800), max(End)), 9) + INTERVAL 1 SECOND
    FROM otel_traces_trace_id_ts WHERE TraceId = {traceId:String}) AS last
${SPANS}
WHERE TraceId = {traceId:String} AND Timestamp >= first AND Timestamp < last
ORDER BY time, spanId
LIMIT {limit:UInt32}
${LIMITS}`;

const SESSION_SPANS = `
${SPANS}
WHERE TraceId IN (SELECT TraceId FROM otel_traces WHERE SessionId = {sessionId:String} AND TraceId != '')
  AND Timestamp >= fromUnixTimestamp64Nano({from:Int64}) AND Timestamp < fromUnixTimestamp64Nano({to:Int64})
ORDER BY time, spanId
LIMIT {limit:UInt32}
${LIMITS}`;

/** Traces in the order of their newest span that fits. */
const MATCHING = `
SELECT TraceId AS traceId, toString(toUnixTimestamp64Nano(max(Timestamp))) AS newest
FROM otel_traces
WHERE TraceId != ''
  AND Timestamp >= fromUnixTimestamp64Nano({from:Int64}) AND Timestamp < fromUnixTimestamp64Nano({to:Int64})
  AND ({service:String} = '' OR ServiceName = {service:String})
  AND ({name:String} = '' OR SpanName = {name:String})
  AND Duration >= {minDuration:UInt64}
  AND ({error:String} = '' OR ({error:String} = 'yes') = (StatusCode = 'Error'))
GROUP BY TraceId
HAVING {beforeId:String} = '' OR (max(Timestamp), TraceId) < (fromUnixTimestamp64Nano({before:Int64}), {beforeId:String})
ORDER BY max(Timestamp) DESC, TraceId DESC
LIMIT {limit:UInt32}
${LIMITS}`;

const SUMMARIES = `
SELECT
  TraceId AS traceId,
  ${milliseconds('min(Timestamp)')} AS time,
  (max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration)) - toUnixTimestamp64Nano(min(Timestamp))) / 1e6 AS duration,
  argMin(SpanName, (ParentSpanId != '', Timestamp)) AS name,
  argMin(ServiceName, (ParentSpanId != '', Timestamp)) AS serviceName,
  max(SessionId) AS sessionId,
  max(SpanAttributes['moq.broadcast']) AS spanBroadcast,
  max(ResourceAttributes['moq.broadcast']) AS resourceBroadcast,
  count() AS spans,
  countIf(StatusCode = 'Error') AS errors
FROM otel_traces
WHERE TraceId IN {traceIds:Array(String)}
GROUP BY TraceId
${LIMITS}`;

type SpanAnswer = Omit<StoredSpan, 'events' | 'links'> & {
  readonly eventTimes: readonly number[];
  readonly eventNames: readonly string[];
  readonly eventAttributes: readonly StoredAttributes[];
  readonly linkTraceIds: readonly string[];
  readonly linkSpanIds: readonly string[];
  readonly linkAttributes: readonly StoredAttributes[];
};

interface Match {
  readonly traceId: string;
  /** Unix nanoseconds. */
  readonly newest: string;
}

type SummaryAnswer = Omit<TraceSummary, 'broadcast'> & {
  readonly spanBroadcast: string;
  readonly resourceBroadcast: string;
};

/** All spans of a trace. */
export async function findTrace(traceId: string, ask: Ask): Promise<readonly StoredSpan[]> {
  if (traceId === '') return [];
  return (await ask<SpanAnswer>(TRACE, { traceId, limit: LARGEST_PAGE })).map(span);
}

/** The spans of all traces a session has a part in. */
export async function findSessionSpans(
  sessionId: string,
  query: SessionRowsQuery,
  ask: Ask,
): Promise<readonly StoredSpan[]> {
  if (sessionId === '') return [];
  const { from, to } = nanosecondRange(query);
  const limit = pageSize(query.limit, LARGEST_PAGE);
  const params = { sessionId, from: String(from), to: String(to), limit };
  return (await ask<SpanAnswer>(SESSION_SPANS, params)).map(span);
}

/** Finds traces. */
export async function findTraces(query: TraceQuery, ask: Ask): Promise<Page<TraceSummary>> {
  const limit = pageSize(query.limit, 100, LARGEST_TRACES_PAGE);
  const { from, to } = nanosecondRange(query);
  const [before, beforeId] = query.cursor === undefined ? ['0', ''] : readCursor(query.cursor);
  const matching = await ask<Match>(MATCHING, {
    from: String(from),
    to: String(to),
    service: query.service ?? '',
    name: query.name ?? '',
    minDuration:
      Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round((query.minDuration ?? 0) * 1e6))) || 0,
    error: query.error === undefined ? '' : query.error ? 'yes' : 'no',
    before,
    beforeId,
    limit: limit + 1,
  });
  const page = matching.slice(0, limit);
  if (page.length === 0) return { rows: [], cursor: undefined };
  const traceIds = page.map(({ traceId }) => traceId);
  const answers = await ask<SummaryAnswer>(SUMMARIES, { traceIds });
  const summaries = new Map(
    answers.map(({ spanBroadcast, resourceBroadcast, ...summary }) => [
      summary.traceId,
      { ...summary, broadcast: spanBroadcast || resourceBroadcast },
    ]),
  );
  const last = page.at(-1)!;
  return {
    rows: traceIds.flatMap((traceId) => summaries.get(traceId) ?? []),
    cursor: matching.length > limit ? encodeCursor([last.newest, last.traceId]) : undefined,
  };
}

function readCursor(cursor: string): [newest: string, traceId: string] {
  const [newest, traceId] = decodeCursor(cursor, ['string', 'string']);
  return [/^\d{1,19}$/.test(String(newest)) ? String(newest) : '0', String(traceId)];
}

function span(answer: SpanAnswer): StoredSpan {
  const { eventTimes, eventNames, eventAttributes, linkTraceIds, linkSpanIds, linkAttributes, ...rest } =
    answer;
  return {
    ...rest,
    events: eventTimes.map((time, index) => ({
      time,
      name: eventNames[index]!,
      attributes: eventAttributes[index]!,
    })),
    links: linkTraceIds.map((traceId, index) => ({
      traceId,
      spanId: linkSpanIds[index]!,
      attributes: linkAttributes[index]!,
    })),
  };
}
