import type { events } from '@moq-observability/moq-metrics';
import { type Attributes, type Context, type Logger, SeverityNumber } from '@opentelemetry/api';
import { JsonLogsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, type LogRecordProcessor, type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { text } from './otel-meters.ts';
import { SCOPE } from './resource.ts';
import { defined } from './tracing.ts';

/** Events kept until they are collected. */
const LIMIT = 512;

type EventDefinition = typeof events.sessionStart;

/** The events of a session, as log records. Times are Unix milliseconds. */
export class EventLog {
  readonly #collector = new RecordCollector();
  readonly #provider: LoggerProvider;
  readonly #logger: Logger;

  constructor(resource: Readonly<Record<string, string>>) {
    this.#provider = new LoggerProvider({
      resource: resourceFromAttributes({ ...resource }),
      processors: [this.#collector],
    });
    this.#logger = this.#provider.getLogger(SCOPE.name, SCOPE.version);
  }

  /** @param context the trace it belongs to */
  emit(definition: EventDefinition, at: number, facts: Attributes, context: Context): void {
    const isError = definition.name === 'playback.error';
    this.#logger.emit({
      eventName: definition.name,
      timestamp: at,
      severityNumber: isError ? SeverityNumber.ERROR : SeverityNumber.INFO,
      severityText: isError ? 'ERROR' : 'INFO',
      body: definition.description,
      attributes: defined(definition, facts),
      context,
    });
  }

  /** What happened since the last time, as the body of a report; undefined when nothing did. */
  collect(): string | undefined {
    const records = this.#collector.take();
    return records.length > 0 ? text(JsonLogsSerializer.serializeRequest([...records])) : undefined;
  }

  async close(): Promise<void> {
    await this.#provider.shutdown();
  }
}

/** Keeps records until they are taken, and then the newest. */
class RecordCollector implements LogRecordProcessor {
  #records: ReadableLogRecord[] = [];

  onEmit(record: ReadableLogRecord): void {
    this.#records.push(record);
    if (this.#records.length > LIMIT) this.#records.shift();
  }

  take(): readonly ReadableLogRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}
