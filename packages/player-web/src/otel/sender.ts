import { type Backoff, parseRetryAfter, retryDelay } from './retry.ts';

/** What became of the reports of a session. */
export interface ReportCounts {
  /** Acknowledged by the endpoint. */
  readonly sent: number;
  /** Refused for good, or given up because too many waited. */
  readonly dropped: number;
  /** Waiting, or on their way. */
  readonly pending: number;
}

/** Where reports go, and how hard to try. */
export interface SenderOptions {
  readonly url: string;
  /** Identifies the session in the `Moq-Report` header. */
  readonly session: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called once, with what is wrong when telemetry first fails. */
  readonly warn: (message: string) => void;
  readonly backoff?: Backoff;
  /** For how long an attempt may take, in milliseconds. */
  readonly timeout?: number;
}

interface Report {
  readonly sequence: number;
  readonly body: string;
  /** The attempt under way. */
  attempt?: Promise<void> | undefined;
}

type Outcome =
  | { readonly delivered: true; readonly warning?: string | undefined }
  | { readonly delivered: false; readonly warning: string; readonly retry: boolean; readonly after?: number };

/** Reports kept while the endpoint is away: five minutes of them at the usual interval. */
const MAX_PENDING = 30;

/** Browsers let this much of `keepalive` requests be under way; larger bodies go without, in bytes. */
const KEEPALIVE_LIMIT = 60_000;

/** What OTLP/HTTP says may be tried again; 408 is the network's own. */
const RETRYABLE: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/**
 * Delivers reports in order over OTLP/HTTP. A report gets its sequence number once and keeps it on every attempt.
 * What cannot be delivered is tried again with growing pauses, and given up from the oldest on. Never throws.
 */
export class Sender {
  readonly #options: Required<Omit<SenderOptions, 'headers'>> & Pick<SenderOptions, 'headers'>;
  #queue: Report[] = [];
  #sequence = 0;
  #sent = 0;
  #dropped = 0;
  #failures = 0;
  #warned = false;
  #closed = false;
  #delivering = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SenderOptions) {
    this.#options = { backoff: { initial: 1000, max: 60_000 }, timeout: 10_000, ...options };
  }

  get counts(): ReportCounts {
    return { sent: this.#sent, dropped: this.#dropped, pending: this.#queue.length };
  }

  /** Takes a report for delivery. */
  push(body: string): void {
    this.#queue.push({ sequence: ++this.#sequence, body });
    const oldest = this.#queue.find(waits);
    if (this.#queue.length > MAX_PENDING && oldest) {
      this.#remove(oldest);
      this.#dropped += 1;
    }
    void this.#deliver();
  }

  /** Tries everything that waits at once, whatever the pause: the page may be gone in a moment. */
  async flush(): Promise<void> {
    await Promise.all(this.#queue.map((report) => report.attempt ?? this.#attempt(report)));
  }

  /** Tries once more to deliver what waits; nothing is tried after that. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.flush();
  }

  /** Delivers what waits, one after the other, until all is delivered or an attempt fails. */
  async #deliver(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    while (this.#timer === undefined && !this.#closed) {
      const next = this.#queue.find(waits);
      if (!next) break;
      await this.#attempt(next);
    }
    this.#delivering = false;
  }

  #attempt(report: Report): Promise<void> {
    report.attempt = this.#try(report);
    return report.attempt;
  }

  async #try(report: Report): Promise<void> {
    const outcome = await this.#post(report);
    report.attempt = undefined;
    this.#conclude(report, outcome);
  }

  #conclude(report: Report, outcome: Outcome): void {
    if (outcome.warning !== undefined) this.#warn(outcome.warning);
    if (!outcome.delivered && outcome.retry) {
      this.#failures += 1;
      this.#pause(outcome.after);
      return;
    }
    this.#failures = 0;
    this.#remove(report);
    if (outcome.delivered) this.#sent += 1;
    else this.#dropped += 1;
  }

  #pause(after: number | undefined): void {
    if (this.#closed || this.#timer !== undefined) return;
    const delay = retryDelay(this.#failures, this.#options.backoff, Math.random(), after);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#deliver();
    }, delay);
  }

  #remove(report: Report): void {
    this.#queue = this.#queue.filter((other) => other !== report);
  }

  async #post({ sequence, body }: Report): Promise<Outcome> {
    const { url, session, headers, timeout } = this.#options;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json', 'Moq-Report': `${session}/${sequence}` },
        body,
        keepalive: body.length < KEEPALIVE_LIMIT,
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        signal: AbortSignal.timeout(timeout),
      });
      const answer = await response.text();
      if (response.ok) return { delivered: true, warning: partialFailure(answer) };
      return {
        delivered: false,
        warning: `it answered ${response.status}`,
        retry: RETRYABLE.has(response.status),
        after: parseRetryAfter(response.headers.get('Retry-After'), Date.now()),
      };
    } catch (error) {
      return { delivered: false, warning: reason(error, timeout), retry: true };
    }
  }

  #warn(cause: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.warn(`telemetry endpoint ${this.#options.url}: ${cause}; playback is not affected`);
  }
}

function waits(report: Report): boolean {
  return report.attempt === undefined;
}

/** Browsers do not tell a page why a request failed; this is what it can be. */
function reason(error: unknown, timeout: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeout} ms`;
  return `no answer (${error instanceof Error ? error.message : String(error)}): nothing listens, or CORS refuses`;
}

/** What an endpoint that accepted a report says it did not take of it. */
function partialFailure(answer: string): string | undefined {
  if (!answer.includes('rejectedDataPoints')) return undefined;
  try {
    const { partialSuccess } = JSON.parse(answer) as {
      readonly partialSuccess?: { readonly rejectedDataPoints?: unknown; readonly errorMessage?: unknown };
    };
    const rejected = Number(partialSuccess?.rejectedDataPoints ?? 0);
    if (!(rejected > 0)) return undefined;
    return `it rejected ${rejected} points (${String(partialSuccess?.errorMessage ?? 'no reason given').slice(0, 200)})`;
  } catch {
    return undefined; // An acknowledgement that is no JSON acknowledges all the same.
  }
}
