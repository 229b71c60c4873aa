import { decodeCursor, encodeCursor } from '../cursor.ts';
import { StoreError } from '../errors.ts';
import {
  type Page,
  type SampleRow,
  type SessionQuery,
  type SessionRow,
  type SessionRowsQuery,
  type SessionSort,
  sessionSorts,
} from '../store.ts';
import { type Ask, LARGEST_PAGE, LIMITS, millisecondRange, pageSize, without } from './ask.ts';

const SESSION = `
  SessionId AS sessionId,
  toUnixTimestamp64Milli(StartedAt) AS startedAt,
  toUnixTimestamp64Milli(UpdatedAt) AS updatedAt,
  if(isNull(EndedAt), NULL, toUnixTimestamp64Milli(assumeNotNull(EndedAt))) AS endedAt,
  Namespace AS namespace,
  Broadcast AS broadcast,
  State AS state,
  Outcome AS outcome,
  TraceId AS traceId,
  Transport AS transport,
  Browser AS browser,
  Device AS device,
  Region AS region,
  UserAgent AS userAgent,
  RemoteAddress AS remoteAddress,
  PlayerVersion AS playerVersion,
  StartupSeconds AS startupSeconds,
  LatencySeconds AS latencySeconds,
  BufferSeconds AS bufferSeconds,
  Bitrate AS bitrate,
  RttSeconds AS rttSeconds,
  Rendition AS rendition,
  WatchedSeconds AS watchedSeconds,
  StalledSeconds AS stalledSeconds,
  Stalls AS stalls,
  QualitySwitches AS qualitySwitches,
  FramesDecoded AS framesDecoded,
  FramesDropped AS framesDropped,
  ReceivedBytes AS receivedBytes,
  Failures AS failures,
  LastError AS lastError,
  Reports AS reports`;

const ONE_SESSION = `
SELECT ${SESSION}
FROM moq_sessions
WHERE SessionId = {sessionId:String}
ORDER BY UpdatedAt DESC
LIMIT 1
${LIMITS}`;

const SAMPLES = `
SELECT
  SessionId AS sessionId,
  Sequence AS sequence,
  toUnixTimestamp64Milli(Timestamp) AS time,
  Broadcast AS broadcast,
  State AS state,
  Rendition AS rendition,
  LatencySeconds AS latencySeconds,
  BufferSeconds AS bufferSeconds,
  Bitrate AS bitrate,
  RttSeconds AS rttSeconds,
  WatchedSeconds AS watchedSeconds,
  StalledSeconds AS stalledSeconds,
  Stalls AS stalls,
  QualitySwitches AS qualitySwitches,
  FramesDecoded AS framesDecoded,
  FramesDropped AS framesDropped,
  ReceivedBytes AS receivedBytes
FROM moq_session_samples
WHERE SessionId = {sessionId:String}
  AND Timestamp >= fromUnixTimestamp64Milli({from:Int64}) AND Timestamp < fromUnixTimestamp64Milli({to:Int64})
ORDER BY Sequence
LIMIT 1 BY Sequence
LIMIT {limit:UInt32}
${LIMITS}`;

/** What sessions are sorted by: an expression, and whether it is text. */
const KEYS: Readonly<Record<SessionSort, { readonly key: string; readonly type: 'String' | 'Float64' }>> = {
  started_at: { key: 'toFloat64(toUnixTimestamp64Milli(StartedAt))', type: 'Float64' },
  updated_at: { key: 'toFloat64(toUnixTimestamp64Milli(UpdatedAt))', type: 'Float64' },
  broadcast: { key: 'toString(Broadcast)', type: 'String' },
  startup: { key: 'toFloat64(StartupSeconds)', type: 'Float64' },
  latency: { key: 'toFloat64(LatencySeconds)', type: 'Float64' },
  stalled: { key: 'StalledSeconds', type: 'Float64' },
  stalls: { key: 'toFloat64(Stalls)', type: 'Float64' },
  watched: { key: 'WatchedSeconds', type: 'Float64' },
  failures: { key: 'toFloat64(Failures)', type: 'Float64' },
};

