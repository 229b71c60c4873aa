import { namespaceOf, relay, type TrackType, type Transport } from '@moq-observability/moq-metrics';
import {
  type CounterSeries,
  createPrometheusMetrics,
  type GaugeSeries,
  type PrometheusMetrics,
  type Rendered,
} from '@moq-observability/moq-metrics/prometheus';
import { collectDefaultMetrics } from 'prom-client';

/** What of the relay's metrics is fixed from its start. */
export interface RelayMetricsOptions {
  readonly version: string;
  /** Whether to measure the process too (CPU, memory, event loop). */
  readonly processMetrics: boolean;
}

/** Everything the relay counts. */
export class RelayMetrics {
  readonly #prometheus: PrometheusMetrics;
  readonly #version: string;
  readonly #errors = new Map<relay.RelayStage, CounterSeries>();

  constructor(options: RelayMetricsOptions) {
    const prometheus = createPrometheusMetrics({ overflow: relay.seriesOverflow });
    this.#prometheus = prometheus;
    this.#version = options.version;
    if (options.processMetrics) collectDefaultMetrics({ register: prometheus.registry });
    for (const stage of relay.relayStages) {
      this.#errors.set(stage, prometheus.counter(relay.errors).series({ stage }));
    }
    // Known from the start, at zero or as soon as they take a slot.
    prometheus.gauge(relay.activeStreams);
    prometheus.gauge(relay.activeSubscribers);
    prometheus.gauge(relay.activeSubscriptions);
    prometheus.gauge(relay.activeSessions);
    prometheus.counter(relay.sessionsClosed);
  }

  /** The transports that listen, by name. */
  transports(names: readonly string[]): void {
    this.#prometheus
      .gauge(relay.buildInfo)
      .series({ version: this.#version, node: process.versions.node, transports: names.join(',') })
      .set(1);
  }

  /** Something went wrong at a stage. */
  error(stage: relay.RelayStage): void {
    this.#errors.get(stage)?.add(1);
  }

  /** A session got past setup. */
  session(transport: Transport, version: string): SessionMetrics {
    return new SessionMetrics(this.#prometheus, transport, version);
  }

  /** A broadcast was announced. */
  broadcast(path: string): BroadcastMetrics {
    return new BroadcastMetrics(this.#prometheus, path);
  }

  /** What a scrape gets that sends this `Accept` header. */
  render(accept?: string): Promise<Rendered> {
    return this.#prometheus.render(accept);
  }
}

/** One session past setup. */
export class SessionMetrics {
  readonly #prometheus: PrometheusMetrics;
  readonly #transport: Transport;
  readonly #lower: () => void;
  #open = true;

  constructor(prometheus: PrometheusMetrics, transport: Transport, version: string) {
    this.#prometheus = prometheus;
    this.#transport = transport;
    count(prometheus.counter(relay.sessions).series({ transport, version }));
    this.#lower = raise(prometheus.gauge(relay.activeSessions).series({ transport }));
  }

  /** The session is over. Does nothing the second time. */
  close(reason: relay.SessionCloseReason): void {
    if (!this.#open) return;
    this.#open = false;
    count(this.#prometheus.counter(relay.sessionsClosed).series({ transport: this.#transport, reason }));
    this.#lower();
  }
}

/** Groups, frames and bytes of one track in one direction. */
export class TrafficMetrics {
  readonly #groups: CounterSeries;
  readonly #frames: CounterSeries;
  readonly #bytes: CounterSeries;

  constructor(groups: CounterSeries, frames: CounterSeries, bytes: CounterSeries) {
    this.#groups = groups;
    this.#frames = frames;
    this.#bytes = bytes;
  }

  group(): void {
    this.#groups.add(1);
  }

  frame(bytes: number): void {
    this.#frames.add(1);
    this.#bytes.add(bytes);
  }

  /** Nothing more comes. */
  close(): void {
    this.#groups.close();
    this.#frames.close();
    this.#bytes.close();
  }
}

/**
 * One broadcast, from its announcement to its end.
 *
 * An announcement alone takes no place among the series: the first group received or the first subscription
 * accepted does, and from then on the broadcast counts as a stream.
 */
export class BroadcastMetrics {
  readonly #prometheus: PrometheusMetrics;
  readonly #path: string;
  #lowerStreams: (() => void) | undefined;
  #ended = false;

  constructor(prometheus: PrometheusMetrics, path: string) {
    this.#prometheus = prometheus;
    this.#path = path;
  }

  /** What comes from the publisher on a track. */
  received(type: TrackType): TrafficMetrics {
    this.#appear();
    const labels = { broadcast: this.#path, track_type: type, direction: 'publish' } as const;
    return new TrafficMetrics(
      this.#prometheus.counter(relay.groupsReceived).series(labels),
      this.#prometheus.counter(relay.framesReceived).series(labels),
      this.#prometheus.counter(relay.bytesReceived).series(labels),
    );
  }

  /** What goes to a subscriber on a track. */
  sent(type: TrackType): TrafficMetrics {
    this.#appear();
    const labels = { broadcast: this.#path, track_type: type, direction: 'subscribe' } as const;
    return new TrafficMetrics(
      this.#prometheus.counter(relay.groupsSent).series(labels),
      this.#prometheus.counter(relay.framesSent).series(labels),
      this.#prometheus.counter(relay.bytesSent).series(labels),
    );
  }

  /** A session subscribed to a track; the returned function ends that. */
  subscription(type: TrackType): () => void {
    this.#appear();
    return raise(this.#prometheus.gauge(relay.activeSubscriptions).series({ track_type: type }));
  }

  /** A session has become a viewer; the returned function ends that. */
  viewer(): () => void {
    this.#appear();
    const labels = { namespace: namespaceOf(this.#path), broadcast: this.#path };
    return raise(this.#prometheus.gauge(relay.activeSubscribers).series(labels));
  }

  /** The publisher is gone. Does nothing the second time. */
  end(): void {
    this.#ended = true;
    this.#lowerStreams?.();
  }

  #appear(): void {
    if (this.#ended) return;
    this.#lowerStreams ??= raise(
      this.#prometheus.gauge(relay.activeStreams).series({ namespace: namespaceOf(this.#path) }),
    );
  }
}

function count(counter: CounterSeries): void {
  counter.add(1);
  counter.close();
}

/** Raises a gauge by one; the returned function lowers it again, once. */
function raise(gauge: GaugeSeries): () => void {
  gauge.add(1);
  let raised = true;
  return () => {
    if (!raised) return;
    raised = false;
    gauge.add(-1);
    gauge.close();
  };
}
