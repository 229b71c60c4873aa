import type { collector } from '@moq-observability/moq-metrics';
import { backoffDelay } from '../spool/backoff.ts';
import { readBatch } from '../spool/batch-file.ts';
import { type Delivery, Drain } from '../spool/drain.ts';
import { type Batch, Spool } from '../spool/spool.ts';
import type {
  EnqueueResult,
  ForwardDropReason,
  ForwardEvents,
  ForwardHealth,
  ForwardTarget,
  OtlpContentType,
} from './forward.ts';
import { joinRequests } from './otlp-body.ts';
import { type Attempt, Target } from './target.ts';

/** How one signal is passed on. */
export interface SignalQueueOptions {
  readonly signal: collector.Signal;
  readonly target: ForwardTarget;
  readonly folder: string;
  readonly queueBytes: number;
  readonly batchBytes: number;
  /** Milliseconds. */
  readonly batchAge: number;
  /** Milliseconds. */
  readonly timeout: number;
}

/** The two encodings cannot be put into one request, and have a lane each. */
const LANES = { json: 'application/json', protobuf: 'application/x-protobuf' } as const;
type Lane = keyof typeof LANES;

const FINE = { state: 'ok', reason: undefined } as const;

/** When a request is sent again, in milliseconds. */
const BACKOFF = { first: 1000, longest: 60_000 };

/** How long closing waits for what is still queued, in milliseconds. */
const CLOSE_GRACE = 2_000;

/** What waits to be passed on of one signal. */
export class SignalQueue {
  readonly #signal: collector.Signal;
  readonly #events: ForwardEvents;
  readonly #target: Target;
  readonly #spool: Spool<Lane>;
  readonly #drains: ReadonlyMap<Lane, Drain<Lane>>;
  /** Of a batch that is sent piece by piece: the pieces that are through. */
  readonly #through = new Map<string, Set<number>>();
  #condition: Pick<ForwardHealth, 'state' | 'reason'> = FINE;
  #dropped = 0;
  #closing: Promise<void> | undefined;

  /**
   * Opens a queue with what waits in it.
   *
   * @throws the file system's own error
   */
  static async open(options: SignalQueueOptions, events: ForwardEvents): Promise<SignalQueue> {
    const drains = new Map<Lane, Drain<Lane>>();
    const spool: Spool<Lane> = await Spool.open<Lane>({
      folder: options.folder,
      lanes: ['json', 'protobuf'],
      maxBytes: options.queueBytes,
      batchBytes: Math.min(options.batchBytes, options.queueBytes / 8),
      batchAge: options.batchAge,
      whenFull: 'drop_oldest',
      onReady: (lane) => drains.get(lane)?.wake(),
      onDropped: (_, requests) => queue.#drop(requests, 'full'),
    });
    const queue: SignalQueue = new SignalQueue(options, events, spool, drains);
    return queue;
  }

  private constructor(
    { signal, target, timeout }: SignalQueueOptions,
    events: ForwardEvents,
    spool: Spool<Lane>,
    drains: Map<Lane, Drain<Lane>>,
  ) {
    this.#signal = signal;
    this.#events = events;
    this.#target = new Target(target, timeout);
    this.#spool = spool;
    this.#drains = drains;
    for (const lane of ['json', 'protobuf'] as const) {
      const drain = new Drain({
        spool,
        lane,
        deliver: (batch, stop) => this.#deliver(batch, stop),
        backoff: (failures) => backoffDelay(failures, BACKOFF),
      });
      drains.set(lane, drain);
      drain.wake();
    }
  }

  get queuedBytes(): number {
    return this.#spool.size.bytes;
  }

  async enqueue(payload: Uint8Array, contentType: OtlpContentType): Promise<EnqueueResult> {
    const lane = contentType === LANES.json ? 'json' : 'protobuf';
    const result = await this.#spool.append(lane, { payload, count: 1 });
    if (result === 'kept') return 'kept';
    this.#drop(1, result);
    return 'refused';
  }

  health(): ForwardHealth {
    const { bytes, count } = this.#spool.size;
    return {
      ...this.#condition,
      queuedRequests: count,
      queuedBytes: bytes,
      droppedRequests: this.#dropped,
    };
  }

  flush(signal?: AbortSignal): Promise<void> {
    return this.#spool.drained(signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#spool.close();
    if (this.#condition.state !== 'retrying') {
      await this.flush(AbortSignal.timeout(CLOSE_GRACE)).catch(() => {
        // The rest stays on disk.
      });
    }
    await Promise.all([...this.#drains.values()].map((drain) => drain.close()));
  }

  async #deliver(batch: Batch<Lane>, stop: AbortSignal): Promise<Delivery> {
    const content = await readBatch(batch.path, batch.bytes).catch(() => undefined);
    if (!content) return this.#later({ reason: 'a file of the queue cannot be read', after: undefined });
    const requests = content.records.map(({ payload }) => payload);
    const contentType = LANES[batch.lane];
    const delivery = this.#through.has(batch.id)
      ? await this.#sendEach(batch.id, requests, contentType, stop)
      : await this.#sendAll(batch.id, requests, contentType, stop);
    if (delivery === 'done') {
      this.#through.delete(batch.id);
      if (content.count < batch.count) this.#drop(batch.count - content.count, 'disk');
    }
    return delivery;
  }

  async #sendAll(
    id: string,
    requests: readonly Uint8Array[],
    contentType: OtlpContentType,
    stop: AbortSignal,
  ): Promise<Delivery> {
    if (requests.length === 0) return 'done';
    const body = joinRequests(this.#signal, contentType, requests);
    const attempt = await this.#target.send(body, contentType, stop);
    if (attempt.outcome === 'refused' && requests.length > 1) {
      // One of them may be at fault, and must not take the others with it.
      this.#through.set(id, new Set());
      return this.#sendEach(id, requests, contentType, stop);
    }
    return this.#settle(attempt, requests.length);
  }

  async #sendEach(
    id: string,
    requests: readonly Uint8Array[],
    contentType: OtlpContentType,
    stop: AbortSignal,
  ): Promise<Delivery> {
    const through = this.#through.get(id)!;
    for (const [index, request] of requests.entries()) {
      if (through.has(index)) continue;
      const delivery = this.#settle(await this.#target.send(request, contentType, stop), 1);
      if (delivery !== 'done') return delivery;
      through.add(index);
    }
    return 'done';
  }

  #settle(attempt: Attempt, requests: number): Delivery {
    switch (attempt.outcome) {
      case 'taken':
        this.#condition = FINE;
        this.#events.onSent?.(this.#signal, requests);
        if (attempt.rejected > 0) this.#events.onPartial?.(this.#signal, attempt.rejected, attempt.message);
        return 'done';
      case 'refused':
        this.#condition = { state: 'refused', reason: attempt.reason };
        this.#events.onFailed?.(this.#signal, attempt.reason);
        this.#drop(requests, 'rejected');
        return 'done';
      case 'later':
        return this.#later(attempt);
    }
  }

  #later({ reason, after }: { readonly reason: string; readonly after: number | undefined }): Delivery {
    // What closing interrupts has not failed.
    if (!this.#closing) {
      this.#condition = { state: 'retrying', reason };
      this.#events.onFailed?.(this.#signal, reason);
    }
    // Never before it was asked for, and not all at the same moment.
    return { retryAfter: after === undefined ? undefined : after * (1 + Math.random() / 10) };
  }

  #drop(requests: number, reason: ForwardDropReason): void {
    this.#dropped += requests;
    this.#events.onDropped?.(this.#signal, requests, reason);
  }
}
