import type { TraceSummary } from '@moq-observability/collector/api';
import { spans } from '@moq-observability/moq-metrics';
import { type InfiniteData, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, type LinkProps, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { getJson } from '../api/http.ts';
import type { traceFilters } from '../filters.ts';
import { count, duration, moment } from '../format.ts';
import { Choice } from '../shell/choice.tsx';
import { Refresh } from '../shell/refresh.tsx';
import { type AskedStretch, useAskedStretch } from '../shell/span.ts';
import { type Column, DataTable } from '../table/data-table.tsx';

const route = getRouteApi('/traces');

type TraceSearch = { readonly [Name in (typeof traceFilters)[number]]?: string | undefined };

interface TracePage {
  readonly traces: readonly TraceSummary[];
  readonly cursor?: string;
}

/** Names of spans, each once. */
const NAMES = [...new Set(Object.values(spans).map(({ name }) => name))];

const DURATIONS = [100, 250, 500, 1000, 3000, 10_000] as const;

/** Every trace that players and relays sent. */
export function TracesPage(): ReactNode {
  const { range: _range, at: _at, ...search } = route.useSearch();
  const navigate = useNavigate({ from: '/traces' });
  const set = (change: TraceSearch): void => {
    void navigate({ search: (held) => ({ ...held, ...change }), replace: true });
  };
  const stretch = useAskedStretch();
  const list = useTraces(search, stretch);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Traces</h1>
        <span className="quiet">
          {count(list.traces.length)}
          {list.hasMore ? ' and more' : ''}
        </span>
        <div className="tools spread">
          <Refresh stretch={stretch} />
        </div>
      </div>
      <div className="tools" role="search" aria-label="Filters">
        <Choice
          label="Service"
          value={search.service}
          options={['moq-player', 'moq-relay'].map((name) => [name, name])}
          onChange={(service) => set({ service })}
        />
        <Choice
          label="Has a span"
          value={search.name}
          options={NAMES.map((name) => [name, name])}
          onChange={(name) => set({ name })}
        />
        <Choice
          label="Of at least"
          value={search.min_duration}
          options={DURATIONS.map((bound) => [String(bound), duration(bound)])}
          onChange={(min_duration) => set({ min_duration })}
        />
        <Choice
          label="Result"
          value={search.error}
          options={[
            ['true', 'failed'],
            ['false', 'went well'],
          ]}
          onChange={(error) => set({ error })}
        />
      </div>
      <DataTable
        label="Traces"
        columns={COLUMNS}
        rows={list.traces}
        rowKey={keyOf}
        rowLink={linkOf}
        onEnd={list.more}
        empty={
          list.error ? (
            <p className="warn">{list.error.message}</p>
          ) : list.isLoading ? (
            <p className="quiet">Asking …</p>
          ) : (
            <div className="empty">
              <strong>No trace fits</strong>
              <p>Choose a longer time at the top, or widen the filters.</p>
            </div>
          )
        }
      />
    </div>
  );
}

function keyOf({ traceId }: TraceSummary): string {
  return traceId;
}

function linkOf({ traceId }: TraceSummary): LinkProps {
  return { to: '/traces/$traceId', params: { traceId } };
}

function useTraces(
  search: TraceSearch,
  { from, to }: AskedStretch,
): {
  readonly traces: readonly TraceSummary[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly error: Error | null;
  readonly more: () => void;
} {
  const question = { ...search, from, to };
  const query = useInfiniteQuery<TracePage, Error, InfiniteData<TracePage>, readonly unknown[], string>({
    queryKey: ['traces', question],
    queryFn: ({ pageParam, signal }) =>
      getJson<TracePage>('/api/traces', { ...question, limit: 200, cursor: pageParam }, signal),
    initialPageParam: '',
    getNextPageParam: ({ cursor }) => cursor,
    placeholderData: keepPreviousData,
  });
  const traces = useMemo(() => query.data?.pages.flatMap((page) => page.traces) ?? [], [query.data]);
  return {
    traces,
    isLoading: query.isLoading,
    hasMore: query.hasNextPage,
    error: query.error,
    more: () => {
      if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
    },
  };
}

const COLUMNS: readonly Column<TraceSummary>[] = [
  {
    id: 'name',
    header: 'Trace',
    width: 170,
    grow: 2,
    cell: ({ name, traceId }) => (
      <>
        <bdi>{name}</bdi> <code className="quiet">{traceId.slice(0, 8)}</code>
      </>
    ),
  },
  { id: 'time', header: 'Began', width: 130, from: 'tablet', cell: ({ time }) => moment(time) },
  {
    id: 'duration',
    header: 'Took',
    width: 80,
    numeric: true,
    cell: (trace) => duration(trace.duration),
  },
  { id: 'spans', header: 'Spans', width: 60, numeric: true, cell: ({ spans: number }) => count(number) },
  {
    id: 'errors',
    header: 'Failed',
    width: 60,
    numeric: true,
    cell: ({ errors }) => <span className={errors > 0 ? 'bad' : 'quiet'}>{count(errors)}</span>,
  },
  {
    id: 'service',
    header: 'Begun by',
    width: 100,
    from: 'desktop',
    cell: ({ serviceName }) => <bdi className="cut quiet">{serviceName}</bdi>,
  },
  {
    id: 'broadcast',
    header: 'Stream',
    width: 140,
    grow: 1,
    from: 'tablet',
    cell: ({ broadcast }) => <bdi className="cut">{broadcast}</bdi>,
  },
  {
    id: 'session',
    header: 'Session',
    width: 90,
    from: 'desktop',
    cell: ({ sessionId }) => <code className="quiet">{sessionId.slice(0, 8)}</code>,
  },
];
