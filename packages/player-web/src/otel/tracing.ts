import { attributes as names, spans } from '@moq-observability/moq-metrics';
import {
  type Attributes,
  type Context,
  type Link as SpanLink,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  type IdGenerator,
  type ReadableSpan,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { StartFact } from '../qoe/events.ts';
import { hex } from '../session-id.ts';
import type { TraceContext } from '../trace-context.ts';
import { text } from './otel-meters.ts';
import { SCOPE } from './resource.ts';

/** Spans kept until they are collected. */
const LIMIT = 512;

const PHASE_SPANS = {
  connect: spans.connect,
  announce: spans.announce,
  catalog: spans.catalog,
  subscribe: spans.subscribe,
  first_frame: spans.firstFrame,
} as const;

type SpanDefinition = typeof spans.playbackStartup;
type Phase = Extract<StartFact, { type: 'phase' }>;

/** The spans of a session. Times are Unix milliseconds. */
export class Tracing {
  readonly #collector = new SpanCollector();
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  /** The trace of the start, in which the relay's spans are too. */
  readonly context: Context;
  readonly #links: SpanLink[];
  #first = true;

  /** @param start what the connect URL says of the trace: the first start lies in it */
  constructor(start: TraceContext, resource: Readonly<Record<string, string>>) {
    const { traceId, spanId, sampled } = start;
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({ ...resource }),
      sampler: sampled ? new AlwaysOnSampler() : new AlwaysOffSampler(),
      idGenerator: new PromisedIds(start),
      spanProcessors: [this.#collector],
    });
    this.#tracer = this.#provider.getTracer(SCOPE.name, SCOPE.version);
    const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
    const spanContext = { traceId, spanId, traceFlags };
    this.context = trace.setSpanContext(ROOT_CONTEXT, spanContext);
    this.#links = [{ context: spanContext }];
  }

  /**
   * A start is over. The first of a session is the span that the connect URL promised; each further one is a trace of
   * its own.
   *
   * @param error what it failed by
   */
  startup(from: number, to: number, phases: readonly Phase[], facts: Attributes, error?: string): void {
    // The relay's spans are below this one: as a client's it makes them an edge of the map of services.
    const root = this.#span(
      spans.playbackStartup,
      from,
      facts,
      this.#first ? [] : this.#links,
      SpanKind.CLIENT,
    );
    this.#first = false;
    const inside = trace.setSpan(ROOT_CONTEXT, root);
    for (const { phase, at, seconds } of phases) {
      const definition = PHASE_SPANS[phase];
      const options = { startTime: at - seconds * 1000, attributes: defined(definition, facts) };
      this.#tracer.startSpan(definition.name, options, inside).end(at);
    }
    end(root, to, error);
  }

  /** An incident begins: a trace of its own, linked to that of the start. */
  incident(definition: Defined, from: number, facts: Attributes): Span {
    return this.#span(definition, from, facts, this.#links);
  }

  /** What ended since the last time, as the body of a report; undefined when nothing did. */
  collect(): string | undefined {
    const ended = this.#collector.take();
    return ended.length > 0 ? text(JsonTraceSerializer.serializeRequest([...ended])) : undefined;
  }

  async close(): Promise<void> {
    await this.#provider.shutdown();
  }

  #span(
    definition: Defined,
    startTime: number,
    facts: Attributes,
    links: SpanLink[],
    kind: SpanKind = SpanKind.INTERNAL,
  ): Span {
    const attributes = defined(definition, facts);
    return this.#tracer.startSpan(
      definition.name,
      { kind, startTime, attributes, links, root: true },
      ROOT_CONTEXT,
    );
  }
}

/** A span or an event of the schema. */
type Defined = Pick<SpanDefinition, 'name' | 'attributes'>;

/** Of what is known, what the schema gives a span or an event. */
export function defined({ attributes }: Defined, known: Attributes): Attributes {
  return Object.fromEntries(
    attributes.flatMap(({ name }) => (known[name] === undefined ? [] : [[name, known[name]]])),
  );
}

/** Ends a span, in error when there is one. */
export function end(span: Span, at: number, error?: string): void {
  if (error !== undefined) {
    span.setAttribute(names.errorType.name, error);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error });
  }
  span.end(at);
}

/** The ids the connect URL told for the first span, and random ones from then on. */
class PromisedIds implements IdGenerator {
  #promised: Partial<TraceContext>;

  constructor(promised: TraceContext) {
    this.#promised = promised;
  }

  generateTraceId(): string {
    const { traceId = hex(16), ...rest } = this.#promised;
    this.#promised = rest;
    return traceId;
  }

  generateSpanId(): string {
    const { spanId = hex(8), ...rest } = this.#promised;
    this.#promised = rest;
    return spanId;
  }
}

/** Keeps spans that ended until they are taken, and then the newest. */
class SpanCollector implements SpanProcessor {
  #ended: ReadableSpan[] = [];

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    this.#ended.push(span);
    if (this.#ended.length > LIMIT) this.#ended.shift();
  }

  take(): readonly ReadableSpan[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}
