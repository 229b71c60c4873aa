import { attributes, type logFields, type spans } from '@moq-observability/moq-metrics';

type Span = (typeof spans)[keyof typeof spans];
type LogField = (typeof logFields)[keyof typeof logFields];

/** The services that write logs, by the name they give themselves. */
export const services = ['moq-relay', 'moq-player', 'moq-collector', 'moq-load', 'moq-exporter'] as const;
/** A service that writes logs. */
export type Service = (typeof services)[number];

/** A query of log lines, in LogQL, and what it asks for. */
export interface LogQuery {
  readonly text: string;
  readonly variables: readonly string[];
  readonly services: readonly Service[];
  readonly filters: readonly LogFilter[];
}

/** A field of a log line, and the variable its value begins with; an empty one takes every line. */
export interface LogFilter {
  readonly field: LogField;
  readonly variable: string;
}

/**
 * The log lines of services whose fields begin with what the viewer typed. Loki keeps the fields as structured
 * metadata, with dots in their names as underscores.
 */
export function logLines(of: readonly Service[], ...filters: readonly LogFilter[]): LogQuery {
  const selector = `{service_name=~"${of.join('|')}"}`;
  const stages = filters.map(({ field, variable }) => `${lokiName(field.name)}=~\`$${variable}.*\``);
  return {
    text: [selector, ...stages].join(' | '),
    variables: filters.map(({ variable }) => variable),
    services: of,
    filters,
  };
}

/** A query of traces, in TraceQL, and the span it asks for. */
export interface TraceQuery {
  readonly text: string;
  readonly variables: readonly string[];
  readonly span: Span;
}

/** The traces in which a span of this name is, of sessions whose id begins with what the viewer typed. */
export function tracesOf(span: Span, sessionVariable: string): TraceQuery {
  return {
    text: `{ name = "${span.name}" && .${attributes.sessionId.name} =~ "$${sessionVariable}.*" }`,
    variables: [sessionVariable],
    span,
  };
}

/** What Loki calls a field. */
export function lokiName(field: string): string {
  return field.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}
