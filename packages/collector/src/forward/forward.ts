/** Passing on what came in: OTLP requests wait on disk until a backend has acknowledged them. */

import type { collector } from '@moq-observability/moq-metrics';

/** The encodings of OTLP/HTTP. */
export type OtlpContentType = 'application/json' | 'application/x-protobuf';

/** Where one signal goes. */
export interface ForwardTarget {
  /** The whole address, such as `http://127.0.0.1:14318/v1/traces`; never this collector's own. */
  readonly url: URL;
  /** Sent with every request, such as an API key. They never show in logs or errors. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What became of a request that was handed over. */
export type EnqueueResult =
  /** It lies on disk and goes out, even if this process is killed now (a loss of power is not covered). */
  | 'kept'
  /** Its disk cannot be written, or it is larger than the whole queue: it is gone, and counted as dropped. */
  | 'refused'
  /** The signal has no target. */
  | 'off';

/** Why requests were given up: room was needed, the disk cannot be written, or the target will not have them. */
export type ForwardDropReason = 'full' | 'disk' | 'rejected';

/** What forwarding tells while it works. None of these may throw. */
export interface ForwardEvents {
  /** The target has acknowledged so many requests. */
  readonly onSent?: (signal: collector.Signal, requests: number) => void;
  /** An attempt failed; what it carried stays queued unless `onDropped` says otherwise. */
  readonly onFailed?: (signal: collector.Signal, reason: string) => void;
  readonly onDropped?: (signal: collector.Signal, requests: number, reason: ForwardDropReason) => void;
  /** The target took a request and said that some of what it holds was rejected. */
  readonly onPartial?: (signal: collector.Signal, rejected: number, message: string) => void;
}

/** How forwarding of one signal is. */
export interface ForwardHealth {
  /** `refused`: the target would not have the last request, and it was dropped. */
  readonly state: 'off' | 'ok' | 'retrying' | 'refused';
  /** One line saying what the last attempt failed at, or why it is off. */
  readonly reason: string | undefined;
  readonly queuedRequests: number;
  readonly queuedBytes: number;
  /** Requests given up since the start. */
  readonly droppedRequests: number;
}

/** Passes OTLP requests on, each at least once, and twice only where an answer was lost. */
export interface Forward extends AsyncDisposable {
  /** Whether the signal has a target. */
  wants(signal: collector.Signal): boolean;

  /**
   * Hands a request over, whole and uncompressed: a valid `Export…ServiceRequest` in one of the two encodings. Its
   * bytes must not change afterwards. When the queue is full, the oldest requests make room and are counted as
   * dropped. Never rejects.
   */
  enqueue(
    signal: collector.Signal,
    payload: Uint8Array,
    contentType: OtlpContentType,
  ): Promise<EnqueueResult>;

  /** Bytes on disk that wait for the target. */
  queuedBytes(signal: collector.Signal): number;

  health(signal: collector.Signal): ForwardHealth;

  /**
   * Resolves when everything handed over before was acknowledged or dropped.
   *
   * @param signal gives up waiting; rejects with its reason
   */
  flush(signal?: AbortSignal): Promise<void>;

  /** Sends what can be sent within a few seconds; the rest stays on disk for the next start. */
  close(): Promise<void>;
}
