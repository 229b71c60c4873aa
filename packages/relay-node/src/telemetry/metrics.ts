import { Readable } from 'node:stream';
import {
  broadcast as broadcastLabel,
  type CounterHandle,
  type HistogramHandle,
  type Instruments,
  namespaceOf,
  relay,
  type Transport,
} from '@moq-observability/moq-metrics';
import {
  collectProcessMetrics,
  createPrometheusMetrics,
  type PrometheusMetrics,
  Rendered,
} from '@moq-observability/moq-metrics/prometheus';
import { RelayError } from '../errors.ts';
import { BroadcastMetrics } from './broadcast-metrics.ts';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { openAll } from './handles.ts';
import { NO_INSTRUMENTS } from './no-metrics.ts';
import { QuicMetrics } from './quic-metrics.ts';
import { SessionMetrics } from './session-metrics.ts';
import { AllStreamTimes, StreamTimes } from './stream-times.ts';

/** What of the relay's metrics is fixed from its start. */
export interface RelayMetricsOptions {
  readonly version: string;
  /** Whether anything is counted at all; `true`. */
  readonly enabled?: boolean;
  /** Whether to measure the process too (CPU, memory, event loop). */
  readonly processMetrics: boolean;
  /** The paths of broadcasts that must be live. */
  readonly expected?: readonly string[];
  /** What waits for each subscription that is open, in bytes. */
  readonly queued?: () => Iterable<number>;
}

/** Everything the relay counts. */
export class RelayMetrics {
  /** How requests are answered and groups delivered. */
  readonly delivery: DeliveryMetrics;
  readonly #prometheus: PrometheusMetrics | undefined;
  readonly #instruments: Instruments;
  readonly #version: string;
  readonly #errors: ReadonlyMap<relay.RelayStage, CounterHandle>;
  readonly #authFailures: ReadonlyMap<relay.AuthFailureReason, CounterHandle>;
  readonly #announcements: ReadonlyMap<relay.AnnouncementEvent, CounterHandle>;
  readonly #scrapes: HistogramHandle;
  readonly #quic: QuicMetrics;
  readonly #times: AllStreamTimes;

  /** @throws {RelayError} `bad_option` when more broadcasts are expected than can be told apart */
  constructor(options: RelayMetricsOptions) {
    const prometheus =
      (options.enabled ?? true) ? createPrometheusMetrics({ overflow: relay.seriesOverflow }) : undefined;
    const instruments = prometheus ?? NO_INSTRUMENTS;
    this.#prometheus = prometheus;
    this.#instruments = instruments;
    this.#version = options.version;
    this.delivery = new DeliveryMetrics(instruments);
    this.#quic = new QuicMetrics(instruments);
    this.#times = new AllStreamTimes(prometheus);
    const errors = instruments.counter(relay.errors);
    this.#errors = openAll(relay.relayStages, (stage) => errors.series({ stage }));
    const failures = instruments.counter(relay.authFailures);
    this.#authFailures = openAll(relay.authFailureReasons, (reason) => failures.series({ reason }));
    const announcements = instruments.counter(relay.announcements);
    this.#announcements = openAll(relay.announcementEvents, (event) => announcements.series({ event }));
    this.#scrapes = instruments.histogram(relay.scrapeDuration).series();
    // Known from the start, at zero or as soon as they take a slot.
    instruments.gauge(relay.activeStreams);
    instruments.gauge(relay.activeSubscribers);
    instruments.gauge(relay.activeSessions);
    instruments.counter(relay.sessionsClosed);
    instruments.histogram(relay.sessionDuration);
    instruments.gauge(relay.streamInfo);
    instruments.gauge(relay.streamExpected);
    if (!prometheus) return;
    if (options.processMetrics) collectProcessMetrics(prometheus.registry);
    for (const path of options.expected ?? []) expect(prometheus, path);
    followQueues(prometheus, options.queued ?? (() => []));
  }

  /** The transports that listen, by name. */
  transports(names: readonly string[]): void {
    this.#instruments
      .gauge(relay.buildInfo)
      .series({ version: this.#version, node: process.versions.node, transports: names.join(',') })
      .set(1);
  }

  /** Something went wrong at a stage. */
  error(stage: relay.RelayStage): void {
    this.#errors.get(stage)?.add(1);
  }

  /** Somebody was not allowed to do something. */
  denied(reason: relay.AuthFailureReason): void {
    this.#authFailures.get(reason)?.add(1);
  }

  /** A broadcast has come or gone. */
  announcement(event: relay.AnnouncementEvent): void {
    this.#announcements.get(event)?.add(1);
  }

  /** A session got past setup. */
  session(transport: Transport, version: string): SessionMetrics {
    return new SessionMetrics(this.#instruments, this.#quic, transport, version);
  }

  /**
   * A broadcast was announced.
   *
   * @param isHere whether its publisher is, and not another relay that knows of it
   */
  broadcast(path: string, isHere = true): BroadcastMetrics {
    return new BroadcastMetrics(this.#instruments, this.delivery, new StreamTimes(this.#times), path, isHere);
  }

  /** What a scrape gets that sends this `Accept` header. */
  async render(accept?: string): Promise<Rendered> {
    if (!this.#prometheus) return new Rendered('text/plain', Readable.from(['# metrics are off\n']));
    const startedAt = performance.now();
    const { contentType, body } = await this.#prometheus.render(accept);
    return new Rendered(contentType, this.#timed(body, startedAt));
  }

  /** Writes the page once for nobody: code takes several times as long when it runs first, and nobody is there yet. */
  async warmUp(): Promise<void> {
    await (await this.#prometheus?.render())?.text();
  }

  async *#timed(body: AsyncIterable<string>, startedAt: number): AsyncGenerator<string> {
    yield* body;
    this.#scrapes.observe((performance.now() - startedAt) / 1000);
  }
}

function expect(prometheus: PrometheusMetrics, path: string): void {
  try {
    prometheus.reserve(broadcastLabel, path);
  } catch (cause) {
    throw new RelayError('bad_option', `expectedBroadcasts ${JSON.stringify(path)}: ${String(cause)}`, {
      cause,
      option: 'expectedBroadcasts',
    });
  }
  const labels = { namespace: namespaceOf(path), broadcast: path };
  prometheus.gauge(relay.streamExpected).series(labels).set(1);
}

function followQueues(prometheus: PrometheusMetrics, queued: () => Iterable<number>): void {
  const [sum, most] = [
    prometheus.gauge(relay.queuedBytes).series(),
    prometheus.gauge(relay.queuedBytesMax).series(),
  ];
  prometheus.onCollect(() => {
    let [total, worst] = [0, 0];
    for (const bytes of queued()) {
      total += bytes;
      worst = Math.max(worst, bytes);
    }
    sum.set(total);
    most.set(worst);
  });
}
