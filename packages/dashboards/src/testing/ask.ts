/** Asks Prometheus what a dashboard would ask it. */
import { type Dashboard, type MetricPanel, panelsOf } from '../model/dashboard.ts';
import { expand } from '../query/expand.ts';
import type { Query } from '../query/query.ts';

/** What is looked at, in Unix seconds. */
export interface Shown {
  readonly from: number;
  readonly to: number;
  /** The seconds between two scrapes. */
  readonly scrapeInterval: number;
  /** The stream that is chosen where only one can be. */
  readonly broadcast: string;
}

/** A query as it goes to Prometheus. */
export interface Request {
  readonly panel: string;
  readonly query: Query;
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A series of an answer: its labels, and its values by time. */
export interface AnsweredSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [time: number, value: string])[];
}

/** The pixels of a dashboard's width, on a large screen. */
const WIDTH = 1920;

/** Everything a dashboard asks when it is opened, but for folded rows. All is chosen of each variable that takes it. */
export function requestsOf({ rows, variables }: Dashboard, shown: Shown): readonly Request[] {
  const open = panelsOf({ rows: rows.filter(({ folded }) => !folded) });
  const one = variables.some((variable) => variable.kind === 'values' && !variable.many);
  const chosen = one ? { broadcast: shown.broadcast } : {};
  return open.flatMap((panel) => (panel.kind === 'metrics' ? panelRequests(panel, shown, chosen) : []));
}

function panelRequests(
  panel: MetricPanel,
  shown: Shown,
  chosen: Readonly<Record<string, string>>,
): readonly Request[] {
  const { observable, picture, points = (WIDTH * panel.width) / 24 } = panel;
  const { from, to, scrapeInterval } = shown;
  const step = Math.max(scrapeInterval, roundedInterval((to - from) / points));
  const values = {
    ...chosen,
    __range: `${to - from}s`,
    // As Grafana has it: at least four scrapes, and no gap between two steps.
    __rate_interval: `${Math.max(step + scrapeInterval, 4 * scrapeInterval)}s`,
  };
  const isInstant = ['distribution', 'gauge', 'stat', 'table'].includes(picture.as);
  return observable.lines.map(({ query }) => ({
    panel: observable.name,
    query,
    path: isInstant ? 'query' : 'query_range',
    parameters: {
      query: expand(query.text, values),
      ...(isInstant ? { time: String(to) } : { start: String(from), end: String(to), step: String(step) }),
    },
  }));
}

/** The next length of time people would choose. */
function roundedInterval(seconds: number): number {
  const nice = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600];
  return nice.find((length) => length * 1.25 >= seconds) ?? 7200;
}

/**
 * The answer of a Prometheus.
 *
 * @throws Error with the query, when it refuses it
 */
export async function ask(
  url: string,
  { path, parameters }: Pick<Request, 'parameters' | 'path'>,
): Promise<readonly AnsweredSeries[]> {
  const response = await fetch(`${url}/api/v1/${path}`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
  });
  const answer = (await response.json()) as {
    status: string;
    error?: string;
    data: {
      resultType: 'matrix' | 'scalar' | 'vector';
      result: readonly {
        metric: Record<string, string>;
        value?: [number, string];
        values?: [number, string][];
      }[];
    };
  };
  if (answer.status !== 'success') throw new Error(`${parameters['query']}: ${answer.error}`);
  const { resultType, result } = answer.data;
  if (resultType === 'scalar') return [{ metric: {}, values: [result as unknown as [number, string]] }];
  return result.map(({ metric, value, values }) => ({ metric, values: values ?? (value ? [value] : []) }));
}
