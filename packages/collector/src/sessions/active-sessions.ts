import { client, namespaceOf } from '@moq-observability/moq-metrics';
import type { GaugeSeries, PrometheusMetrics } from '@moq-observability/moq-metrics/prometheus';
import { type LiveState, liveStates } from './session.ts';

interface Stream {
  readonly counts: Record<LiveState, number>;
  readonly series: Readonly<Record<LiveState, GaugeSeries>>;
}

/** Counts who watches what now, by state. A stream has its series for as long as somebody watches it. */
export class ActiveSessions {
  readonly #metrics: PrometheusMetrics;
  readonly #label: (broadcast: string) => string;
  readonly #streams = new Map<string, Stream>();

  /** @param label the broadcast as it is told in labels */
  constructor(metrics: PrometheusMetrics, label: (broadcast: string) => string) {
    this.#metrics = metrics;
    this.#label = label;
    metrics.gauge(client.activeSessions);
  }

  /** Broadcasts that are watched now. */
  get size(): number {
    return this.#streams.size;
  }

  enter(broadcast: string, state: LiveState): void {
    const stream = this.#streams.get(broadcast) ?? this.#open(broadcast);
    stream.counts[state] += 1;
    stream.series[state].add(1);
  }

  leave(broadcast: string, state: LiveState): void {
    const stream = this.#streams.get(broadcast);
    if (!stream) return;
    stream.counts[state] -= 1;
    stream.series[state].add(-1);
    if (liveStates.some((each) => stream.counts[each] > 0)) return;
    for (const each of liveStates) stream.series[each].close();
    this.#streams.delete(broadcast);
  }

  #open(broadcast: string): Stream {
    const label = this.#label(broadcast);
    const family = this.#metrics.gauge(client.activeSessions);
    const open = (state: LiveState): GaugeSeries =>
      family.series({ namespace: namespaceOf(label), broadcast: label, state });
    const stream: Stream = {
      counts: { loading: 0, playing: 0, stalled: 0, paused: 0 },
      series: {
        loading: open('loading'),
        playing: open('playing'),
        stalled: open('stalled'),
        paused: open('paused'),
      },
    };
    this.#streams.set(broadcast, stream);
    return stream;
  }
}
