import { type Alert, type AlertCase, channelOf, type FiringCase } from '../model/alert.ts';
import type { RuleGroup } from '../model/rules.ts';
import { SAMPLE_INTERVAL } from '../model/series.ts';
import type { Site } from '../site.ts';
import { filled, template } from './template.ts';

/** A file of rules as Prometheus reads it. */
export interface RulesFile {
  readonly groups: readonly {
    readonly name: string;
    readonly interval?: string;
    readonly rules: readonly (AlertRule | RecordingRule)[];
  }[];
}

/** A recording rule as Prometheus reads it. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** An alert as Prometheus reads it. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The group all alerts are in. */
const ALERT_GROUP = 'moq-alerts';

/** Recorded series as Prometheus reads them. */
export function recordingRules(groups: readonly RuleGroup[]): RulesFile {
  return {
    groups: groups.map(({ name, interval, rules }) => ({
      name,
      ...(interval !== undefined && { interval }),
      rules: rules.map((rule) => ({ record: rule.name, expr: rule.query.text })),
    })),
  };
}

/** Alerts as Prometheus reads them. */
export function alertRules(alerts: readonly Alert[], site: Site): RulesFile {
  return {
    groups: [
      {
        name: ALERT_GROUP,
        rules: alerts.map((alert) => ({
          alert: alert.name,
          expr: alert.condition.text,
          for: alert.for,
          labels: labelsOf(alert),
          annotations: {
            summary: template(alert.summary, alert.unit),
            description: template(alert.description, alert.unit),
            runbook_url: `${site.runbooks}/${alert.name}.md`,
            dashboard_url: dashboardUrl(alert, site, (label) => `{{ $labels.${label} | urlquery }}`),
          },
        })),
      },
    ],
  };
}

/** A file of tests as promtool reads it. */
export interface TestFile {
  readonly rule_files: readonly string[];
  readonly evaluation_interval: string;
  readonly tests: readonly {
    readonly name: string;
    readonly interval: string;
    readonly input_series: readonly { readonly series: string; readonly values: string }[];
    readonly alert_rule_test: readonly {
      readonly eval_time: string;
      readonly alertname: string;
      readonly exp_alerts: readonly {
        readonly exp_labels: Readonly<Record<string, string>>;
        readonly exp_annotations: Readonly<Record<string, string>>;
      }[];
    }[];
  }[];
}

/** The tests of an alert as promtool reads them, beside files with the rules. */
export function alertTests(alert: Alert, site: Site, ruleFiles: readonly string[]): TestFile {
  const one = (
    { name, given, at }: AlertCase,
    fires: FiringCase['fires'],
    how: string,
  ): TestFile['tests'][number] => ({
    name: `${alert.name} ${how}: ${name}`,
    interval: `${SAMPLE_INTERVAL}s`,
    input_series: given.map(({ series, values }) => ({ series, values })),
    alert_rule_test: [
      {
        eval_time: at,
        alertname: alert.name,
        exp_alerts: fires.map(({ labels, value }) => ({
          exp_labels: { ...labelsOf(alert), ...labels },
          exp_annotations: {
            summary: filled(alert.summary, alert.unit, labels, value),
            description: filled(alert.description, alert.unit, labels, value),
            runbook_url: `${site.runbooks}/${alert.name}.md`,
            dashboard_url: dashboardUrl(alert, site, (label) => queryEscaped(labels[label] ?? '')),
          },
        })),
      },
    ],
  });
  return {
    rule_files: ruleFiles,
    evaluation_interval: alert.testedEvery ?? `${2 * SAMPLE_INTERVAL}s`,
    tests: [
      ...alert.fires.map((firing) => one(firing, firing.fires, 'fires')),
      ...alert.silent.map((silent) => one(silent, [], 'is silent')),
    ],
  };
}

function labelsOf(alert: Alert): Readonly<Record<string, string>> {
  return { severity: alert.severity, area: alert.area, channel: channelOf(alert) };
}

/** The labels that are variables on dashboards, and what they are called there. */
const VARIABLES = { namespace: 'namespace', broadcast: 'broadcast', instance: 'relay' } as const;

function dashboardUrl(alert: Alert, site: Site, value: (label: string) => string): string {
  const labels = (Object.keys(VARIABLES) as (keyof typeof VARIABLES)[]).filter(
    (label) => alert.condition.labels.includes(label) && (label !== 'instance' || alert.area === 'relay'),
  );
  const parameters = labels.map((label) => `var-${VARIABLES[label]}=${value(label)}`);
  return [`${site.grafana}/d/${alert.dashboard}`, parameters.join('&')].filter(Boolean).join('?');
}

/** As Go's `url.QueryEscape`. */
function queryEscaped(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, (character) => `%${character.codePointAt(0)!.toString(16).toUpperCase()}`);
}
