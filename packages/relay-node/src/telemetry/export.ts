import type { Tracer } from '@opentelemetry/api';
import { attributes } from '@moq-observability/moq-metrics';
import type { Resource } from '@opentelemetry/resources';
import type { LoggerProvider } from '@opentelemetry/sdk-logs';
import type { TracerProvider } from '@opentelemetry/sdk-trace';
import { RelayError } from '../errors.ts';
import type { LogRecords } from './log-records.ts';
import type { SamplingLimits } from './sampler.ts';

/** What is exported, and by what name. */
export interface ExportOptions extends SamplingLimits {
  readonly version: string;
  /** Which relay of a cluster. */
  readonly id: string;
}

/** OTLP export that runs. */
export interface TelemetryExport {
  /** Makes spans; `undefined` when traces are not exported. */
  readonly tracer: Tracer | undefined;
  /** Takes log lines; `undefined` when logs are not exported. */
  readonly logs: { write(line: string): void } | undefined;
  /** Sends what is left, and ends. Never rejects. */
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Signal = 'traces' | 'logs';
type Protocol = 'http/protobuf' | 'http/json';

const SCOPE = '@moq-observability/relay-node';

/**
 * Starts what the standard `OTEL_*` variables ask for: OTLP over HTTP, as protobuf or JSON. Nothing of it is loaded
 * when they ask for nothing.
 *
 * @throws {RelayError} `bad_option` for a protocol that is not spoken
 */
export async function startExport(
  environment: Environment,
  options: ExportOptions,
): Promise<TelemetryExport | undefined> {
  const traces = protocolOf(environment, 'traces');
  const logs = protocolOf(environment, 'logs');
  if (!traces && !logs) return undefined;
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } =
    await import('@opentelemetry/resources');
  const resource = defaultResource()
    .merge(
      resourceFromAttributes({
        [attributes.serviceName.name]: 'moq-relay',
        [attributes.serviceVersion.name]: options.version,
        'service.instance.id': options.id,
        [attributes.relayId.name]: options.id,
      }),
    )
    .merge(detectResources({ detectors: [envDetector] }));
  const tracing = traces && (await startTraces(traces, resource, options));
  const logging = logs && (await startLogs(logs, resource, options));
  return {
    tracer: tracing?.getTracer(SCOPE, options.version),
    logs: logging?.records,
    close: async () => {
      await Promise.allSettled([tracing?.shutdown(), logging?.provider.shutdown()]);
    },
  };
}

async function startTraces(
  protocol: Protocol,
  resource: Resource,
  limits: SamplingLimits,
): Promise<TracerProvider> {
  const { BatchSpanProcessor, TracerProvider: Provider } = await import('@opentelemetry/sdk-trace');
  const { RelaySampler } = await import('./sampler.ts');
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new Provider({
    resource,
    sampler: new RelaySampler(limits),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
}

async function startLogs(
  protocol: Protocol,
  resource: Resource,
  { version }: ExportOptions,
): Promise<{ readonly provider: LoggerProvider; readonly records: LogRecords }> {
  const { BatchLogRecordProcessor, LoggerProvider: Provider } = await import('@opentelemetry/sdk-logs');
  const { LogRecords: Records } = await import('./log-records.ts');
  const { OTLPLogExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-logs-otlp-http')
      : await import('@opentelemetry/exporter-logs-otlp-proto');
  const provider = new Provider({
    resource,
    processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })],
  });
  return { provider, records: new Records(provider.getLogger(SCOPE, version)) };
}

/** How a signal is to be exported; `undefined` when it is not. */
function protocolOf(environment: Environment, signal: Signal): Protocol | undefined {
  const read = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const upper = signal.toUpperCase();
  const endpoint = read(`OTEL_EXPORTER_OTLP_${upper}_ENDPOINT`) ?? read('OTEL_EXPORTER_OTLP_ENDPOINT');
  const isOff = read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true';
  if (!endpoint || isOff || read(`OTEL_${upper}_EXPORTER`) === 'none') return undefined;
  const name = read(`OTEL_EXPORTER_OTLP_${upper}_PROTOCOL`) ?? read('OTEL_EXPORTER_OTLP_PROTOCOL');
  const protocol = name ?? 'http/protobuf';
  if (protocol === 'http/protobuf' || protocol === 'http/json') return protocol;
  throw new RelayError(
    'bad_option',
    `OTEL_EXPORTER_OTLP_PROTOCOL ${JSON.stringify(protocol)}: http/protobuf and http/json are spoken`,
  );
}
