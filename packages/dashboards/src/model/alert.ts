import { type AlertName, alertNames } from '../alerts/names.ts';
import { DefinitionProblem } from '../errors.ts';
import type { Duration, Query } from '../query/query.ts';
import { ruleProblems } from '../query/recorded.ts';
import type { Unit } from '../unit.ts';
import { type DashboardUid, dashboardUids } from './dashboard.ts';
import type { Series } from './series.ts';

/**
 * How bad it is. `critical`: viewers suffer now, or nobody could tell if they did; somebody is woken. `warning`: it is
 * looked at while at work. `none`: it tells other alerts something, and nobody.
 */
export const severities = ['critical', 'warning', 'none'] as const;
/** How bad an alert is. */
export type Severity = (typeof severities)[number];

/** What an alert is about. Those of `client` say what viewers of a stream suffer, whatever the cause. */
export const areas = ['client', 'relay', 'collector', 'machine', 'slo'] as const;
/** What an alert is about. */
export type Area = (typeof areas)[number];

/** Who is told: somebody at once, the team's channel, or the list of things to do. */
export type Channel = 'page' | 'chat' | 'ticket' | 'nobody';

/** A step that finds the cause: what to look at, and what it tells. */
export interface DiagnosisStep {
  readonly text: string;
  /** What to ask Prometheus. */
  readonly query?: Query;
  /** The dashboard that shows it. */
  readonly dashboard?: DashboardUid;
}

/** What somebody who is woken by an alert needs to know. */
export interface Runbook {
  /** What the alert says, in full. */
  readonly meaning: string;
  /** What viewers, or operators, notice. */
  readonly impact: string;
  readonly diagnosis: readonly [DiagnosisStep, ...DiagnosisStep[]];
  readonly mitigation: readonly [string, ...string[]];
  /** Who is told next, and when. */
  readonly escalation: string;
  /** Why it is not as it may be known from elsewhere: another bound, another severity, another form. */
  readonly remarks?: string;
}

/** A past that is made up, and what the alert says at the end of it. */
export interface AlertCase {
  readonly name: string;
  readonly given: readonly Series[];
  /** When it is looked at, from the beginning. */
  readonly at: Duration;
}

/** A past in which the alert fires. */
export interface FiringCase extends AlertCase {
  /** What it fires for: each with its labels, and the value the annotations say. */
  readonly fires: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** An alert: when it fires, what it says, what to do then, and the proof that it does so. */
export interface Alert {
  readonly name: AlertName;
  readonly area: Area;
  readonly severity: Severity;
  /** Who is told, when it is not whom the severity says. */
  readonly channel?: Channel;
  /** What is judged: there while all is well too. */
  readonly measure: Query;
  /** When it is bad: the series that are. */
  readonly condition: Query;
  /** How long it must have been bad. */
  readonly for: Duration;
  /** What the value of the condition is in. */
  readonly unit: Unit;
  /** One line. `{label}` stands for the value of a label, `{value}` for that of the condition. */
  readonly summary: string;
  /** What happened, with the numbers. Placeholders as in the summary. */
  readonly description: string;
  /** The dashboard to look at; the labels that are variables there go along. */
  readonly dashboard: DashboardUid;
  readonly runbook: Runbook;
  /** How often rules are evaluated in its tests, when their pasts are long. */
  readonly testedEvery?: Duration;
  readonly fires: readonly [FiringCase, ...FiringCase[]];
  readonly silent: readonly [AlertCase, ...AlertCase[]];
}

/** Who is told of an alert. */
export function channelOf({ channel, severity }: Pick<Alert, 'channel' | 'severity'>): Channel {
  return channel ?? ({ critical: 'page', warning: 'chat', none: 'nobody' } as const)[severity];
}

/**
 * Defines an alert.
 *
 * @throws DefinitionProblem when it cannot work, or misses its runbook or its tests
 */
export function alert(definition: Alert): Alert {
  const { name, severity, area, measure, condition, summary, description, dashboard, runbook } = definition;
  const problems = [
    ...[measure, condition].flatMap((query) => [...query.problems, ...ruleProblems(query)]),
    ...placeholderProblems(summary, condition),
    ...placeholderProblems(description, condition),
    ...runbookProblems(runbook),
    ...testProblems(definition),
  ];
  if (!alertNames.includes(name)) problems.push('its name is not in the list of alerts');
  if (!severities.includes(severity)) problems.push(`"${severity}" is not a severity`);
  if (!areas.includes(area)) problems.push(`"${area}" is not an area`);
  if (!dashboardUids.includes(dashboard)) problems.push(`there is no dashboard "${dashboard}"`);
  if (!/^\d+[smhd]$/.test(definition.for)) problems.push(`"${definition.for}" is no length of time`);
  if (!summary || !description) problems.push('it does not say what happened');
  if (condition.isScalar) problems.push('a bare number is no condition');
  if (problems.length > 0) throw new DefinitionProblem('alert', name, [...new Set(problems)]);
  return definition;
}

function placeholderProblems(text: string, { labels }: Query): readonly string[] {
  return [...text.matchAll(/\{(\w*)\}/g)]
    .map(([, name]) => name!)
    .filter((name) => name !== 'value' && !labels.includes(name))
    .map((name) => `its condition has no label "${name}"; it has ${labels.join(', ') || 'none'}`);
}

function runbookProblems(runbook: Runbook | undefined): readonly string[] {
  if (!runbook) return ['a runbook is missing'];
  const { meaning, impact, diagnosis, mitigation, escalation } = runbook;
  const missing = Object.entries({ meaning, impact, escalation }).filter(([, text]) => !text);
  return [
    ...missing.map(([part]) => `its runbook says nothing of ${part}`),
    ...(diagnosis.length > 0 && mitigation.length > 0
      ? []
      : ['its runbook has no diagnosis or no mitigation']),
    ...diagnosis.flatMap(({ query }) => (query ? [...query.problems, ...ruleProblems(query)] : [])),
  ];
}

function testProblems({ fires, silent, condition }: Alert): readonly string[] {
  const problems: string[] = [];
  if (fires.length === 0 || fires.some((firing) => firing.fires.length === 0)) {
    problems.push('a test in which it fires is missing');
  }
  if (silent.length === 0) problems.push('a test in which it is silent is missing');
  const names = [...fires, ...silent].map(({ name }) => name);
  if (new Set(names).size < names.length) problems.push('two of its tests have the same name');
  for (const { labels } of fires.flatMap((firing) => firing.fires)) {
    const unknown = Object.keys(labels).filter((label) => !condition.labels.includes(label));
    for (const label of unknown)
      problems.push(`a test expects a label "${label}" its condition does not have`);
  }
  for (const { problems: found } of [...fires, ...silent].flatMap(({ given }) => given))
    problems.push(...found);
  return problems;
}