/** Rows of one session replace one another when they are read, too: `FINAL`. Sessions without a key come last. */
function sessionsBy(sort: SessionSort, ascending: boolean): string {
  const { key, type } = KEYS[sort];
  const empty = type === 'String' ? "''" : '0';
  const further = ascending ? '>' : '<';
  return `
SELECT ${SESSION},
  isNull(${key}) AS withoutKey,
  ifNull(${key}, ${empty}) AS sortKey
FROM moq_sessions FINAL
WHERE StartedAt >= fromUnixTimestamp64Milli({from:Int64}) AND StartedAt < fromUnixTimestamp64Milli({to:Int64})
  AND ({broadcast:String} = '' OR Broadcast = {broadcast:String})
  AND ({state:String} = '' OR State = {state:String})
  AND ({transport:String} = '' OR Transport = {transport:String})
  AND ({browser:String} = '' OR Browser = {browser:String})
  AND ({region:String} = '' OR Region = {region:String})
  AND ({errors:Int8} < 0 OR (Failures > 0) = ({errors:Int8} = 1))
  AND ({text:String} = '' OR positionCaseInsensitiveUTF8(SessionId, {text:String}) > 0
    OR positionCaseInsensitiveUTF8(toString(Broadcast), {text:String}) > 0
    OR positionCaseInsensitiveUTF8(RemoteAddress, {text:String}) > 0)
  AND ({minLatency:Float64} <= 0 OR ifNull(LatencySeconds, -1) >= {minLatency:Float64})
  AND Stalls >= {minStalls:UInt64}
  AND ({afterId:String} = '' OR withoutKey > {afterWithoutKey:UInt8} OR (withoutKey = {afterWithoutKey:UInt8} AND (
    sortKey ${further} {after:${type}} OR (sortKey = {after:${type}} AND SessionId > {afterId:String}))))
ORDER BY withoutKey, sortKey ${ascending ? 'ASC' : 'DESC'}, sessionId
LIMIT {limit:UInt32}
${LIMITS}, do_not_merge_across_partitions_select_final = 1`;
}

const SESSIONS = new Map(
  sessionSorts.map((sort) => [
    sort,
    { ascending: sessionsBy(sort, true), descending: sessionsBy(sort, false) },
  ]),
);

/** ClickHouse's nothing is `null`, ours is `undefined`. */
type Answer<Row> = { readonly [Name in keyof Row]: Row[Name] | null };

type SortedAnswer = Answer<SessionRow> & {
  readonly sessionId: string;
  readonly withoutKey: number;
  readonly sortKey: string | number;
};

/** The last that is known of a session. */
export async function findSession(sessionId: string, ask: Ask): Promise<SessionRow | undefined> {
  const [answer] = await ask<Answer<SessionRow>>(ONE_SESSION, { sessionId });
  return answer && withoutNull(answer);
}

/** What a session's reports said. */
export async function findSamples(
  sessionId: string,
  query: SessionRowsQuery,
  ask: Ask,
): Promise<readonly SampleRow[]> {
  const { from, to } = millisecondRange(query);
  const limit = pageSize(query.limit, LARGEST_PAGE);
  return (await ask<Answer<SampleRow>>(SAMPLES, { sessionId, from, to, limit })).map(withoutNull);
}

/** Finds sessions. */
export async function findSessions(query: SessionQuery, ask: Ask): Promise<Page<SessionRow>> {
  const sort = query.sort ?? 'started_at';
  const { type } = KEYS[sort];
  const statements = SESSIONS.get(sort)!;
  const limit = pageSize(query.limit, 100);
  const { from, to } = millisecondRange(query);
  const [afterWithoutKey, after, afterId] =
    query.cursor === undefined
      ? [0, type === 'String' ? '' : 0, '']
      : decodeCursor(query.cursor, ['number', type === 'String' ? 'string' : 'number', 'string']);
  const answers = await ask<SortedAnswer>(query.ascending ? statements.ascending : statements.descending, {
    from,
    to,
    broadcast: query.broadcast ?? '',
    state: query.state ?? '',
    transport: query.transport ?? '',
    browser: query.browser ?? '',
    region: query.region ?? '',
    errors: query.errors === undefined ? -1 : Number(query.errors),
    text: query.text ?? '',
    minLatency: query.minLatency ?? 0,
    minStalls: Math.max(0, Math.ceil(query.minStalls ?? 0)),
    afterWithoutKey: afterWithoutKey === 1 ? 1 : 0,
    after: finite(after!),
    afterId: afterId!,
    limit: limit + 1,
  });
  const page = answers.slice(0, limit);
  const last = page.at(-1);
  return {
    rows: page.map((answer) => withoutNull<SessionRow>(without(answer, 'withoutKey', 'sortKey'))),
    cursor:
      last && answers.length > limit
        ? encodeCursor([last.withoutKey, last.sortKey, last.sessionId])
        : undefined,
  };
}

function finite(value: string | number): string | number {
  if (typeof value === 'string' || Number.isFinite(value)) return value;
  throw new StoreError('bad_query', 'the cursor is none of this question');
}

function withoutNull<Row>(answer: Answer<Row>): Row {
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, value ?? undefined])) as Row;
}
