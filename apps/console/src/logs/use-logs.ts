import type { StoredLog } from '@moq-observability/collector/api';
import { type InfiniteData, useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { listen } from '../api/event-source.ts';
import { address, getJson, type Parameters } from '../api/http.ts';

interface LogPage {
  readonly logs: readonly StoredLog[];
  readonly cursor?: string;
}

/** Lines that were found, newest first. */
export interface FoundLogs {
  readonly logs: readonly StoredLog[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly error: Error | null;
  readonly more: () => void;
}

/** Lines that are asked for at a time: a few screens. */
const PAGE = 100;

/** Searches the log. */
export function useLogSearch(question: Parameters, enabled: boolean): FoundLogs {
  const query = useInfiniteQuery<LogPage, Error, InfiniteData<LogPage>, readonly unknown[], string>({
    queryKey: ['logs', question],
    queryFn: ({ pageParam, signal }) =>
      getJson<LogPage>('/api/logs', { ...question, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: '',
    getNextPageParam: ({ cursor }) => cursor,
    enabled,
  });
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const logs = useMemo(() => data?.pages.flatMap((page) => page.logs) ?? [], [data]);
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  return { logs, isLoading: query.isLoading, hasMore: hasNextPage, error: query.error, more };
}

/** Lines as they come. */
export interface LogTail {
  /** Newest first. */
  readonly logs: readonly StoredLog[];
  /** Lines that were left out because there were too many. */
  readonly missed: number;
}

/** Lines that are kept while they come. */
const KEPT = 5_000;

/** How often new lines are shown, in milliseconds. */
const SHOWN_EVERY = 250;

const NOTHING: LogTail = { logs: [], missed: 0 };

/** Follows the log. */
export function useLogTail(question: Parameters, enabled: boolean): LogTail {
  const [tail, setTail] = useState(NOTHING);
  const url = address('/api/logs/tail', question);
  useEffect(() => {
    if (!enabled) return undefined;
    setTail(NOTHING);
    let waiting: StoredLog[] = [];
    let missed = 0;
    const source = listen(url, {
      on: {
        logs: (logs: readonly StoredLog[]) => {
          waiting.push(...logs);
          if (waiting.length > KEPT) waiting = waiting.slice(-KEPT);
        },
        missed: ({ lines }: { readonly lines: number }) => {
          missed += lines;
        },
      },
    });
    const timer = setInterval(() => {
      if (waiting.length === 0 && missed === 0) return;
      const [come, left] = [waiting.toReversed(), missed];
      waiting = [];
      missed = 0;
      setTail((held) => ({ logs: [...come, ...held.logs].slice(0, KEPT), missed: held.missed + left }));
    }, SHOWN_EVERY);
    return () => {
      clearInterval(timer);
      source[Symbol.dispose]();
    };
  }, [url, enabled]);
  return tail;
}
