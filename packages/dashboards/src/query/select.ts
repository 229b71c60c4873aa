import type { CounterMetric, GaugeMetric, LabelValues, Metric } from '@moq-observability/moq-metrics';
import { type Matcher, matchers, quoted, type TargetLabel, targetLabels, type Where } from './match.ts';
import {
  Binding,
  type Duration,
  NOWHERE,
  originOf,
  type Query,
  query,
  type Selection,
  type Window,
  windowProblems,
} from './query.ts';
import type { Recorded } from './recorded.ts';

/** The labels the series of a metric have, once scraped. */
export type LabelName<L extends LabelValues> = (keyof L & string) | TargetLabel;

/** The series of a gauge or a counter as they were scraped, or those that were recorded. */
export function select<L extends LabelValues>(
  metric: CounterMetric<L> | GaugeMetric<L>,
  where?: Where<NoInfer<L>>,
): Selection<LabelName<L>>;
export function select<N extends string>(
  recorded: Recorded<N>,
  where?: { readonly [Name in NoInfer<N>]?: Matcher<string> },
): Selection<N>;
export function select(
  source: CounterMetric<LabelValues> | GaugeMetric<LabelValues> | Recorded,
  where: Readonly<Record<string, Matcher<string> | undefined>> = {},
): Selection {
  if (source.kind === 'recorded') {
    const { text, variables, problems } = matchers(source.name, source.labels, where);
    return selection(`${source.name}${text && `{${text}}`}`, source.labels, {
      metrics: new Set(),
      recorded: new Set([source]),
      variables: new Set(variables),
      problems,
    });
  }
  return selectMember(source, '', where);
}

/** The series of a metric under its name with a suffix: those a histogram exposes. */
export function selectMember(
  metric: Metric,
  suffix: '' | '_bucket' | '_count' | '_sum',
  where: Readonly<Record<string, Matcher<string> | undefined>>,
  bound?: string,
): Selection {
  const { text, variables, problems } = matchers(metric.name, metric.labels, where);
  const parts = [text, bound === undefined ? '' : `le=${quoted(bound)}`].filter(Boolean).join(', ');
  return selection(
    `${metric.name}${suffix}${parts && `{${parts}}`}`,
    [...Object.keys(metric.labels), ...targetLabels, ...(suffix === '_bucket' ? ['le'] : [])],
    { metrics: new Set([metric]), recorded: new Set(), variables: new Set(variables), problems },
  );
}

/** The state a firing or pending alert is in, as Prometheus records it. */
export type AlertLabel = 'alertname' | 'alertstate' | 'severity' | 'namespace' | 'broadcast';

/** Alerts that fire now; each is 1. Prometheus writes these series itself. */
export function firingAlerts(
  where: { readonly [Name in Exclude<AlertLabel, 'alertstate'>]?: Matcher<string> } = {},
): Selection<AlertLabel> {
  const labels: readonly AlertLabel[] = ['alertname', 'alertstate', 'severity', 'namespace', 'broadcast'];
  const { text, variables, problems } = matchers('ALERTS', labels, { alertstate: 'firing', ...where });
  return selection(`ALERTS{${text}}`, labels, { ...NOWHERE, variables: new Set(variables), problems });
}

/** The same series as they were that long ago. */
export function ago<L extends string>(selected: Selection<L>, time: Duration): Selection<L> {
  const problems = [...windowProblems(time), ...selectionProblems(selected)];
  return selection(`${selected.text} offset ${time}`, selected.labels, originOf([selected], problems));
}

/** The same series as they are at the end of the time that is looked at, at any time. */
export function atEnd<L extends string>(selected: Selection<L>): Selection<L> {
  return selection(
    `${selected.text} @ end()`,
    selected.labels,
    originOf([selected], selectionProblems(selected)),
  );
}

/** 1 when no such series exist; without the labels `absent()` takes over from what was asked for. */
export function absent(selected: Selection): Query<never> {
  return query(`max(absent(${selected.text}))`, [], originOf([selected], selectionProblems(selected)));
}

/** The average, the most or the least of each series over a window, or how often it was there. */
export function overTime<L extends string>(
  how: 'avg' | 'count' | 'last' | 'max' | 'min' | 'sum',
  selected: Selection<L>,
  window: Window,
): Query<L> {
  return ranged(`${how}_over_time`, selected, window);
}

/** How fast gauges change, by linear regression over a window. */
export function slope<L extends string>(selected: Selection<L>, window: Window): Query<L> {
  return ranged('deriv', selected, window);
}

/** A function of PromQL over the past of selected series. */
export function ranged<L extends string>(name: string, selected: Selection<L>, window: Window): Query<L> {
  const problems = [...windowProblems(window), ...selectionProblems(selected)];
  const [bare, rest] = atOffset(selected.text);
  return query(`${name}(${bare}[${window}]${rest})`, selected.labels, originOf([selected], problems));
}

/** The time of evaluation, in Unix seconds. */
export function now(): Query<never> {
  return query('time()', [], NOWHERE, { isScalar: true });
}

function selection<L extends string>(
  text: string,
  labels: readonly L[],
  origin: Pick<Query, 'metrics' | 'recorded' | 'variables' | 'problems'>,
): Selection<L> {
  return { ...query(text, labels, origin, { binding: Binding.atom }), isSelection: true };
}

/** A window stands before the offset. */
function atOffset(text: string): readonly [selector: string, rest: string] {
  const at = text.search(/ (?:offset|@) [^"]*$/);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
}

/** Code that got past the types. */
function selectionProblems(selected: Selection): readonly string[] {
  return selected.isSelection ? [] : [`${(selected as Query).text} is more than a selection of series`];
}
