/** What the relay and the thread that exports say to each other. */
import type { SpanContext, SpanStatus } from '@opentelemetry/api';
import type { RelaySpanOptions } from './tracer.ts';

/**
 * How many records may wait to be exported: on their way to the thread, where those beyond are counted as lost, and
 * again within it, of spans and of log records.
 */
export const ROOM = 8192;

/** The `source` of log lines about the export itself, which must not be exported again. */
export const EXPORT_SOURCE = 'opentelemetry';

/** How OTLP is spoken. */
export type Protocol = 'http/protobuf' | 'http/json';

/** What is exported, how, and by what name. */
export interface ExportStart {
  readonly version: string;
  /** Which relay of a cluster. */
  readonly id: string;
  /** `undefined` when there are no traces to export. */
  readonly traces: Protocol | undefined;
  /** `undefined` when there are no logs to export. */
  readonly logs: Protocol | undefined;
}

/** A span that has ended. */
export interface SpanRecord {
  readonly name: string;
  readonly context: SpanContext;
  readonly parent: SpanContext | undefined;
  /** How it began, with all the attributes it has come to have. */
  readonly options: RelaySpanOptions;
  readonly status: SpanStatus | undefined;
  /** Unix time, in milliseconds. */
  readonly endTime: number;
}

/** What is to be exported; or that nothing more comes. */
export type ExportRequest =
  | {
      readonly kind: 'records';
      readonly spans: readonly SpanRecord[];
      /** Lines of the log, as pino writes them. */
      readonly lines: readonly string[];
    }
  | { readonly kind: 'close' };

/** Something that went wrong with the export, or is worth to be known of it. */
export interface ExportFault {
  readonly level: 'debug' | 'warn';
  /** As it came: fit for a log only once it is made printable. */
  readonly message: string;
  /** The same. */
  readonly details?: string;
}

/** That records were taken over, that something went wrong, or that everything has been sent. */
export type ExportAnswer =
  | { readonly kind: 'taken'; readonly count: number }
  | { readonly kind: 'fault'; readonly fault: ExportFault }
  | { readonly kind: 'closed' };
