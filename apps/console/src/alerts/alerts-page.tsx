import { type Alert, alerts } from '@moq-observability/dashboards';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { count } from '../format.ts';
import { Segments } from '../shell/choice.tsx';
import { AlertDetail } from './alert-detail.tsx';
import { type AlertRule, useAlertRules } from './alerts-query.ts';
import './alerts-page.css';

const route = getRouteApi('/alerts');

/** How an alert is: `unknown` when Prometheus does not evaluate it. */
type Status = 'firing' | 'pending' | 'silent' | 'unknown';

const ORDER: readonly Status[] = ['firing', 'pending', 'unknown', 'silent'];

/** Those that only tell other alerts something are no news. */
const SHOWN = alerts.filter(({ severity }) => severity !== 'none');

/** Every alert: which fire, why, and what to do. */
export function AlertsPage(): ReactNode {
  const { alert: chosenName, state } = route.useSearch();
  const navigate = useNavigate({ from: '/alerts' });
  const { rules, error } = useAlertRules();
  const listed = SHOWN.map((alert) => ({
    alert,
    rule: rules?.get(alert.name),
    status: statusOf(rules, alert),
  }))
    .filter(({ status }) => state === undefined || status === state)
    .toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || bySeverity(a.alert, b.alert));
  const chosen = listed.find(({ alert }) => alert.name === chosenName) ?? listed[0];
  const counts = Object.groupBy(SHOWN, (alert) => statusOf(rules, alert));
  const option = (status: Status): readonly [string, string] => [
    status,
    `${status[0]!.toUpperCase()}${status.slice(1)} ${count(counts[status]?.length ?? 0)}`,
  ];
  return (
    <div className="page">
      <div className="page-head">
        <h1>Alerts</h1>
        {error && <span className="warn">{error.message}</span>}
        <div className="spread">
          <Segments
            label="Which alerts"
            value={state ?? ''}
            options={[['', 'All'], option('firing'), option('pending'), option('silent')]}
            onChange={(next) =>
              navigate({ search: (held) => ({ ...held, state: next || undefined }), replace: true })
            }
          />
        </div>
      </div>
      <div className="alerts">
        <ul className="alert-list" aria-label="Alerts">
          {listed.map(({ alert, rule, status }) => (
            <li key={alert.name}>
              <Link
                to="/alerts"
                search={(held: object) => ({ ...held, alert: alert.name })}
                className={alert.name === chosen?.alert.name ? 'here' : ''}
                aria-current={alert.name === chosen?.alert.name ? 'true' : undefined}
                activeOptions={{ exact: true, includeSearch: true }}
              >
                <span className="alert-mark" data-status={status} aria-hidden="true" />
                <span className="cut">{alert.name}</span>
                <span className="quiet small">{wordOf(status, rule)}</span>
                <span className="alert-severity" data-severity={alert.severity}>
                  {alert.severity}
                </span>
              </Link>
            </li>
          ))}
          {listed.length === 0 && <li className="missing quiet">None.</li>}
        </ul>
        {chosen && <AlertDetail key={chosen.alert.name} alert={chosen.alert} rule={chosen.rule} />}
      </div>
    </div>
  );
}

function statusOf(rules: ReadonlyMap<string, AlertRule> | undefined, { name }: Alert): Status {
  const state = rules?.get(name)?.state;
  if (state === undefined) return 'unknown';
  return state === 'inactive' ? 'silent' : state;
}

function wordOf(status: Status, rule: AlertRule | undefined): string {
  if (status === 'unknown') return 'not evaluated';
  const active = rule?.alerts.length ?? 0;
  return active > 1 ? `${status} ×${active}` : status;
}

function bySeverity(a: Alert, b: Alert): number {
  return Number(b.severity === 'critical') - Number(a.severity === 'critical') || (a.name < b.name ? -1 : 1);
}
