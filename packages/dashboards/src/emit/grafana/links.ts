import { type DashboardLink, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard';
import type { DashboardUid, RowLink } from '../../model/dashboard.ts';
import type { Query } from '../../query/query.ts';
import type { Site } from '../../site.ts';

/** The mark all dashboards of ours have, by which each finds the others. */
export const TAG = 'moq';

/** What carries the time that is looked at, and the choice of the Prometheus, from one dashboard to another. */
const KEEPING = '${__url_time_range}&${prometheus:queryparam}';

function link(title: string, url: string, targetBlank = false): DashboardLink {
  return {
    title,
    url,
    type: DashboardLinkType.Link,
    icon: 'external link',
    tooltip: '',
    tags: [],
    asDropdown: false,
    targetBlank,
    includeVars: false,
    keepTime: false,
  };
}

/** The menu of all other dashboards; choices that fit and the time go along. */
export function menu(): DashboardLink {
  return {
    ...link('MoQ', ''),
    type: DashboardLinkType.Dashboards,
    tags: [TAG],
    asDropdown: true,
    includeVars: true,
    keepTime: true,
  };
}

function toDashboard(
  title: string,
  uid: DashboardUid,
  variables: Readonly<Record<string, string>>,
): DashboardLink {
  const chosen = Object.entries(variables).map(([name, value]) => `var-${name}=${value}`);
  return link(title, [`/d/${uid}?${KEEPING}`, ...chosen].join('&'));
}

function ofField(label: string): string {
  return `\${__field.labels.${label}:percentencode}`;
}

/** Where a line over time leads, by the labels it has and what was chosen. */
export function lineLinks({ labels, variables }: Query, from: DashboardUid): readonly DashboardLink[] {
  const links: DashboardLink[] = [];
  if (labels.includes('broadcast')) {
    const stream = { broadcast: ofField('broadcast') };
    links.push(toDashboard('Only this stream', 'moq-pipeline', stream));
    if (from !== 'moq-debug') links.push(toDashboard('Logs, traces and details', 'moq-debug', stream));
  }
  if (labels.includes('instance')) {
    const instance = ofField('instance');
    if (variables.has('relay')) links.push(toDashboard('Only this relay', 'moq-relay', { relay: instance }));
    if (variables.has('collector')) {
      links.push(toDashboard('Only this collector', 'moq-telemetry', { collector: instance }));
    }
  }
  return links;
}

/** Where a line of a table leads. */
export function rowLink(
  rowLink: RowLink,
  columns: Readonly<Record<string, string>>,
  site: Site,
): DashboardLink {
  const value = (label: string): string => `\${__data.fields["${columns[label]}"]:percentencode}`;
  if ('runbookOf' in rowLink) {
    return link(rowLink.title, `${site.runbooks}/${value(rowLink.runbookOf)}.md`, true);
  }
  const variables = Object.fromEntries(
    Object.entries(rowLink.variables).map(([name, label]) => [name, value(label)]),
  );
  return toDashboard(rowLink.title, rowLink.to, variables);
}
