/** What players and relays send, for what the console is to show. */
import { client, namespaceOf, otelName, type LabelValues, type Metric } from '@moq-observability/moq-metrics';

/** Who sends, and about which session. */
export interface Sender {
  readonly session: string;
  readonly broadcast: string;
  readonly traceId: string;
  readonly userAgent?: string;
}

type Texts = Readonly<Record<string, string>>;

/** A span to send. */
export interface SentSpan {
  readonly service: 'moq-player' | 'moq-relay';
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  /** Unix milliseconds. */
  readonly time: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly attributes?: Texts;
  /** What it says of its failure. */
  readonly failed?: string;
}

/** A log line or an event to send. */
export interface SentLog {
  readonly service: 'moq-player' | 'moq-relay';
  /** Unix milliseconds. */
  readonly time: number;
  readonly body: string;
  readonly event?: string;
  readonly severity?: number;
  readonly attributes?: Texts;
}

/** Sends to the OTLP port of a collector. */
export class Reports {
  readonly #collector: URL;
  readonly #sequences = new Map<string, number>();

  constructor(collector: URL) {
    this.#collector = collector;
  }

  /** A report of a session that plays; the first one says that it started too. */
  async playing(
    sender: Sender,
    { stalled = 0, latency = 0.18 }: { readonly stalled?: number; readonly latency?: number } = {},
  ): Promise<void> {
    const { session, broadcast } = sender;
    const sequence = (this.#sequences.get(session) ?? 0) + 1;
    this.#sequences.set(session, sequence);
    const stream = { namespace: namespaceOf(broadcast), broadcast };
    const started: readonly object[] =
      sequence > 1
        ? []
        : [
            counter(client.playAttempts, stream, 1),
            counter(client.playOutcomes, { ...stream, outcome: 'started' }, 1),
            histogram(client.startupTime, { ...stream, transport: 'webtransport' }, [0.42]),
          ];
    const metrics = [
      ...started,
      counter(client.watchedSeconds, stream, 10),
      counter(client.stalledSeconds, stream, stalled),
      counter(client.rebufferCount, stream, stalled > 0 ? 1 : 0),
      histogram(client.latency, stream, [latency, latency * 1.2, latency * 0.9]),
      histogram(client.bufferLength, { ...stream, track_type: 'video' }, [0.2, 0.25]),
      histogram(client.bitrate, { ...stream, track_type: 'video' }, [3_000_000]),
      counter(client.mediaReceivedBytes, { ...stream, track_type: 'video' }, 3_750_000),
      histogram(client.rtt, { transport: 'webtransport' }, [0.03]),
    ];
    const resource = resourceOf('moq-player', sender);
    await this.#post(
      'v1/metrics',
      { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] },
      {
        'moq-report': `${session}/${sequence}`,
        ...(sender.userAgent !== undefined && { 'user-agent': sender.userAgent }),
      },
    );
  }

  /** Spans of a session's trace. */
  async spans(sender: Sender, spans: readonly SentSpan[]): Promise<void> {
    const resourceSpans = spans.map(({ service, time, duration, attributes = {}, failed, ...span }) => ({
      resource: resourceOf(service, sender),
      scopeSpans: [
        {
          spans: [
            {
              ...span,
              traceId: sender.traceId,
              startTimeUnixNano: unixNano(time),
              endTimeUnixNano: unixNano(time + duration),
              attributes: attributesOf({ ...sessionOf(sender), ...attributes }),
              ...(failed !== undefined && { status: { code: 2, message: failed } }),
            },
          ],
        },
      ],
    }));
    await this.#post('v1/traces', { resourceSpans });
  }

  /** Log lines and events of a session. */
  async logs(sender: Sender, logs: readonly SentLog[]): Promise<void> {
    const resourceLogs = logs.map(({ service, time, body, event, severity = 9, attributes = {} }) => ({
      resource: resourceOf(service, sender),
      scopeLogs: [
        {
          logRecords: [
            {
              timeUnixNano: unixNano(time),
              severityNumber: severity,
              traceId: sender.traceId,
              body: { stringValue: body },
              ...(event !== undefined && { eventName: event }),
              attributes: attributesOf({ ...sessionOf(sender), ...attributes }),
            },
          ],
        },
      ],
    }));
    await this.#post('v1/logs', { resourceLogs });
  }

  async #post(path: string, body: object, headers: Texts = {}): Promise<void> {
    const response = await fetch(new URL(path, this.#collector), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const answer = await response.text();
    if (!response.ok || answer !== '{}')
      throw new Error(`${path} was answered ${response.status}: ${answer}`);
  }
}

function counter(metric: Metric, labels: LabelValues, value: number): object {
  const point = { attributes: attributesOf(labels), timeUnixNano: unixNano(Date.now()), asDouble: value };
  return {
    name: otelName(metric),
    unit: metric.unit,
    sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point] },
  };
}

function histogram(metric: Metric, labels: LabelValues, values: readonly number[]): object {
  if (metric.kind !== 'histogram') throw new TypeError(`${metric.name} is no histogram`);
  const counts = [...metric.buckets, Number.POSITIVE_INFINITY].map(
    (bound, i) => values.filter((value) => value <= bound && value > (metric.buckets[i - 1] ?? -1)).length,
  );
  const point = {
    attributes: attributesOf(labels),
    timeUnixNano: unixNano(Date.now()),
    count: String(values.length),
    sum: values.reduce((sum, value) => sum + value, 0),
    bucketCounts: counts.map(String),
    explicitBounds: metric.buckets,
  };
  return {
    name: otelName(metric),
    unit: metric.unit,
    histogram: { aggregationTemporality: 1, dataPoints: [point] },
  };
}

function sessionOf({ session, broadcast }: Sender): Texts {
  return { 'session.id': session, 'moq.broadcast': broadcast };
}

function resourceOf(service: string, { session, broadcast, traceId }: Sender): object {
  return {
    attributes: attributesOf({
      'service.name': service,
      'service.version': '1.2.3',
      'network.transport.name': 'webtransport',
      ...(service === 'moq-player' && {
        'session.id': session,
        'moq.broadcast': broadcast,
        'moq.trace_id': traceId,
      }),
    }),
  };
}

function attributesOf(texts: Texts): readonly object[] {
  return Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

function unixNano(milliseconds: number): string {
  return `${Math.floor(milliseconds)}000000`;
}
