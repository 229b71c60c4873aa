/** What Prometheus knows of the minutes before the page was opened: for the small pictures beside numbers. */
import { type Query, quantile, rate, select, sum, times } from '@moq-observability/dashboards';
import { client } from '@moq-observability/moq-metrics';
import { queryRange } from '../api/prometheus.ts';
import { KEPT_SECONDS, type LiveStore, type Measure } from './live-store.ts';

/** From one value to the next, in milliseconds. */
const STEP = 5_000;

const BY = ['broadcast'] as const;

const QUERIES: readonly { readonly measure: Measure; readonly fleet: Query; readonly streams: Query }[] = [
  {
    measure: 'viewers',
    fleet: sum(select(client.activeSessions)),
    streams: sum(select(client.activeSessions), BY),
  },
  {
    measure: 'stalling',
    fleet: sum(select(client.activeSessions, { state: 'stalled' })),
    streams: sum(select(client.activeSessions, { state: 'stalled' }), BY),
  },
  {
    measure: 'bandwidth',
    fleet: times(rate(client.mediaReceivedBytes, { over: '30s' }), 8),
    streams: times(rate(client.mediaReceivedBytes, { by: BY, over: '30s' }), 8),
  },
  {
    measure: 'latency',
    fleet: quantile(0.95, client.latency, { over: '30s' }),
    streams: quantile(0.95, client.latency, { by: BY, over: '30s' }),
  },
];

/**
 * Puts what Prometheus knows in front of what was told live: one question after the other, so that nothing else has to
 * wait for these.
 *
 * @throws ApiProblem when it cannot be asked
 */
export async function prefill(store: LiveStore, now: number, signal: AbortSignal): Promise<void> {
  const to = Math.floor(now / STEP) * STEP;
  const stretch = { from: to - KEPT_SECONDS * 1000, to, step: STEP };
  for (const { measure, fleet, streams } of QUERIES) {
    const [all] = await queryRange(fleet.text, stretch, signal);
    if (all) store.fleet[measure].precede(all.times, all.values);
    for (const { labels, times: at, values } of await queryRange(streams.text, stretch, signal)) {
      const { broadcast } = labels;
      if (broadcast !== undefined) store.stream(broadcast)[measure].precede(at, values);
    }
  }
}
