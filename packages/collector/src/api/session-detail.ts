/** Everything about one session: what is known now, and its whole timeline. */
import { attributes as names } from '@moq-observability/moq-metrics';
import { z } from 'zod';
import { attributeText } from '../receive/records.ts';
import type { Recent } from '../sessions/recent.ts';
import { rowOf } from '../sessions/session.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { storedLog, storedSpan } from '../sessions/stored.ts';
import { StoreError } from '../store/errors.ts';
import type { SampleRow, SessionRow, Store, StoredLog, StoredSpan } from '../store/store.ts';
import { limit, milliseconds, parameters } from './parameters.ts';
import { Problem } from './reply.ts';

/** A session with its timeline. */
export interface SessionDetail {
  readonly session: SessionRow;
  /** Oldest first, as all of these. */
  readonly samples: readonly SampleRow[];
  /** What the player told as it happened. */
  readonly events: readonly StoredLog[];
  /** The player's and the relay's. */
  readonly spans: readonly StoredSpan[];
  /** Lines that are no events: the relay's. */
  readonly logs: readonly StoredLog[];
  /** Why something of the timeline is missing, if it is. */
  readonly incomplete?: string | undefined;
}

/** What sessions are told from. */
export interface SessionSources {
  readonly sessions: Sessions;
  readonly recent: Recent;
  readonly store: Store;
}

/** Rows of each kind, at most, of a page and of an export. */
const PAGE_ROWS = 2_000;
const EXPORT_ROWS = 10_000;

const querySchema = z.strictObject({
  from: milliseconds,
  to: milliseconds,
  limit: limit(EXPORT_ROWS, PAGE_ROWS),
});
type DetailQuery = z.infer<typeof querySchema>;

/** Tells all about a session.  @throws Problem 400, 404 */
export function sessionDetail(
  id: string,
  query: URLSearchParams,
  sources: SessionSources,
): Promise<SessionDetail> {
  return detail(id, parameters(query, querySchema), sources);
}

/** Tells as much of a session as can be told at once.  @throws Problem 404 */
export function sessionExport(id: string, sources: SessionSources): Promise<SessionDetail> {
  return detail(id, { from: undefined, to: undefined, limit: EXPORT_ROWS }, sources);
}

async function detail(
  id: string,
  { from, to, limit }: DetailQuery,
  sources: SessionSources,
): Promise<SessionDetail> {
  const { sessions, store } = sources;
  const held = sessions.find(id);
  const range = { from, to, limit };
  const missing = new Set<string>();
  const ask = async <T>(question: () => Promise<T>, otherwise: T): Promise<T> => {
    if (store.driver === 'off') return otherwise;
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      missing.add(error.message);
      return otherwise;
    }
  };
  const [kept, samples, spans, logs] = await Promise.all([
    held ? undefined : ask(() => store.session(id), undefined),
    ask(() => store.samples(id, range), []),
    ask(() => store.sessionSpans(id, range), []),
    ask(async () => (await store.logs({ sessionId: id, order: 'oldest', from, to, limit })).rows, []),
  ]);
  const session = held ? rowOf(held) : kept;
  const [reason] = missing;
  if (!session) {
    throw reason === undefined ? new Problem(404, 'there is no such session') : new Problem(503, reason);
  }
  return withRecent({ session, samples, spans, logs, events: [], incomplete: reason }, sources.recent, {
    from: from ?? Number.NEGATIVE_INFINITY,
    to: to ?? Number.POSITIVE_INFINITY,
  });
}

/** Adds what came in the last moments, which the store may not find yet. */
function withRecent(
  { session, samples, spans, logs, incomplete }: SessionDetail,
  recent: Recent,
  range: { readonly from: number; readonly to: number },
): SessionDetail {
  const { sessionId, traceId } = session;
  const inRange = ({ time }: { readonly time: number }): boolean => time >= range.from && time < range.to;
  const allSamples = united(samples, recent.samples.of(sessionId).filter(inRange), (row) =>
    String(row.sequence),
  );
  const allSpans = united(
    spans,
    recent.spans
      .filter((row) => attributeText(row, names.sessionId.name) === sessionId || row.traceId === traceId)
      .map(storedSpan)
      .filter(inRange),
    (row) => row.spanId,
  );
  const allLogs = united(
    logs,
    recent.logs
      .filter((row) => attributeText(row, names.sessionId.name) === sessionId)
      .map(storedLog)
      .filter(inRange),
    (row) => `${Math.floor(row.time * 1000)} ${row.serviceName} ${row.eventName} ${row.body}`,
  );
  return {
    session,
    samples: allSamples,
    events: allLogs.filter(({ eventName, serviceName }) => eventName !== '' && serviceName !== 'moq-relay'),
    spans: allSpans,
    logs: allLogs.filter(({ eventName, serviceName }) => eventName === '' || serviceName === 'moq-relay'),
    ...(incomplete !== undefined && { incomplete }),
  };
}

function united<Row extends { readonly time: number }>(
  kept: readonly Row[],
  recent: readonly Row[],
  key: (row: Row) => string,
): readonly Row[] {
  const known = new Set(kept.map(key));
  const added = recent.filter((row) => !known.has(key(row)));
  return added.length === 0 ? kept : [...kept, ...added].toSorted((a, b) => a.time - b.time);
}
