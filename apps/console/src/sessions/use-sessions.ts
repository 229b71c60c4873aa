import type { SessionPage, SessionRow } from '@moq-observability/collector/api';
import { type InfiniteData, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { getJson, type Parameters } from '../api/http.ts';
import { listenToSessions } from '../live/live-store.ts';

/** Sessions of one question. */
export interface SessionList {
  readonly rows: readonly SessionRow[];
  /** When their order was asked for, in Unix milliseconds. */
  readonly askedAt: number;
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly error: Error | null;
  /** Why sessions of the past are missing. */
  readonly incomplete: string | undefined;
  readonly more: () => void;
  readonly refresh: () => void;
}

/** Rows asked for at a time. */
const PAGE = 500;

/** How often the order is asked for anew while the top is in sight, in milliseconds. */
const ORDERED_EVERY = 3_000;

/** How often changes are shown, in milliseconds. */
const SHOWN_EVERY = 500;

/**
 * Lists sessions. Their values are always the newest; their order is that of when they were asked for, and is asked
 * for anew only while the top of the list is in sight, so that nothing moves under the reader's eyes.
 *
 * @param isLive whether changes are shown
 */
export function useSessions(
  question: Parameters,
  { isLive, scroller }: { readonly isLive: boolean; readonly scroller: RefObject<HTMLElement | null> },
): SessionList {
  const query = useInfiniteQuery<SessionPage, Error, InfiniteData<SessionPage>, readonly unknown[], string>({
    queryKey: ['sessions', question],
    queryFn: ({ pageParam, signal }) =>
      getJson<SessionPage>('/api/sessions', { ...question, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: '',
    getNextPageParam: ({ cursor }) => cursor,
    placeholderData: keepPreviousData,
    // Who scrolled down has pages that belong together: they are asked for again only on request.
    refetchInterval: ({ state }) =>
      isLive && (state.data?.pages.length ?? 0) === 1 && (scroller.current?.scrollTop ?? 0) < 40
        ? ORDERED_EVERY
        : false,
  });
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = query;
  const listed = useMemo(() => unique(data?.pages ?? []), [data]);
  const changes = useChanges(listed, isLive, question);
  const rows = useMemo(
    () => (changes.size === 0 ? listed : listed.map((row) => changes.get(row.sessionId) ?? row)),
    [listed, changes],
  );
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  return {
    rows,
    askedAt: query.dataUpdatedAt,
    isLoading: query.isPending,
    hasMore: hasNextPage,
    error: query.error,
    incomplete: data?.pages.findLast((page) => page.incomplete !== undefined)?.incomplete,
    more,
    refresh: () => void refetch(),
  };
}

/** A session may move to another page between two questions. */
function unique(pages: readonly SessionPage[]): readonly SessionRow[] {
  const rows = new Map<string, SessionRow>();
  for (const page of pages) for (const row of page.sessions) rows.set(row.sessionId, row);
  return [...rows.values()];
}

const NO_CHANGES: ReadonlyMap<string, SessionRow> = new Map();

/** What became of the sessions that are listed since; a new map whenever there is something. */
function useChanges(
  listed: readonly SessionRow[],
  isLive: boolean,
  { broadcast }: Parameters,
): ReadonlyMap<string, SessionRow> {
  const [changes, setChanges] = useState(NO_CHANGES);
  const known = useRef<ReadonlySet<string>>(new Set());
  useEffect(() => {
    known.current = new Set(listed.map(({ sessionId }) => sessionId));
    // Rows that were just asked for are as new; of those asked for longer ago what was heard since stays.
    const newest = new Map(listed.map(({ sessionId, updatedAt }) => [sessionId, updatedAt]));
    setChanges((held) =>
      held.size === 0
        ? held
        : new Map([...held].filter(([id, { updatedAt }]) => updatedAt > (newest.get(id) ?? updatedAt))),
    );
  }, [listed]);
  useEffect(() => {
    if (!isLive) return undefined;
    const waiting = new Map<string, SessionRow>();
    const source = listenToSessions(
      { broadcast: broadcast === undefined ? undefined : String(broadcast) },
      (rows) => {
        for (const row of rows) if (known.current.has(row.sessionId)) waiting.set(row.sessionId, row);
      },
    );
    const timer = setInterval(() => {
      if (waiting.size === 0) return;
      const taken = [...waiting];
      waiting.clear();
      setChanges((held) => new Map([...held, ...taken]));
    }, SHOWN_EVERY);
    return () => {
      clearInterval(timer);
      source[Symbol.dispose]();
    };
  }, [isLive, broadcast]);
  return changes;
}
