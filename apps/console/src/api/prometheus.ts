/** The Prometheus HTTP API, which the collector passes on: https://prometheus.io/docs/prometheus/latest/querying/api/ */
import pLimit from 'p-limit';
import { type Parameters, postForm } from './http.ts';

/** A series over time. */
export interface RangeSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Unix milliseconds. */
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/** A series at one time. */
export interface InstantSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Questions under way at a time: a browser keeps six connections to a server, and pages, lines of the log and what is
 * live are not to wait for pictures.
 */
const limited = pLimit(4);

interface Answer<T> {
  readonly data: T;
}

type Point = readonly [time: number, value: string];
type Labels = Readonly<Record<string, string>>;

function ask<T>(
  path: 'query' | 'query_range',
  form: Parameters,
  signal: AbortSignal | undefined,
): Promise<Answer<T>> {
  return limited(() => postForm(`/prometheus/api/v1/${path}`, { ...form, timeout: '20s' }, signal));
}

/** Asks for the values at a time, in Unix milliseconds. @throws ApiProblem */
export async function queryInstant(
  query: string,
  time: number,
  signal?: AbortSignal,
): Promise<readonly InstantSeries[]> {
  type Data =
    | { readonly resultType: 'vector'; readonly result: readonly { metric: Labels; value: Point }[] }
    | { readonly resultType: 'scalar'; readonly result: Point };
  const { data } = await ask<Data>('query', { query, time: time / 1000 }, signal);
  if (data.resultType === 'scalar') return [{ labels: {}, value: Number(data.result[1]) }];
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

/** A stretch of time that is asked about, in Unix milliseconds. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** From one value to the next, in milliseconds. */
  readonly step: number;
}

/** Asks for values over time. @throws ApiProblem */
export async function queryRange(
  query: string,
  { from, to, step }: Stretch,
  signal?: AbortSignal,
): Promise<readonly RangeSeries[]> {
  type Data = { readonly result: readonly { metric: Labels; values: readonly Point[] }[] };
  const range = { start: from / 1000, end: to / 1000, step: step / 1000 };
  const { data } = await ask<Data>('query_range', { query, ...range }, signal);
  return data.result.map(({ metric, values }) => ({
    labels: metric,
    times: values.map(([time]) => time * 1000),
    values: values.map(([, value]) => Number(value)),
  }));
}
