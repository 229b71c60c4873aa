import { RelayError } from '../errors.ts';
import type { ExportFault, ExportStart, Protocol } from './export-protocol.ts';
import { ExportThread } from './export-thread.ts';
import type { SamplingLimits } from './sampler.ts';
import { SpanRecorder } from './span-recorder.ts';
import type { RelayTracer } from './tracer.ts';

/** What is exported, and by what name. */
export interface ExportOptions extends SamplingLimits, Omit<ExportStart, 'traces' | 'logs'> {
  /** Is told of what goes wrong; never before this turn of the event loop is over. */
  readonly onFault: (fault: ExportFault) => void;
}

/** OTLP export that runs. */
export interface TelemetryExport {
  /** Makes spans; `undefined` when traces are not exported. */
  readonly tracer: RelayTracer | undefined;
  /** Takes log lines; `undefined` when logs are not exported. */
  readonly logs: { write(line: string): void } | undefined;
  /** Sends what is left, and ends. Never rejects. */
  close(): Promise<void>;
}

type Signal = 'traces' | 'logs';

/**
 * Starts what the standard `OTEL_*` variables ask for: OTLP over HTTP, as protobuf or JSON, from a thread of its own.
 * There is no thread, and nothing of it is loaded, when they ask for nothing.
 *
 * @throws {RelayError} `bad_option` for a protocol that is not spoken
 */
export function startExport(
  environment: NodeJS.ProcessEnv,
  options: ExportOptions,
): TelemetryExport | undefined {
  const traces = protocolOf(environment, 'traces');
  const logs = protocolOf(environment, 'logs');
  if (!traces && !logs) return undefined;
  const { version, id, onFault } = options;
  const thread = new ExportThread({ version, id, traces, logs }, environment, onFault);
  return {
    tracer: traces && new SpanRecorder(options, (span) => thread.addSpan(span)),
    logs: logs && { write: (line) => thread.addLine(line) },
    close: () => thread.close(),
  };
}

/** How a signal is to be exported; `undefined` when it is not. */
function protocolOf(environment: NodeJS.ProcessEnv, signal: Signal): Protocol | undefined {
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
