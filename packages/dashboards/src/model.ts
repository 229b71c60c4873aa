import { alerts } from './alerts/index.ts';
import { dashboards } from './dashboards/index.ts';
import type { Alert } from './model/alert.ts';
import type { Dashboard } from './model/dashboard.ts';
import type { RuleGroup } from './model/rules.ts';
import { ruleGroups } from './rules/index.ts';

/** Everything there is: what is recorded, what is watched, what is shown. */
export interface Model {
  readonly ruleGroups: readonly RuleGroup[];
  readonly alerts: readonly Alert[];
  readonly dashboards: readonly Dashboard[];
}

/** Everything of this package. */
export const model: Model = { ruleGroups, alerts, dashboards };
