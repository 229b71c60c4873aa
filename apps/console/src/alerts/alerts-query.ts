/** What fires, as Prometheus tells it. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { getJson } from '../api/http.ts';

/** An alert that fires or is about to. */
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'firing' | 'pending' | 'inactive';
  /** RFC 3339. */
  readonly activeAt: string;
  readonly value: string;
}

/** How often it is asked, in milliseconds. */
const ASKED_EVERY = 5_000;

/** All alerts that fire or are about to. */
export const activeAlerts = queryOptions({
  queryKey: ['alerts'],
  queryFn: async ({ signal }) => {
    const { data } = await getJson<{ readonly data: { readonly alerts: readonly ActiveAlert[] } }>(
      '/prometheus/api/v1/alerts',
      {},
      signal,
    );
    return data.alerts.filter(({ labels }) => labels['severity'] !== 'none');
  },
  refetchInterval: ASKED_EVERY,
});

/** How many fire. */
export function useAlertCount(): number {
  const { data } = useQuery(activeAlerts);
  return data?.filter(({ state }) => state === 'firing').length ?? 0;
}
