import { attributes as names } from '@moq-observability/moq-metrics';
import { version } from '../../package.json';
import { DeltaMetrics } from './delta-metrics.ts';
import { attributes, type OtlpMetricsRequest } from './otlp.ts';
import { type ReportCounts, Sender, type SenderOptions } from './sender.ts';

/** What a report is about, beside its numbers. */
export interface Subject {
  /** The whole path of the broadcast. */
  readonly broadcast: string | undefined;
  /** What carries the session. */
  readonly transport: string | undefined;
}

/** Where reports go, how often, and of what. */
export interface ReporterOptions extends Omit<SenderOptions, 'url'> {
  /** The OTLP endpoint, without `/v1/metrics`. */
  readonly endpoint: string;
  /** From one report to the next, in milliseconds. */
  readonly interval: number;
}

/** Reports what `metrics` adds up: a delta every interval, when there is one. */
export class Reporter {
  readonly metrics: DeltaMetrics = new DeltaMetrics(Date.now());
  readonly #session: string;
  readonly #sender: Sender;
  readonly #timer: ReturnType<typeof setInterval>;
  #subject: Subject = { broadcast: undefined, transport: undefined };

  constructor({ endpoint, interval, ...options }: ReporterOptions) {
    this.#session = options.session;
    this.#sender = new Sender({ ...options, url: `${endpoint}/v1/metrics` });
    this.#timer = setInterval(() => this.#collect(), interval);
  }

  /** What became of the reports so far. */
  get counts(): ReportCounts {
    return this.#sender.counts;
  }

  /** What is played changes: what was added until now is a report of what was played before. */
  about(subject: Partial<Subject>): void {
    this.#collect();
    this.#subject = { ...this.#subject, ...subject };
  }

  /** Sends what there is, now. Never rejects. */
  async flush(): Promise<void> {
    this.#collect();
    await this.#sender.flush();
  }

  /** Sends what there is, and stops. Never rejects. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#collect();
    await this.#sender.close();
  }

  #collect(): void {
    const metrics = this.metrics.collect(Date.now());
    if (metrics.length === 0) return;
    const resource = {
      [names.serviceName.name]: 'moq-player',
      [names.serviceVersion.name]: version,
      [names.sessionId.name]: this.#session,
      [names.moqBroadcast.name]: this.#subject.broadcast,
      [names.networkTransport.name]: this.#subject.transport,
    };
    const request: OtlpMetricsRequest = {
      resourceMetrics: [
        {
          resource: { attributes: attributes(resource) },
          scopeMetrics: [{ scope: { name: '@moq-observability/player-web', version }, metrics }],
        },
      ],
    };
    this.#sender.push(JSON.stringify(request));
  }
}
