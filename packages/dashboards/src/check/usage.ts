import type { Metric } from '@moq-observability/moq-metrics';
import type { Usage } from '@moq-observability/moq-metrics/reference';
import { queriesOf } from '../model/dashboard.ts';
import type { Model } from '../model.ts';
import type { Query } from '../query/query.ts';

/** Where each metric is used, also by way of what is recorded: by the titles of dashboards and the names of alerts. */
export function usageOf({ dashboards, alerts }: Pick<Model, 'alerts' | 'dashboards'>): Usage {
  const usage = new Map<string, { dashboards: string[]; alerts: string[] }>();
  const note = (kind: 'alerts' | 'dashboards', user: string, queries: readonly Query[]): void => {
    for (const { name } of metricsOf(queries)) {
      const entry = usage.get(name) ?? { dashboards: [], alerts: [] };
      entry[kind].push(user);
      usage.set(name, entry);
    }
  };
  for (const dashboard of dashboards) note('dashboards', dashboard.title, queriesOf(dashboard));
  for (const { name, condition } of alerts) note('alerts', name, [condition]);
  return usage;
}

/** The metrics queries read, also by way of what is recorded. */
export function metricsOf(queries: readonly Query[]): ReadonlySet<Metric> {
  return new Set(
    queries.flatMap((query) => [
      ...query.metrics,
      ...metricsOf([...query.recorded].map((recorded) => recorded.query)),
    ]),
  );
}
