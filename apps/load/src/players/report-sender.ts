import { Agent, type IncomingMessage, request } from 'node:http';

import { backoff } from '../backoff.ts';

/** A request to deliver. */
export interface Report {
  readonly path: '/v1/metrics' | '/v1/traces' | '/v1/logs';
  /** JSON. */
  readonly body: string;
  readonly userAgent: string;
  /** `<session id>/<sequence number>`: the same on every attempt. */
  readonly report?: string;
}

/** How a fleet sends, and what goes wrong on the way. */
export interface ReportSenderOptions {
  /** The collector's OTLP port. */
  readonly collector: URL;
  /** Connections held open at one time. */
  readonly connections: number;
  /** Share of reports that are sent twice at the same time. */
  readonly duplicates: number;
  /** Share of reports whose answer is lost, so that they are sent again. */
  readonly lostAnswers: number;
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
  /** From 0 up to and without 1. */
  readonly random: () => number;
  /** Fires when nothing is tried any more. */
  readonly signal: AbortSignal;
}

/** What became of a fleet's requests. */
export interface SenderCounts {
  /** Requests with something new in them. */
  delivered: number;
  /** Given up: refused for good, or not delivered in time. */
  undelivered: number;
  /** Attempts, retries and duplicates among them. */
  attempts: number;
  duplicates: number;
  lostAnswers: number;
  retries: number;
  /** Answers that took the request but not all that is in it. */
  partial: number;
}

/** How an attempt ended: `retry` when it is worth another. */
type Outcome = 'delivered' | 'refused' | 'retry';

/** What OTLP/HTTP says may be tried again. */
const RETRYABLE: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/** How long an attempt may take, in milliseconds. */
const TIMEOUT = 10_000;

/** Milliseconds that answers took: one in so many is kept. */
const TIMES_KEPT = 200_000;

/**
 * Delivers reports as players do: until they are acknowledged, with the same number on every attempt. Some are sent
 * twice, and the answers to some are thrown away and the reports sent again.
 */
export class ReportSender {
  readonly counts: SenderCounts = {
    delivered: 0,
    undelivered: 0,
    attempts: 0,
    duplicates: 0,
    lostAnswers: 0,
    retries: 0,
    partial: 0,
  };
  readonly #options: ReportSenderOptions;
  readonly #agent: Agent;
  readonly #times: number[] = [];

  constructor(options: ReportSenderOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.connections, scheduling: 'fifo' });
  }

  /** Milliseconds from sending to the answer, of the attempts that got one. */
  get times(): readonly number[] {
    return this.#times;
  }

  /** Delivers a report. Resolves when it is delivered or given up; never rejects. */
  async deliver(report: Report): Promise<void> {
    const { random, duplicates, lostAnswers } = this.#options;
    const numbered = report.report !== undefined;
    if (numbered && random() < lostAnswers) {
      this.counts.lostAnswers += 1;
      await this.#attempt(report);
    }
    if (numbered && random() < duplicates) {
      this.counts.duplicates += 1;
      await Promise.all([this.#deliverOnce(report), this.#deliverOnce(report, false)]);
    } else {
      await this.#deliverOnce(report);
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #deliverOnce(report: Report, counted = true): Promise<void> {
    for (let failures = 0; ;) {
      const outcome = await this.#attempt(report);
      if (outcome === 'delivered') {
        if (counted) this.counts.delivered += 1;
        return;
      }
      if (outcome === 'refused' || this.#options.signal.aborted) {
        if (counted) this.counts.undelivered += 1;
        return;
      }
      failures += 1;
      this.counts.retries += 1;
      const wait = backoff(Math.min(failures, 3), this.#options.random());
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  #attempt(report: Report): Promise<Outcome> {
    const { collector, token } = this.#options;
    this.counts.attempts += 1;
    const sent = performance.now();
    return new Promise((resolve) => {
      const outgoing = request(new URL(`.${report.path}`, collector), {
        method: 'POST',
        agent: this.#agent,
        timeout: TIMEOUT,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(report.body),
          'user-agent': report.userAgent,
          ...(report.report !== undefined && { 'moq-report': report.report }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
      });
      outgoing.once('response', (response) => {
        resolve(this.#read(response, sent));
      });
      outgoing.once('timeout', () => outgoing.destroy());
      outgoing.once('error', () => resolve('retry'));
      outgoing.end(report.body);
    });
  }

  async #read(response: IncomingMessage, sent: number): Promise<Outcome> {
    let text = '';
    try {
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
    } catch {
      return 'retry'; // The answer broke off: whether the report was taken is not known.
    }
    if (this.#times.length < TIMES_KEPT) this.#times.push(performance.now() - sent);
    const { statusCode = 0 } = response;
    if (text.includes('partialSuccess')) this.counts.partial += 1;
    if (statusCode === 200) return 'delivered';
    return RETRYABLE.has(statusCode) ? 'retry' : 'refused';
  }
}
