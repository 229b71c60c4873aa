import { attributes as names, type spans } from '@moq-observability/moq-metrics';
import {
  type Attributes,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import type { TraceParent } from './connect-url.ts';
import { errorType } from './error-type.ts';
import { randomSpanId, randomTraceId, type RelaySpan, type RelayTracer } from './tracer.ts';

type SpanDefinition = typeof spans.relaySession;

/** What points from a metric at an example of what it counted. */
export type Exemplar = Readonly<{ trace_id: string; span_id: string }>;

/** A span that is open. */
export class OpenSpan {
  readonly #span: RelaySpan;
  readonly #beginning: Beginning;

  constructor(span: RelaySpan, beginning: Beginning) {
    this.#span = span;
    this.#beginning = beginning;
  }

  /** Where it can be found; nothing when it is not going to be exported. */
  get exemplar(): Exemplar | undefined {
    return exemplarOf(this.#span.spanContext());
  }

  /** Says more about it. */
  set(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
  }

  /** Ends it: in order, or by an error. */
  end(error?: Error): void {
    if (error) {
      this.#span.setAttributes({ [names.errorType.name]: errorType(error) });
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    const { at, time } = this.#beginning;
    this.#span.end(time + performance.now() - at);
  }
}

function exemplarOf({ traceId, spanId, traceFlags }: SpanContext): Exemplar | undefined {
  return traceFlags & TraceFlags.SAMPLED ? { trace_id: traceId, span_id: spanId } : undefined;
}

/**
 * When a span began: by `performance.now()`, which tells how long it lasts, and as Unix time in milliseconds. The second
 * is read from the first and the clock of now, since the two drift apart while the process runs.
 */
interface Beginning {
  readonly at: number;
  readonly time: number;
}

function beginningAt(at: number = performance.now()): Beginning {
  return { at, time: Date.now() - (performance.now() - at) };
}

/** How a span is opened. */
export interface SpanStart {
  readonly attributes: Attributes;
  /** A span elsewhere that it has to do with. */
  readonly link?: SpanContext | undefined;
  /** When it began, by `performance.now()`; now by default. */
  readonly at?: number;
}

/**
 * The spans of one session, and the ids its log lines carry: the trace of whoever connected, or one of its own.
 * Without a tracer there are the ids alone.
 */
export class SessionTrace {
  /** The span of the session itself, which ends with its setup. */
  readonly context: SpanContext;
  /** What all of its spans say. */
  readonly attributes: Attributes;
  readonly #tracer: RelayTracer | undefined;
  /** Open until the setup is finished. */
  #session: OpenSpan | undefined;

  /**
   * @param attributes what all of its spans say
   * @param more what only the session's says
   */
  constructor(
    tracer: RelayTracer | undefined,
    parent: TraceParent | undefined,
    definition: SpanDefinition,
    attributes: Attributes,
    more: Attributes = {},
  ) {
    this.attributes = attributes;
    this.#tracer = tracer;
    if (!tracer) {
      const traceId = parent?.traceId ?? randomTraceId();
      this.context = { traceId, spanId: randomSpanId(), traceFlags: TraceFlags.NONE };
      return;
    }
    // Whether the peer wants it sampled is of no interest: strangers could make the relay export everything.
    const above = parent
      ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, traceFlags: TraceFlags.NONE, isRemote: true })
      : ROOT_CONTEXT;
    const beginning = beginningAt();
    const span = tracer.startSpan(
      definition.name,
      { kind: SpanKind.SERVER, startTime: beginning.time, attributes: { ...attributes, ...more } },
      above,
    );
    this.context = span.spanContext();
    this.#session = new OpenSpan(span, beginning);
  }

  /** Where the session's span can be found; nothing when it is not going to be exported. */
  get exemplar(): Exemplar | undefined {
    return exemplarOf(this.context);
  }

  /** The session's setup is finished, or has failed. */
  ready(attributes: Attributes, error?: Error): void {
    this.#session?.set(attributes);
    this.#session?.end(error);
    this.#session = undefined;
  }

  /** Opens a span for something within the session; nothing when it would not be exported. */
  open(definition: SpanDefinition, { attributes, link, at }: SpanStart): OpenSpan | undefined {
    if (!this.#tracer || !(this.context.traceFlags & TraceFlags.SAMPLED)) return undefined;
    const beginning = beginningAt(at);
    const span = this.#tracer.startSpan(
      definition.name,
      {
        kind: SpanKind.SERVER,
        startTime: beginning.time,
        attributes,
        ...(link && { links: [{ context: link }] }),
      },
      trace.setSpanContext(ROOT_CONTEXT, this.context),
    );
    return new OpenSpan(span, beginning);
  }
}
