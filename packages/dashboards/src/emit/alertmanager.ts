import type { AlertName } from '../alerts/names.ts';
import type { Area, Channel } from '../model/alert.ts';

/** Where notifications go. What is not said is not used; without any, alerts are only to be seen. */
export interface Destinations {
  /** Is sent every notification, as JSON. */
  readonly webhook?: string;
  /** An incoming webhook of Slack. */
  readonly slack?: string;
  readonly email?: {
    readonly to: string;
    readonly from: string;
    /** Host and port of the mail server. */
    readonly smarthost: string;
    readonly username?: string;
    /** A file with the password, which is never written into the configuration. */
    readonly passwordFile?: string;
  };
}

/** How long notifications wait for others that belong to them. */
export interface Patience {
  /** Before the first notification of a group. */
  readonly groupWait: string;
  /** Before the next one, when a group has changed. */
  readonly groupInterval: string;
}

/** A configuration as Alertmanager reads it. */
export interface AlertmanagerConfig {
  readonly global?: Readonly<Record<string, boolean | string>>;
  readonly route: Route & { readonly routes: readonly Route[] };
  readonly receivers: readonly Receiver[];
  readonly inhibit_rules: readonly InhibitRule[];
}

interface Route {
  readonly receiver: Channel;
  readonly matchers?: readonly string[];
  readonly group_by?: readonly string[];
  readonly group_wait?: string;
  readonly group_interval?: string;
  readonly repeat_interval?: string;
}

interface Receiver {
  readonly name: Channel;
  readonly webhook_configs?: readonly object[];
  readonly slack_configs?: readonly object[];
  readonly email_configs?: readonly object[];
}

interface InhibitRule {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  readonly equal?: readonly string[];
}

/** Who is told at once, who when it suits, and who never. */
export function alertmanagerConfig(
  destinations: Destinations,
  patience: Patience = { groupWait: '30s', groupInterval: '5m' },
): AlertmanagerConfig {
  const { email } = destinations;
  return {
    ...(email && { global: mailServer(email) }),
    route: {
      receiver: 'chat',
      // One notification a stream and alert: not one for each viewer, nor one for everything.
      group_by: ['alertname', 'broadcast'],
      group_wait: patience.groupWait,
      group_interval: patience.groupInterval,
      repeat_interval: '4h',
      routes: [
        { ...to('page'), repeat_interval: '1h' },
        { ...to('ticket'), repeat_interval: '3d' },
        to('nobody'),
      ],
    },
    receivers: [
      receiver('page', destinations, ['slack', 'email']),
      receiver('chat', destinations, destinations.slack === undefined ? ['email'] : ['slack']),
      receiver('ticket', destinations, email === undefined ? ['slack'] : ['email']),
      { name: 'nobody' },
    ],
    inhibit_rules: inhibitions,
  };
}

/** What is only a consequence of something else is not told: the cause is. */
const inhibitions: readonly InhibitRule[] = [
  ...(['StreamRelayDown', 'PublisherStalled'] as const).map((cause) => ({
    source_matchers: [named(cause)],
    target_matchers: [about('client')],
    equal: ['namespace', 'broadcast'],
  })),
  inhibition('RelayDown', 'NoActiveStreams'),
  inhibition('CollectorDown', 'TelemetryMissing'),
  inhibition('HighRebufferRate', 'HighRebufferRateLowTraffic', ['namespace', 'broadcast']),
  inhibition('StallBudgetBurnFast', 'StallBudgetBurnSlow'),
  inhibition('LatencyBudgetBurnFast', 'LatencyBudgetBurnSlow'),
];

function inhibition(cause: AlertName, consequence: AlertName, equal?: readonly string[]): InhibitRule {
  return {
    source_matchers: [named(cause)],
    target_matchers: [named(consequence)],
    ...(equal && { equal }),
  };
}

function named(alert: AlertName): string {
  return `alertname = ${alert}`;
}

function about(area: Area): string {
  return `area = ${area}`;
}

function to(channel: Channel): Route {
  return { receiver: channel, matchers: [`channel = ${channel}`] };
}

function receiver(
  name: Channel,
  { webhook, slack, email }: Destinations,
  ways: readonly ('email' | 'slack')[],
): Receiver {
  return {
    name,
    // Also without any: somebody would be told, if there were a way.
    webhook_configs: webhook === undefined ? [] : [{ url: webhook, send_resolved: true }],
    ...(slack !== undefined && ways.includes('slack') && { slack_configs: [slackMessage(slack)] }),
    ...(email !== undefined &&
      ways.includes('email') && { email_configs: [{ to: email.to, send_resolved: true }] }),
  };
}

function slackMessage(url: string): object {
  return {
    api_url: url,
    send_resolved: true,
    title:
      '{{ if eq .Status "firing" }}{{ .CommonLabels.severity }}{{ else }}over{{ end }}: {{ .CommonLabels.alertname }}',
    text: [
      '{{ range .Alerts }}{{ .Annotations.summary }}',
      '{{ .Annotations.description }}',
      '<{{ .Annotations.runbook_url }}|Runbook> · <{{ .Annotations.dashboard_url }}|Dashboard>',
      '{{ end }}',
    ].join('\n'),
  };
}

function mailServer({
  from,
  smarthost,
  username,
  passwordFile,
}: NonNullable<Destinations['email']>): Readonly<Record<string, string>> {
  return {
    smtp_from: from,
    smtp_smarthost: smarthost,
    ...(username !== undefined && { smtp_auth_username: username }),
    ...(passwordFile !== undefined && { smtp_auth_password_file: passwordFile }),
  };
}
