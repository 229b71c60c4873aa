import { expand, type Query } from '@moq-observability/dashboards';
import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useSpan, useStretch } from '../shell/span.ts';
import {
  type InstantSeries,
  queryInstant,
  queryRange,
  type RangeSeries,
  type Stretch,
} from './prometheus.ts';

/** Answers to several questions, in their order. */
export interface Answers<T> {
  readonly data: readonly (readonly T[] | undefined)[];
  readonly isLoading: boolean;
  readonly error: Error | null;
}

/** How questions are asked. */
export interface Asking {
  /** False while nobody sees the answer. */
  readonly enabled?: boolean;
  /** Patterns that variables of a dashboard stand for, by name. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Values of a line, at most. */
  readonly points?: number | undefined;
}

/** Values of a line, at most, when nothing is said: more than can be told apart in a picture of half a page. */
const USUAL_POINTS = 240;

const NO_VARIABLES: Readonly<Record<string, string>> = {};

/** Asks Prometheus how things went over the time that is looked at. */
export function useRanges(
  queries: readonly Pick<Query, 'text'>[],
  asking: Asking = {},
): Answers<RangeSeries> {
  const { enabled = true, variables = NO_VARIABLES, points = USUAL_POINTS } = asking;
  const stretch = useSteps(points);
  return useQueries({
    queries: queries.map((query) => {
      const text = queryText(query, stretch, variables);
      return {
        queryKey: ['range', text, stretch.to, stretch.step],
        queryFn: ({ signal }: { readonly signal: AbortSignal }) => queryRange(text, stretch, signal),
        placeholderData: keepPreviousData,
        staleTime: Number.POSITIVE_INFINITY,
        enabled,
      };
    }),
    combine: answersOf<RangeSeries>,
  });
}

/** Asks Prometheus how things are at the end of the time that is looked at. */
export function useInstants(
  queries: readonly Pick<Query, 'text'>[],
  { enabled = true, variables = NO_VARIABLES }: Asking = {},
): Answers<InstantSeries> {
  const stretch = useSteps(USUAL_POINTS);
  const { at } = useSpan();
  return useQueries({
    queries: queries.map((query) => {
      const text = queryText(query, stretch, variables);
      return {
        queryKey: ['instant', text, at ?? stretch.to],
        queryFn: ({ signal }: { readonly signal: AbortSignal }) =>
          queryInstant(text, at ?? Date.now(), signal),
        placeholderData: keepPreviousData,
        staleTime: Number.POSITIVE_INFINITY,
        enabled,
      };
    }),
    combine: answersOf<InstantSeries>,
  });
}

/** The stretch that is looked at, moved onto whole steps so that values do not flicker as it moves. */
function useSteps(points: number): Stretch {
  const { from, to } = useStretch();
  const length = to - from;
  const step = Math.max(1, Math.ceil(length / 1000 / points)) * 1000;
  const end = Math.floor(to / step) * step;
  return useMemo(() => ({ from: end - length, to: end, step }), [end, length, step]);
}

/** The least that rates look back, in milliseconds: a few scrapes. */
const LEAST_WINDOW = 60_000;

/** The text of a query, with what dashboards leave open filled in. */
function queryText(
  { text }: Pick<Query, 'text'>,
  { from, to, step }: Stretch,
  variables: Readonly<Record<string, string>>,
): string {
  return expand(text, {
    ...variables,
    __rate_interval: secondsText(Math.max(step, LEAST_WINDOW)),
    __range: secondsText(to - from),
  });
}

function secondsText(milliseconds: number): string {
  return `${Math.max(1, Math.round(milliseconds / 1000))}s`;
}

function answersOf<T>(
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
