import { randomUUID } from 'node:crypto';

import { type Increments, type Interval, otlpAttributes, otlpMetrics, unixNano } from './increments.ts';
import type { ReportSender } from './report-sender.ts';
import { SimulatedPlayer, type SimulatedPlayerOptions } from './simulated-player.ts';

/** What a session is made of. */
export interface PlayerSessionOptions extends SimulatedPlayerOptions {
  readonly sender: ReportSender;
  readonly userAgent: string;
  /** How far the player's clock is ahead of this machine's, in milliseconds. */
  readonly skew: number;
  /** Whether events and the span of the start are sent too. */
  readonly events: boolean;
  /** Takes in what was counted, as it is reported. */
  readonly totals: Increments;
}

/** One playback of a simulated player: what it reports, and how. */
export class PlayerSession {
  readonly #options: PlayerSessionOptions;
  readonly #player: SimulatedPlayer;
  readonly #id: string = randomUUID();
  readonly #trace = { traceId: hex(16), spanId: hex(8) };
  #sequence = 0;
  /** By this machine's clock, in Unix milliseconds. */
  #since: number;
  #spanSent = false;
  readonly #began: number;

  /** @param now in Unix milliseconds */
  constructor(options: PlayerSessionOptions, now: number) {
    this.#options = options;
    this.#player = new SimulatedPlayer(options);
    this.#since = now;
    this.#began = now;
  }

  /** Watches until now, and reports it. Resolves when the report was delivered. */
  report(now: number): Promise<void> {
    const start = this.#since;
    this.#player.watch((now - start) / 1000, now + this.#options.skew);
    return this.#send({ start, end: now });
  }

  /** As {@link report}, and then leaves. */
  leave(now: number): Promise<void> {
    const start = this.#since;
    this.#player.watch((now - start) / 1000, now + this.#options.skew);
    this.#player.leave(now + this.#options.skew);
    return this.#send({ start, end: now });
  }

  async #send({ start, end }: Interval): Promise<void> {
    const { sender, totals, skew, events, userAgent } = this.#options;
    this.#since = end;
    const increments = this.#player.takeIncrements();
    const told = this.#player.takeEvents();
    totals.merge(increments);
    const metrics = otlpMetrics(increments, { start: start + skew, end: end + skew });
    const deliveries = [
      sender.deliver({
        path: '/v1/metrics',
        body: JSON.stringify({
          resourceMetrics: [{ resource: this.#resource(), scopeMetrics: [{ metrics }] }],
        }),
        userAgent,
        report: `${this.#id}/${(this.#sequence += 1)}`,
      }),
    ];
    if (events && told.length > 0) {
      const logRecords = told.map(({ time, name, attributes }) => ({
        timeUnixNano: unixNano(time),
        severityNumber: 9,
        severityText: 'INFO',
        eventName: name,
        body: { stringValue: name },
        attributes: otlpAttributes({ ...attributes, 'event.name': name }),
        ...this.#trace,
      }));
      const body = { resourceLogs: [{ resource: this.#resource(), scopeLogs: [{ logRecords }] }] };
      deliveries.push(sender.deliver({ path: '/v1/logs', body: JSON.stringify(body), userAgent }));
    }
    if (events && this.#player.started && !this.#spanSent) {
      this.#spanSent = true;
      deliveries.push(sender.deliver({ path: '/v1/traces', body: this.#startup(), userAgent }));
    }
    await Promise.all(deliveries);
  }

  #startup(): string {
    const start = this.#began + this.#options.skew;
    const span = {
      ...this.#trace,
      name: 'playback.startup',
      kind: 3,
      startTimeUnixNano: unixNano(start),
      endTimeUnixNano: unixNano(start + this.#player.startup * 1000),
      attributes: otlpAttributes({ 'network.transport.name': this.#player.transport }),
    };
    return JSON.stringify({
      resourceSpans: [{ resource: this.#resource(), scopeSpans: [{ spans: [span] }] }],
    });
  }

  #resource(): { readonly attributes: readonly unknown[] } {
    return {
      attributes: otlpAttributes({
        'service.name': 'moq-player',
        'service.version': '0.0.0-simulated',
        'session.id': this.#id,
        'moq.broadcast': this.#options.broadcast,
        'moq.trace_id': this.#trace.traceId,
        'network.transport.name': this.#player.transport,
      }),
    };
  }
}

function hex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex');
}
