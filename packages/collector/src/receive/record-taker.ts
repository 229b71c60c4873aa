import { attributes as names } from '@moq-observability/moq-metrics';
import type { Forward } from '../forward/forward.ts';
import type { AudienceBook } from '../merge/audience.ts';
import { subjectOf } from '../merge/merger.ts';
import { applyEvent, applySpan, playerSessionOf } from '../sessions/events.ts';
import type { Recent } from '../sessions/recent.ts';
import type { Session } from '../sessions/session.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { LogRow, SpanRow, Store, WriteResult } from '../store/store.ts';
import type { OtlpLimits } from './attributes.ts';
import type { Grant } from './grants.ts';
import type { Delivery, Receipt, Sender } from './http.ts';
import { readLogs } from './logs.ts';
import { attributeText, type Reading } from './records.ts';
import { Refused } from './refused.ts';
import { readTraces } from './traces.ts';

/** Where spans and log records go. */
export interface RecordTakerOptions {
  readonly limits: OtlpLimits;
  readonly sessions: Sessions;
  readonly audience: AudienceBook;
  readonly recent: Recent;
  readonly store: Store;
  readonly forward: Forward;
  /** Told of every log record. */
  readonly onLog?: (row: LogRow) => void;
}

/** How full the store's queue may be before senders are asked to wait, and for how many seconds. */
const PRESSURE = 0.8;
const RETRY_AFTER = 2;

/** Takes spans and log records in: into live sessions, into the store, and on to whoever else wants them. */
export class RecordTaker {
  readonly #options: RecordTakerOptions;

  constructor(options: RecordTakerOptions) {
    this.#options = options;
  }

  /**
   * Takes spans.
   *
   * @param now Unix milliseconds of a clock that never goes back
   * @throws Refused when they are not shaped like OTLP, or there is no room for them now
   */
  async spans(delivery: Delivery, now: number): Promise<Receipt> {
    const { limits, recent, sessions, store, forward } = this.#options;
    this.#checkRoom();
    const { rows, rejected, message } = covered(readTraces(delivery.request, limits), delivery.sender.grant);
    for (const row of rows) {
      recent.spans.add(row, now);
      const session = this.#sessionOf(row, delivery.sender, now);
      if (session) applySpan(session, row, sessions);
    }
    const [kept] = await Promise.all([
      store.writeSpans(rows),
      forward.enqueue('traces', delivery.body, delivery.format),
    ]);
    return receipt(kept, rejected, message);
  }

  /** Takes log records, as {@link RecordTaker.spans}. */
  async logs(delivery: Delivery, now: number): Promise<Receipt> {
    const { limits, recent, sessions, store, forward, onLog } = this.#options;
    this.#checkRoom();
    const { rows, rejected, message } = covered(readLogs(delivery.request, limits), delivery.sender.grant);
    for (const row of rows) {
      recent.logs.add(row, now);
      onLog?.(row);
      const session = this.#sessionOf(row, delivery.sender, now);
      if (session) applyEvent(session, row, sessions, now);
    }
    const [kept] = await Promise.all([
      store.writeLogs(rows),
      forward.enqueue('logs', delivery.body, delivery.format),
    ]);
    return receipt(kept, rejected, message);
  }

  #checkRoom(): void {
    if (this.#options.store.pressure > PRESSURE) {
      throw new Refused(429, 'the store is behind', { retryAfter: RETRY_AFTER });
    }
  }

  #sessionOf(row: LogRow | SpanRow, sender: Sender, now: number): Session | undefined {
    const id = playerSessionOf(row);
    if (id === undefined) return undefined;
    const subject = subjectOf(row.resourceAttributes, sender, this.#options.audience);
    const broadcast = subject.broadcast ?? attributeText(row, names.moqBroadcast.name);
    const transport = subject.transport ?? attributeText(row, names.networkTransport.name);
    return this.#options.sessions.hear(id, { ...subject, broadcast, transport }, now);
  }
}

/** Leaves out what is about broadcasts that the token does not cover. */
function covered<Row extends LogRow | SpanRow>(
  reading: Reading<Row>,
  grant: Grant | undefined,
): Reading<Row> {
  if (!grant) return reading;
  const rows = reading.rows.filter((row) => {
    const broadcast = attributeText(row, names.moqBroadcast.name);
    return broadcast === undefined || grant.covers(broadcast);
  });
  const refused = reading.rows.length - rows.length;
  if (refused === 0) return reading;
  const message = [reading.message, 'the token does not cover the broadcast'].filter(Boolean).join('; ');
  return { rows, rejected: reading.rejected + refused, message };
}

function receipt(kept: WriteResult, rejected: number, message: string): Receipt {
  if (kept === 'refused') throw new Refused(503, 'the store has no room', { retryAfter: RETRY_AFTER });
  return { rejected, message };
}
