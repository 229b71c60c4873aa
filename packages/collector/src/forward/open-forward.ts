import { join } from 'node:path';
import { collector } from '@moq-observability/moq-metrics';
import type {
  EnqueueResult,
  Forward,
  ForwardEvents,
  ForwardHealth,
  ForwardTarget,
  OtlpContentType,
} from './forward.ts';
import { SignalQueue } from './signal-queue.ts';

/** What is passed on, where to, and how much waits. */
export interface ForwardOptions {
  /** A folder of its own, for what waits. One collector at a time can use it. */
  readonly folder: string;
  /** Signals without a target are not passed on. */
  readonly targets: { readonly [Signal in collector.Signal]?: ForwardTarget | undefined };
  /** Bytes that may wait, per signal; 256 MiB. */
  readonly queueBytes?: number | undefined;
  /** Bytes of one request at most, unless a single one that came in is larger; 512 KiB. */
  readonly batchBytes?: number | undefined;
  /** Milliseconds requests are gathered for before they go out together; 1,000. */
  readonly batchAge?: number | undefined;
  /** Milliseconds an attempt may take; 10,000. */
  readonly timeout?: number | undefined;
}

/**
 * Opens forwarding, with what waited when it was last closed. Never rejects: where the folder cannot be used, the
 * signals are `off` and say why.
 */
export async function openForward(options: ForwardOptions, events: ForwardEvents = {}): Promise<Forward> {
  const queues = new Map<collector.Signal, SignalQueue>();
  const unusable = new Map<collector.Signal, string>();
  for (const signal of collector.signals) {
    const target = options.targets[signal];
    if (!target) continue;
    const folder = join(options.folder, signal);
    try {
      queues.set(
        signal,
        await SignalQueue.open(
          {
            signal,
            target,
            folder,
            queueBytes: options.queueBytes ?? 256 * 1024 ** 2,
            batchBytes: options.batchBytes ?? 512 * 1024,
            batchAge: options.batchAge ?? 1000,
            timeout: options.timeout ?? 10_000,
          },
          events,
        ),
      );
    } catch (error) {
      unusable.set(
        signal,
        `its folder ${folder} cannot be used: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  return new Forwarding(queues, unusable);
}

class Forwarding implements Forward {
  readonly #queues: ReadonlyMap<collector.Signal, SignalQueue>;
  readonly #unusable: ReadonlyMap<collector.Signal, string>;

  constructor(
    queues: ReadonlyMap<collector.Signal, SignalQueue>,
    unusable: ReadonlyMap<collector.Signal, string>,
  ) {
    this.#queues = queues;
    this.#unusable = unusable;
  }

  wants(signal: collector.Signal): boolean {
    return this.#queues.has(signal);
  }

  enqueue(
    signal: collector.Signal,
    payload: Uint8Array,
    contentType: OtlpContentType,
  ): Promise<EnqueueResult> {
    return this.#queues.get(signal)?.enqueue(payload, contentType) ?? Promise.resolve('off');
  }

  queuedBytes(signal: collector.Signal): number {
    return this.#queues.get(signal)?.queuedBytes ?? 0;
  }

  health(signal: collector.Signal): ForwardHealth {
    return (
      this.#queues.get(signal)?.health() ?? {
        state: 'off',
        reason: this.#unusable.get(signal),
        queuedRequests: 0,
        queuedBytes: 0,
        droppedRequests: 0,
      }
    );
  }

  async flush(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.flush(signal)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
