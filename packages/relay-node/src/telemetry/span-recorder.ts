import {
  type Attributes,
  type Context,
  type SpanContext,
  type SpanStatus,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import type { SpanRecord } from './export-protocol.ts';
import { Sampler, type SamplingLimits } from './sampler.ts';
import {
  randomSpanId,
  randomTraceId,
  type RelaySpan,
  type RelaySpanOptions,
  type RelayTracer,
} from './tracer.ts';

/** Makes spans that are handed on as plain data when they end. */
export class SpanRecorder implements RelayTracer {
  readonly #sampler: Sampler;
  readonly #take: (record: SpanRecord) => void;

  /** @param take gets each span that is to be exported */
  constructor(limits: SamplingLimits, take: (record: SpanRecord) => void) {
    this.#sampler = new Sampler(limits);
    this.#take = take;
  }

  startSpan(name: string, options: RelaySpanOptions, above: Context): RelaySpan {
    const parent = trace.getSpanContext(above);
    const isSampled = this.#sampler.sample(parent);
    const context: SpanContext = {
      traceId: parent?.traceId ?? randomTraceId(),
      spanId: randomSpanId(),
      traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    };
    return isSampled
      ? new RecordedSpan({ name, context, parent, options }, this.#take)
      : trace.wrapSpanContext(context);
  }
}

type Begun = Omit<SpanRecord, 'status' | 'endTime'>;

class RecordedSpan implements RelaySpan {
  readonly #begun: Begun;
  readonly #take: (record: SpanRecord) => void;
  #attributes: Attributes;
  #status: SpanStatus | undefined;

  constructor(begun: Begun, take: (record: SpanRecord) => void) {
    this.#begun = begun;
    this.#take = take;
    this.#attributes = begun.options.attributes;
  }

  spanContext(): SpanContext {
    return this.#begun.context;
  }

  setAttributes(attributes: Attributes): void {
    this.#attributes = { ...this.#attributes, ...attributes };
  }

  setStatus(status: SpanStatus): void {
    this.#status = status;
  }

  end(endTime: number): void {
    const options = { ...this.#begun.options, attributes: this.#attributes };
    this.#take({ ...this.#begun, options, status: this.#status, endTime });
  }
}
