/** What OTLP carries. */
export type Signal = 'metrics' | 'traces' | 'logs';

/** What became of the reports of a session. */
export interface ReportCounts {
  /** Acknowledged by the endpoint. */
  readonly sent: number;
  /** Refused for good, or given up because too many waited. */
  readonly dropped: number;
  /** Waiting, or on their way. */
  readonly pending: number;
}

/** Where reports go. */
export interface OutboxOptions {
  /** The OTLP endpoint, without `/v1/metrics`. */
  readonly endpoint: string;
  /** Identifies the session in the `Moq-Report` header. */
  readonly session: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called once, with what is wrong when telemetry first fails. */
  readonly warn: (message: string) => void;
  /** For how long an attempt may take, in milliseconds. */
  readonly timeout?: number;
}

/** Something to deliver. */
export interface Report {
  readonly signal: Signal;
  /** Counts reports of metrics: what comes twice must not be added twice. */
  readonly sequence: number | undefined;
  readonly body: string;
  /** The body gzipped. */
  packed?: Uint8Array<ArrayBuffer> | undefined;
  /** The attempt under way. */
  attempt?: Promise<void> | undefined;
  /** Whether an attempt was in vain. */
  failed?: boolean;
}

/** What came of an attempt. */
export interface Answer {
  /** Whether it is over with the report. */
  readonly isFinal: boolean;
  /** What is wrong, in words; undefined when nothing is. */
  readonly fault?: string | undefined;
  readonly retryAfter?: string | null;
  readonly text?: string;
}

/** Decides when to try what. */
export interface Pace {
  /** A report was taken for delivery. */
  pushed(report: Report): void;
  /** An attempt is over. */
  answered(answer: Answer): void;
}

/** Reports kept of each signal while the endpoint is away: five minutes of them at the usual interval. */
const MAX_PENDING = 30;

/** Browsers let this much of `keepalive` requests be under way; what is more goes without, in bytes. */
const KEEPALIVE_LIMIT = 60_000;

/** What OTLP/HTTP says may be tried again; 408 is the network's own. */
const RETRYABLE: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/**
 * Reports on their way over OTLP/HTTP. One of metrics gets its sequence number once and keeps it on every attempt. What
 * is new is tried at once, and what could not be delivered with it, unless somebody sets another pace. Never throws.
 */
export class Outbox {
  /** Set while the page may be gone in a moment: what takes time before it is sent might not be sent. */
  hurried = false;
  pace: Pace | undefined;
  readonly #options: OutboxOptions;
  #queue: Report[] = [];
  #sequence = 0;
  #sent = 0;
  #dropped = 0;
  #keepalive = 0;
  #warned = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get counts(): ReportCounts {
    return { sent: this.#sent, dropped: this.#dropped, pending: this.#queue.length };
  }

  /** What waits, the oldest first, without what is being tried. */
  get waiting(): readonly Report[] {
    return this.#queue.filter(({ attempt }) => !attempt);
  }

  /** Takes a report for delivery. */
  push(signal: Signal, body: string): void {
    const same = this.#queue.filter((report) => report.signal === signal);
    const oldest = same.find(({ attempt }) => !attempt);
    if (same.length >= MAX_PENDING && oldest) {
      this.#remove(oldest);
      this.#dropped += 1;
    }
    const report = { signal, sequence: signal === 'metrics' ? ++this.#sequence : undefined, body };
    this.#queue.push(report);
    if (this.pace) this.pace.pushed(report);
    else void this.flush();
  }

  /** Tries everything that waits at once. */
  async flush(): Promise<void> {
    await Promise.all(this.#queue.map((report) => report.attempt ?? this.attempt(report)));
  }

  /** Tries to deliver a report. */
  attempt(report: Report): Promise<void> {
    report.attempt = this.#try(report);
    return report.attempt;
  }

  /** Tells what is wrong, once. */
  warn(fault: string): void {
    if (this.#warned) return;
    this.#warned = true;
    const { endpoint, warn } = this.#options;
    warn(`telemetry endpoint ${endpoint}: ${fault}; playback is not affected`);
  }

  async #try(report: Report): Promise<void> {
    const answer = await this.#post(report);
    report.attempt = undefined;
    const { fault, isFinal } = answer;
    if (fault !== undefined) this.warn(fault);
    report.failed = !isFinal;
    if (isFinal) {
      this.#remove(report);
      if (fault === undefined) this.#sent += 1;
      else this.#dropped += 1;
    }
    this.pace?.answered(answer);
  }

  #remove(report: Report): void {
    this.#queue = this.#queue.filter((other) => other !== report);
  }

  async #post({ signal, sequence, body, packed, failed }: Report): Promise<Answer> {
    const { endpoint, session, headers, timeout = 10_000 } = this.#options;
    const size = packed?.length ?? body.length;
    // What failed may have failed for want of room, which is the page's own as well.
    const keepalive = this.#keepalive + size < KEEPALIVE_LIMIT && (!failed || this.hurried);
    if (keepalive) this.#keepalive += size;
    try {
      const response = await fetch(`${endpoint}/v1/${signal}`, {
        method: 'POST',
        headers: {
          ...headers,
          'Content-Type': 'application/json',
          ...(packed && { 'Content-Encoding': 'gzip' }),
          ...(sequence && { 'Moq-Report': `${session}/${sequence}` }),
        },
        body: packed ?? body,
        keepalive,
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        signal: AbortSignal.timeout(timeout),
      });
      const text = await response.text();
      const { ok, status } = response;
      if (ok) return { isFinal: true, text };
      const retryAfter = response.headers.get('Retry-After');
      return { isFinal: !RETRYABLE.has(status), fault: `it answered ${status}`, retryAfter };
    } catch (error) {
      return { isFinal: false, fault: reason(error, timeout) };
    } finally {
      if (keepalive) this.#keepalive -= size;
    }
  }
}

/** Browsers do not tell a page why a request failed; this is what it can be. */
function reason(error: unknown, timeout: number): string {
  const { name, message } = error as Error;
  if (name === 'TimeoutError') return `no answer within ${timeout} ms`;
  return `no answer (${message}): nothing listens, CORS refuses, or other requests take the quota of keepalive`;
}
