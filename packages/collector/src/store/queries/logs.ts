import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { LogQuery, Page, StoredLog } from '../store.ts';
import { type Ask, LIMITS, milliseconds, nanosecondRange, pageSize, without } from './ask.ts';

/** Rows of equal time lie as they lie in their part, so that a page can begin in the middle of them. */
const LOGS = (order: 'ASC' | 'DESC'): string => `
SELECT
  ${milliseconds('Timestamp')} AS time,
  toString(toUnixTimestamp64Nano(Timestamp)) AS nanoseconds,
  TraceId AS traceId,
  SpanId AS spanId,
  SessionId AS sessionId,
  SeverityNumber AS severityNumber,
  SeverityText AS severityText,
  ServiceName AS serviceName,
  EventName AS eventName,
  Body AS body,
  ResourceAttributes AS resourceAttributes,
  LogAttributes AS attributes
FROM otel_logs
WHERE Timestamp >= fromUnixTimestamp64Nano({from:Int64}) AND Timestamp < fromUnixTimestamp64Nano({to:Int64})
  AND TimestampTime >= toDateTime(intDiv({from:Int64}, 1000000000))
  AND TimestampTime <= toDateTime(intDiv({to:Int64}, 1000000000))
  AND ({traceId:String} = '' OR TraceId = {traceId:String})
  AND ({sessionId:String} = '' OR SessionId = {sessionId:String})
  AND ({service:String} = '' OR ServiceName = {service:String})
  AND SeverityNumber >= {minSeverity:UInt8}
  AND ({text:String} = '' OR positionCaseInsensitiveUTF8(Body, {text:String}) > 0
    OR positionCaseInsensitiveUTF8(EventName, {text:String}) > 0)
ORDER BY Timestamp ${order}, _part, _part_offset
LIMIT {limit:UInt32} OFFSET {skip:UInt32}
${LIMITS}`;

const NEWEST_FIRST = LOGS('DESC');
const OLDEST_FIRST = LOGS('ASC');

type Row = StoredLog & { readonly nanoseconds: string };

/** Finds logs. */
export async function findLogs(query: LogQuery, ask: Ask): Promise<Page<StoredLog>> {
  const newestFirst = query.order !== 'oldest';
  const limit = pageSize(query.limit, 100);
  const range = nanosecondRange(query);
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const rows = await ask<Row>(newestFirst ? NEWEST_FIRST : OLDEST_FIRST, {
    from: String(after && !newestFirst ? after.nanoseconds : range.from),
    to: String(after && newestFirst ? after.nanoseconds + 1n : range.to),
    traceId: query.traceId ?? '',
    sessionId: query.sessionId ?? '',
    service: query.service ?? '',
    minSeverity: Math.min(255, Math.max(0, Math.trunc(query.minSeverity ?? 0))),
    text: query.text ?? '',
    limit: limit + 1,
    skip: after?.skip ?? 0,
  });
  const page = rows.slice(0, limit);
  return {
    rows: page.map((row) => without(row, 'nanoseconds')),
    cursor: rows.length > limit ? writeCursor(page, after) : undefined,
  };
}

/** A page ended after so many rows of this very time. */
interface LogCursor {
  readonly nanoseconds: bigint;
  readonly skip: number;
}

function writeCursor(page: readonly Row[], after: LogCursor | undefined): string {
  const { nanoseconds } = page.at(-1)!;
  const same = page.length - page.findIndex((row) => row.nanoseconds === nanoseconds);
  const before = after && String(after.nanoseconds) === nanoseconds ? after.skip : 0;
  return encodeCursor([nanoseconds, before + same]);
}

function readCursor(cursor: string): LogCursor {
  const [nanoseconds, skip] = decodeCursor(cursor, ['string', 'number']);
  return {
    nanoseconds: digits(String(nanoseconds)),
    skip: Math.min(1e6, Math.max(0, Math.trunc(Number(skip)))),
  };
}

function digits(text: string): bigint {
  return /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
}
