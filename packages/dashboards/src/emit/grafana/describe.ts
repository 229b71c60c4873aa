import type { Observable, Thresholds } from '../../model/observable.ts';
import type { Site } from '../../site.ts';
import type { Unit } from '../../unit.ts';
import { withUnit } from '../names.ts';

/** What stands behind the "i" of a panel, in Markdown: what it shows, when it is bad, and what to do then. */
export function describe(observable: Observable, site: Site): string {
  const { description, unit, lines, thresholds, watched, emptyWhenHealthy } = observable;
  const bounds = [
    ...boundsOf(thresholds, unit).map((text) => `Bad: ${text}.`),
    ...lines.flatMap((line) =>
      boundsOf(line.thresholds, line.unit ?? unit).map((text) => `${line.legend} is bad: ${text}.`),
    ),
  ];
  return [
    description,
    ...bounds,
    ...(watched.nextSteps === undefined ? [] : [`**What to do.** ${watched.nextSteps}`]),
    'alerts' in watched
      ? `**Alerts.** ${watched.alerts.map((name) => `[${name}](${site.runbooks}/${name}.md)`).join(', ')}`
      : `**No alert.** ${watched.noAlert}`,
    ...(emptyWhenHealthy === undefined ? [] : [`**Empty?** ${emptyWhenHealthy}`]),
  ].join('\n\n');
}

function boundsOf(thresholds: Thresholds | undefined, unit: Unit): readonly string[] {
  // What has states says them itself.
  if (!thresholds || unit === 'health') return [];
  const { worse, warning, critical } = thresholds;
  const at = (bound: number): string =>
    worse === 'above' ? `from ${withUnit(bound, unit)} on` : `below ${withUnit(bound, unit)}`;
  const said = [
    ...(warning === undefined ? [] : [`a warning ${at(warning)}`]),
    ...(critical === undefined ? [] : [`critical ${at(critical)}`]),
  ];
  return [said.join(', ')];
}
