import { expand, type Query } from '@moq-observability/dashboards';
import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type Span, useSpan, useStretch } from '../shell/span.ts';
import { type InstantSeries, queryInstant, queryRange, type RangeSeries } from './prometheus.ts';

/** Answers to several questions, in their order. */
export interface Answers<T> {
  readonly data: readonly (readonly T[] | undefined)[];
  readonly isLoading: boolean;
  readonly error: Error | null;
}

/** Values of a line, at most. */
const MOST_STEPS = 240;

/** The time between two values that suits a stretch of time, in milliseconds: a whole number of seconds. */
function stepOf({ from, to }: Span): number {
  return Math.max(1, Math.ceil((to - from) / 1000 / MOST_STEPS)) * 1000;
}

/** How far back rates look, for values so far apart: Grafana's rule, for scrapes every few seconds. */
function rateWindow(step: number): number {
  return Math.max(step, 60_000);
}

/** The text of a query, with what dashboards leave open filled in. */
function queryText({ text }: Pick<Query, 'text'>, { from, to }: Span): string {
  return expand(text, {
    __rate_interval: secondsText(rateWindow(stepOf({ from, to }))),
    __range: secondsText(to - from),
  });
}

function secondsText(milliseconds: number): string {
  return `${Math.max(1, Math.round(milliseconds / 1000))}s`;
}

/** The stretch that is looked at, moved onto whole steps so that values do not flicker as it moves. */
function usePrometheusStretch(): Span & { readonly step: number } {
  const { from, to } = useStretch();
  const step = stepOf({ from, to });
  const end = Math.floor(to / step) * step;
  return useMemo(() => ({ from: end - (to - from), to: end, step }), [end, to - from, step]);
}

/** Asks Prometheus how things went over the time that is looked at. */
export function useRanges(
  queries: readonly Pick<Query, 'text'>[],
  { enabled = true }: { readonly enabled?: boolean } = {},
): Answers<RangeSeries> {
  const stretch = usePrometheusStretch();
  return useQueries({
    queries: queries.map((query) => ({
      queryKey: ['range', query.text, stretch.to - stretch.from, stretch.to],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        queryRange(queryText(query, stretch), stretch, signal),
      placeholderData: keepPreviousData,
      staleTime: Number.POSITIVE_INFINITY,
      enabled,
    })),
    combine,
  });
}

/** Asks Prometheus how things are at the end of the time that is looked at. */
export function useInstants(
  queries: readonly Pick<Query, 'text'>[],
  { enabled = true }: { readonly enabled?: boolean } = {},
): Answers<InstantSeries> {
  const stretch = usePrometheusStretch();
  const { at } = useSpan();
  return useQueries({
    queries: queries.map((query) => ({
      queryKey: ['instant', query.text, stretch.to - stretch.from, at ?? stretch.to],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        queryInstant(queryText(query, stretch), at ?? Date.now(), signal),
      placeholderData: keepPreviousData,
      staleTime: Number.POSITIVE_INFINITY,
      enabled,
    })),
    combine,
  });
}

function combine<T>(
  results: readonly {
    readonly data: readonly T[] | undefined;
    readonly isLoading: boolean;
    readonly error: Error | null;
  }[],
): Answers<T> {
  return {
    data: results.map(({ data }) => data),
    isLoading: results.some(({ isLoading }) => isLoading),
    error: results.find(({ error }) => error)?.error ?? null,
  };
}
