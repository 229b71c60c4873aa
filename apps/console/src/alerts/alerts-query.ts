/** What fires, as Prometheus and Alertmanager tell it. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { getJson } from '../api/http.ts';

/** An alert that fires, or is about to, for some labels. */
export interface AlertInstance {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'firing' | 'pending' | 'inactive';
  /** RFC 3339. */
  readonly activeAt: string;
  readonly value: string;
}

/** A rule as Prometheus evaluates it. */
export interface AlertRule {
  readonly name: string;
  readonly state: 'firing' | 'pending' | 'inactive';
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
  readonly alerts: readonly AlertInstance[];
}

/** How often it is asked, in milliseconds. */
const ASKED_EVERY = 5_000;

interface Rules {
  readonly data: { readonly groups: readonly { readonly rules: readonly AlertRule[] }[] };
}

/** All rules that can fire, by name. */
const alertRules = queryOptions({
  queryKey: ['alerts'],
  queryFn: async ({ signal }) => {
    const { data } = await getJson<Rules>('/prometheus/api/v1/rules', { type: 'alert' }, signal);
    return new Map(data.groups.flatMap(({ rules }) => rules.map((rule) => [rule.name, rule] as const)));
  },
  refetchInterval: ASKED_EVERY,
});

/** The rules by name, once Prometheus has told. */
export function useAlertRules(): {
  readonly rules: ReadonlyMap<string, AlertRule> | undefined;
  readonly error: Error | null;
} {
  const { data, error } = useQuery(alertRules);
  return { rules: data, error };
}

/** How many alerts fire; those that only tell other alerts something are left out. */
export function useAlertCount(): number {
  const { rules } = useAlertRules();
  let firing = 0;
  for (const rule of rules?.values() ?? []) {
    for (const { state, labels } of rule.alerts) {
      if (state === 'firing' && labels['severity'] !== 'none') firing += 1;
    }
  }
  return firing;
}

interface NotifiedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly silencedBy: readonly string[]; readonly inhibitedBy: readonly string[] };
}

/** Why nobody is told of alerts that fire: `silenced` or `inhibited`, by their labels. */
export function useQuieted(): ReadonlyMap<string, 'silenced' | 'inhibited'> {
  const { data } = useQuery({
    queryKey: ['quieted'],
    queryFn: ({ signal }) => getJson<readonly NotifiedAlert[]>('/alertmanager/api/v2/alerts', {}, signal),
    refetchInterval: ASKED_EVERY,
    retry: false,
  });
  const quieted = new Map<string, 'silenced' | 'inhibited'>();
  for (const { labels, status } of data ?? []) {
    if (status.silencedBy.length > 0) quieted.set(labelsKey(labels), 'silenced');
    else if (status.inhibitedBy.length > 0) quieted.set(labelsKey(labels), 'inhibited');
  }
  return quieted;
}

/** Labels as one text: the same for the same labels. */
export function labelsKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
