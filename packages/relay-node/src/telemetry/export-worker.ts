/**
 * The thread that exports: it makes spans and log records of OpenTelemetry from what the relay recorded, and sends them
 * by OTLP over HTTP, as the standard `OTEL_*` variables say. The relay starts it, and ends it.
 */
import { inspect } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { attributes } from '@moq-observability/moq-metrics';
import { diag, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { AlwaysOnSampler, BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import {
  type ExportAnswer,
  type ExportFault,
  type ExportRequest,
  type ExportStart,
  type Protocol,
  ROOM,
  type SpanRecord,
} from './export-protocol.ts';
import { toLogRecord } from './log-records.ts';

const SCOPE = '@moq-observability/relay-node';

/** Takes one kind of records. */
interface Signal<T> {
  take(record: T): void;
  shutdown(): Promise<void>;
}

const start = workerData as ExportStart;

tellFaults();
const resource = defaultResource()
  .merge(
    resourceFromAttributes({
      [attributes.serviceName.name]: 'moq-relay',
      [attributes.serviceVersion.name]: start.version,
      'service.instance.id': start.id,
      [attributes.relayId.name]: start.id,
    }),
  )
  .merge(detectResources({ detectors: [envDetector] }));
const spans = start.traces && (await startSpans(start.traces, resource));
const lines = start.logs && (await startLines(start.logs, resource));

parentPort!.on('message', (request: ExportRequest) => {
  if (request.kind === 'close') {
    void Promise.allSettled([spans?.shutdown(), lines?.shutdown()]).then(() => answer({ kind: 'closed' }));
    return;
  }
  for (const span of request.spans) spans?.take(span);
  for (const line of request.lines) lines?.take(line);
  answer({ kind: 'taken', count: request.spans.length + request.lines.length });
});

async function startSpans(protocol: Protocol, of: Resource): Promise<Signal<SpanRecord>> {
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  // The relay has given each span its ids, and chosen which are sampled.
  const ids = { traceId: '', spanId: '' };
  const provider = new TracerProvider({
    resource: of,
    sampler: new AlwaysOnSampler(),
    idGenerator: { generateTraceId: () => ids.traceId, generateSpanId: () => ids.spanId },
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), maxQueueSize: ROOM })],
  });
  const tracer = provider.getTracer(SCOPE, start.version);
  return {
    take: ({ name, context, parent, options, status, endTime }) => {
      Object.assign(ids, context);
      const above = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
      const span = tracer.startSpan(name, options, above);
      if (status) span.setStatus(status);
      span.end(endTime);
    },
    shutdown: () => provider.shutdown(),
  };
}

async function startLines(protocol: Protocol, of: Resource): Promise<Signal<string>> {
  const { OTLPLogExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-logs-otlp-http')
      : await import('@opentelemetry/exporter-logs-otlp-proto');
  const provider = new LoggerProvider({
    resource: of,
    processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter(), maxQueueSize: ROOM })],
  });
  const logger = provider.getLogger(SCOPE, start.version);
  return {
    take: (line) => {
      const record = toLogRecord(line);
      if (record) logger.emit(record);
    },
    shutdown: () => provider.shutdown(),
  };
}

function tellFaults(): void {
  diag.setLogger({
    error: (...words) => tell('warn', ...words),
    warn: (...words) => tell('warn', ...words),
    info: (...words) => tell('debug', ...words),
    debug: (...words) => tell('debug', ...words),
    verbose: () => {},
  });
  process.on('unhandledRejection', (error) => tell('debug', 'unhandled rejection', error));
}

function tell(level: ExportFault['level'], message: string, ...more: unknown[]): void {
  const details = more.length > 0 ? { details: inspect(more) } : {};
  answer({ kind: 'fault', fault: { level, message: plain(message), ...details } });
}

/** What failed in plain words: the SDK tells of errors as objects in JSON, with their stacks first. */
function plain(text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    return typeof message === 'string' ? `could not export: ${message}` : text;
  } catch {
    return text;
  }
}

function answer(message: ExportAnswer): void {
  parentPort!.postMessage(message);
}
