import { type Alert, type Channel, channelOf } from '../model/alert.ts';
import type { Dashboard } from '../model/dashboard.ts';
import type { Site } from '../site.ts';
import { withUnit } from './names.ts';

const CHANNELS: Readonly<Record<Channel, string>> = {
  page: 'somebody is woken',
  chat: 'the team, while at work',
  ticket: 'the list of things to do',
  nobody: 'nobody; it tells other alerts',
};

/** The page of an alert, in Markdown: what somebody who is woken by it needs to know. */
export function runbook(alert: Alert, dashboards: readonly Dashboard[], site: Site): string {
  const { name, summary, severity, area, condition, measure, runbook: told } = alert;
  const title = (uid: string): string => dashboards.find((dashboard) => dashboard.uid === uid)?.title ?? uid;
  const link = (uid: string): string => `[${title(uid)}](${site.grafana}/d/${uid})`;
  return sections(
    `# ${name}`,
    `> ${placeholders(summary)}`,
    table(
      ['severity', 'told', 'about', 'bad for', 'dashboard'],
      [[severity, CHANNELS[channelOf(alert)], area, alert.for, link(alert.dashboard)]],
    ),
    '## Meaning',
    told.meaning,
    '## Impact',
    told.impact,
    '## Diagnosis',
    told.diagnosis
      .map(({ text, query, dashboard }, i) => {
        const where = dashboard === undefined ? '' : ` On ${link(dashboard)}.`;
        const asked = query ? `\n\n   \`\`\`promql\n   ${query.text}\n   \`\`\`` : '';
        return `${i + 1}. ${text}${where}${asked}`;
      })
      .join('\n\n'),
    '## Mitigation',
    told.mitigation.map((text) => `- ${text}`).join('\n'),
    '## Escalation',
    told.escalation,
    '## The condition',
    `What is judged, there while all is well too:\n\n${promql(measure.text)}`,
    `When it is bad:\n\n${promql(condition.text)}`,
    ...(told.remarks === undefined ? [] : [told.remarks]),
    '## How it is tested',
    tests(alert),
  );
}

/** The list of all alerts, and what their severities mean, in Markdown. */
export function runbookIndex(alerts: readonly Alert[]): string {
  return sections(
    '# Alerts',
    'Every alert there is, what viewers suffer first. Prometheus judges them (`observability/prometheus-alerts.yml`), Alertmanager says who is told (`observability/alertmanager.yml`), and each links to its page here. Each is tested with a past in which it must fire, and one in which it must not.',
    table(
      ['alert', 'severity', 'told', 'says'],
      alerts.map((alert) => [
        `[${alert.name}](${alert.name}.md)`,
        alert.severity,
        CHANNELS[channelOf(alert)],
        placeholders(alert.summary),
      ]),
    ),
    '## Severities',
    [
      '- **critical**: viewers suffer now, or nobody could tell if they did. Somebody is woken (`channel=page`).',
      '- **warning**: it is looked at while at work (`channel=chat`), or when there is time (`channel=ticket`).',
      '- **none**: it tells other alerts something, and nobody.',
    ].join('\n'),
    '## Escalation',
    [
      'Who is woken acknowledges within ten minutes, or the next on the list is.',
      'What cannot be mitigated within half an hour goes to whom the page of the alert names. Viewers are told when it has lasted a quarter of an hour.',
      'Whoever closes an incident writes down what the page was missing.',
    ]
      .map((line, i) => `${i + 1}. ${line}`)
      .join('\n'),
    '## What is only a consequence is not told',
    'While a stream’s relay is down (StreamRelayDown) or its publisher silent (PublisherStalled), what its viewers suffer is not told beside it; likewise NoActiveStreams while RelayDown fires, TelemetryMissing while CollectorDown does, and the slow forms while the fast ones do.',
  );
}

function tests({ fires, silent, unit }: Alert): string {
  return [
    ...fires.map(
      ({ name, fires: expected }) =>
        `- It fires when ${name} (it says ${expected.map(({ value }) => withUnit(value, unit)).join(', ')}).`,
    ),
    ...silent.map(({ name }) => `- It is silent when ${name}.`),
  ].join('\n');
}

/** `{label}` as it reads without a value. */
function placeholders(text: string): string {
  return text.replaceAll(/\{(\w+)\}/g, '*$1*');
}

function promql(text: string): string {
  return `\`\`\`promql\n${text}\n\`\`\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function sections(...parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}
