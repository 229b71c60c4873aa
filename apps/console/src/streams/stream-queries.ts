/** What Prometheus is asked about one stream. */
import { buckets, noneOf, type Query, quantile, rate, select, sum } from '@moq-observability/dashboards';
import { client, namespaceOf, relay, type Stream } from '@moq-observability/moq-metrics';

/** Queries by what they answer. */
export interface StreamQueries {
  /** By state. */
  readonly viewers: Query;
  readonly latencies: readonly { readonly name: string; readonly query: Query }[];
  /** By upper bound. */
  readonly latencyBuckets: Query;
  /** Bits a second, by direction. */
  readonly traffic: readonly { readonly name: string; readonly query: Query }[];
  readonly rebuffering: readonly { readonly name: string; readonly query: Query }[];
  /** Unix seconds. */
  readonly lastFrame: Query;
  /** One series for each set of codecs and resolution. */
  readonly media: Query;
}

/** The queries about a broadcast. */
export function streamQueries(broadcast: string): StreamQueries {
  const where: Stream = { namespace: namespaceOf(broadcast), broadcast };
  const quantiles = [0.5, 0.95, 0.99] as const;
  return {
    viewers: sum(select(client.activeSessions, where), ['state']),
    latencies: quantiles.map((q) => ({
      name: q === 0.5 ? 'median' : `p${q * 100}`,
      query: quantile(q, client.latency, { where }),
    })),
    latencyBuckets: buckets(client.latency, { where }),
    traffic: [
      {
        name: 'from the publisher',
        query: rate(relay.bytesReceived, { where: { broadcast, direction: 'publish' } }),
      },
      { name: 'to viewers', query: rate(relay.bytesSent, { where: { broadcast, direction: 'subscribe' } }) },
      { name: 'received by players', query: rate(client.mediaReceivedBytes, { where }) },
    ],
    rebuffering: [
      { name: 'stalled', query: rate(client.stalledSeconds, { where }) },
      { name: 'watched', query: rate(client.watchedSeconds, { where }) },
    ],
    lastFrame: select(relay.streamLastFrameTimestamp, where),
    media: select(relay.streamInfo, { ...where, resolution: noneOf('') }),
  };
}
