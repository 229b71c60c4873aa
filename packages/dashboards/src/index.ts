/**
 * Dashboards, recording rules, alerts and runbooks for Media over QUIC: one model, built from the schema of the metrics.
 *
 * @module
 */

// Queries, built from metrics
export * from './query/aggregate.ts';
export * from './query/arithmetic.ts';
export * from './query/histogram.ts';
export {
  matching,
  type Matcher,
  noneOf,
  not,
  oneOf,
  type Pattern,
  type TargetLabel,
  type VariableReference,
  type Where,
} from './query/match.ts';
export { labelled, withNamespace } from './query/relabel.ts';
export {
  type Duration,
  type Query,
  RATE_INTERVAL,
  type Selection,
  SHOWN_RANGE,
  type Window,
} from './query/query.ts';
export { increase, rate, rates, type SumOptions } from './query/rate.ts';
export { record, type Recorded } from './query/recorded.ts';
export { absent, ago, atEnd, firingAlerts, now, overTime, select, slope } from './query/select.ts';

export { expand, patternOf } from './query/expand.ts';

// Everything there is: dashboards, alerts with their runbooks, and what is recorded
export { alerts } from './alerts/index.ts';
export { type AlertName, alertNames } from './alerts/names.ts';
export { dashboards } from './dashboards/index.ts';
export { ruleGroups } from './rules/index.ts';

// What it is made of
export {
  type Alert,
  alert,
  type AlertCase,
  type Area,
  type Channel,
  channelOf,
  type Runbook,
  type Severity,
} from './model/alert.ts';
export {
  type Dashboard,
  dashboard,
  dashboardUids,
  type DashboardUid,
  type Panel,
  panelName,
  place,
  type Placed,
  type Picture,
  type Row,
  type RowLink,
} from './model/dashboard.ts';
export type { Line, Observable, Thresholds, Watched } from './model/observable.ts';
export { type RuleGroup, ruleGroup } from './model/rules.ts';
export { grows, holds, moves, observes, type Series, type Stretch } from './model/series.ts';
export type { TextVariable, ValuesVariable, Variable } from './model/variable.ts';
export { logLines, type LogQuery, type Service, services, type TraceQuery, tracesOf } from './query/logs.ts';

export { DefinitionProblem } from './errors.ts';
export type { Unit } from './unit.ts';
