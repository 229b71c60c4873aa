import { z } from 'zod';
import type { Page as RowPage, Store, StoredLog, StoredSpan, TraceSummary } from '../store/store.ts';
import { flag, limit, milliseconds, parameters, word } from './parameters.ts';
import { Problem } from './reply.ts';

const searchSchema = z.strictObject({
  service: word,
  name: word,
  /** Milliseconds. */
  min_duration: milliseconds,
  error: flag,
  from: milliseconds,
  to: milliseconds,
  limit: limit(1_000, 100),
  cursor: word,
});

/** Searches traces.  @throws Problem 400, StoreError */
export function searchTraces(query: URLSearchParams, store: Store): Promise<RowPage<TraceSummary>> {
  const { min_duration, ...rest } = parameters(query, searchSchema);
  return store.traces({ ...rest, minDuration: min_duration });
}

/** A trace with the lines that were logged in it. */
export interface TraceDetail {
  readonly traceId: string;
  readonly spans: readonly StoredSpan[];
  readonly logs: readonly StoredLog[];
}

/** Lines of a trace, at most. */
const MOST_LOGS = 1_000;

/** All of a trace.  @throws Problem 400, 404, StoreError */
export async function traceDetail(id: string, store: Store): Promise<TraceDetail> {
  if (!/^[0-9a-f]{32}$/i.test(id)) throw new Problem(400, 'a trace id has 32 hex digits');
  const traceId = id.toLowerCase();
  const [spans, { rows: logs }] = await Promise.all([
    store.trace(traceId),
    store.logs({ traceId, order: 'oldest', limit: MOST_LOGS }),
  ]);
  if (spans.length === 0 && logs.length === 0) throw new Problem(404, 'there is no such trace');
  return { traceId, spans, logs };
}
