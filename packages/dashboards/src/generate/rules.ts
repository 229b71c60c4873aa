import { alertRules, alertTests, recordingRules } from '../emit/prometheus.ts';
import type { Alert } from '../model/alert.ts';
import type { RuleGroup } from '../model/rules.ts';
import type { Site } from '../site.ts';
import type { GeneratedFile } from './files.ts';
import { yaml } from './text.ts';

/** The files of recording rules and alerts, and the tests of each alert. */
export function ruleFiles(
  groups: readonly RuleGroup[],
  alerts: readonly Alert[],
  site: Site,
): readonly GeneratedFile[] {
  const descriptions = groups.flatMap(({ rules }, group) =>
    rules.map(({ description }, rule) => [['groups', group, 'rules', rule], description] as const),
  );
  return [
    {
      path: 'observability/prometheus-rules.yml',
      text: yaml(
        recordingRules(groups),
        ['Series Prometheus records, for dashboards and alerts.'],
        descriptions,
      ),
    },
    {
      path: 'observability/prometheus-alerts.yml',
      text: yaml(alertRules(alerts, site), ['Alerts; what to do about each is in docs/alerts.']),
    },
    ...alerts.map((alert) => ({
      path: `observability/tests/${alert.name}.yml`,
      text: yaml(alertTests(alert, site, ['../prometheus-rules.yml', '../prometheus-alerts.yml']), [
        `Run with: promtool test rules observability/tests/${alert.name}.yml`,
      ]),
    })),
  ];
}
