import { OTHER, relay, type Stream } from '@moq-observability/moq-metrics';
import type { GaugeSeries, PrometheusMetrics } from '@moq-observability/moq-metrics/prometheus';
import { unixNow } from '../clock.ts';

/** When one stream last sent media, and since when it has been asked to; told when somebody scrapes. */
export class StreamTimes {
  /** When the newest media frame came, by `performance.now()`; written for every frame. */
  lastFrame: number | undefined;
  readonly #all: AllStreamTimes;
  #gauges: StreamGauges | undefined;
  #watching = 0;
  #watchedSince: number | undefined;
  /** The frame that was told last. */
  #told: number | undefined;

  constructor(all: AllStreamTimes) {
    this.#all = all;
  }

  /** Since when media has been asked for, by `performance.now()`; `undefined` when it is not. */
  get watchedSince(): number | undefined {
    return this.#watchedSince;
  }

  /** Takes its place among the series. */
  begin(stream: Stream): void {
    this.#gauges = this.#all.open(this, stream);
  }

  /** A media track is open at the publisher; the returned function ends that. */
  watch(): () => void {
    this.#watching += 1;
    if (this.#watchedSince === undefined) {
      this.#watchedSince = performance.now();
      this.#place()?.watchedSince.set(unixNow() / 1000);
    }
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#watching -= 1;
      if (this.#watching === 0) this.#unwatch();
    };
  }

  /** The stream is over. */
  end(): void {
    this.#watching = 0;
    this.#unwatch();
    this.tell();
    this.#gauges?.lastFrame.close();
    this.#gauges?.watchedSince.close();
    this.#gauges = undefined;
    this.#all.close(this);
  }

  /** Says when the newest frame came; once for each, so that what is told does not waver with the clocks. */
  tell(): void {
    if (this.lastFrame === this.#told || this.lastFrame === undefined) return;
    this.#told = this.lastFrame;
    this.#place()?.lastFrame.set((unixNow() - performance.now() + this.lastFrame) / 1000);
  }

  #unwatch(): void {
    this.#watchedSince = undefined;
    this.#place()?.watchedSince.set(0);
  }

  // Streams without a place of their own share one, where a time of any of them would mean nothing.
  #place(): StreamGauges | undefined {
    return this.#gauges?.lastFrame.labels['broadcast'] === OTHER ? undefined : this.#gauges;
  }
}

interface StreamGauges {
  readonly lastFrame: GaugeSeries;
  readonly watchedSince: GaugeSeries;
}

/** The times of all streams. */
export class AllStreamTimes {
  readonly #prometheus: PrometheusMetrics | undefined;
  readonly #open = new Set<StreamTimes>();

  /** @param prometheus where they are told; nowhere without */
  constructor(prometheus: PrometheusMetrics | undefined) {
    this.#prometheus = prometheus;
    prometheus?.gauge(relay.streamLastFrameTimestamp);
    prometheus?.gauge(relay.streamWatchedSinceTimestamp);
    prometheus?.onCollect(() => {
      for (const times of this.#open) times.tell();
    });
  }

  open(times: StreamTimes, stream: Stream): StreamGauges | undefined {
    if (!this.#prometheus) return undefined;
    this.#open.add(times);
    return {
      lastFrame: this.#prometheus.gauge(relay.streamLastFrameTimestamp).series(stream),
      watchedSince: this.#prometheus.gauge(relay.streamWatchedSinceTimestamp).series(stream),
    };
  }

  close(times: StreamTimes): void {
    this.#open.delete(times);
  }
}
