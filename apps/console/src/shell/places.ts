/** The servers behind the page, and whether they answer. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ApiProblem } from '../api/problem.ts';
import { getJson } from '../api/http.ts';
import { useConnection } from '../live/use-live.ts';

/** How a server is: `none` when the collector knows of none. */
export interface Place {
  readonly name: string;
  readonly state: 'unknown' | 'ok' | 'away' | 'none';
  /** Since when it does not answer, in Unix milliseconds. */
  readonly since: number | undefined;
}

/** How often it is asked whether they answer, in milliseconds. */
const ASKED_EVERY = 5_000;

/** The collector, Prometheus and Alertmanager. When one comes back, what failed meanwhile is asked again. */
export function usePlaces(): readonly Place[] {
  const { connection, since } = useConnection();
  const collectorAway = connection === 'away';
  const prometheus = useBackend('Prometheus', '/prometheus/api/v1/query?query=1', collectorAway);
  const alertmanager = useBackend('Alertmanager', '/alertmanager/api/v2/silences', collectorAway);
  const collector: Place = {
    name: 'Collector',
    state: connection === 'open' ? 'ok' : collectorAway ? 'away' : 'unknown',
    since: collectorAway ? since : undefined,
  };
  const places = [collector, prometheus, alertmanager];
  useRecovery(places.map(({ state }) => state === 'away').join());
  return places;
}

function useBackend(name: string, path: string, unreachable: boolean): Place {
  const { data, error } = useQuery({
    queryKey: ['place', name],
    queryFn: ({ signal }) => getJson<unknown>(path, {}, signal).then(() => true),
    refetchInterval: ASKED_EVERY,
    refetchIntervalInBackground: false,
    retry: false,
  });
  const isNone = error instanceof ApiProblem && error.status === 503;
  const isAway = Boolean(error) && !isNone && !unreachable;
  const [since, setSince] = useState<number>();
  useEffect(() => {
    if (!unreachable) setSince((held) => (isAway ? (held ?? Date.now()) : undefined));
  }, [isAway, unreachable]);
  const state = unreachable ? 'unknown' : isNone ? 'none' : isAway ? 'away' : data ? 'ok' : 'unknown';
  return { name, state, since: isAway ? since : undefined };
}

/** Asks everything that failed once more, when one that was away is back. */
function useRecovery(away: string): void {
  const client = useQueryClient();
  const before = useRef(away);
  useEffect(() => {
    const was = before.current.split(',');
    const came = away.split(',').some((each, i) => each === 'false' && was[i] === 'true');
    before.current = away;
    if (came) void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'place' });
  }, [away, client]);
}
