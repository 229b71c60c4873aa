/**
 * The schema of moq-observability: every metric, span, event, attribute and log field, and the rules of their labels.
 * What counts them is in the other entries: `/prometheus`, `/otel`, `/merge`; what reads them in `/exposition`.
 *
 * @module
 */

// The definitions, by who measures
export * as audience from './audience.ts';
export * as client from './client.ts';
export * as collector from './collector.ts';
export * as relay from './relay.ts';
export * as stack from './stack.ts';

// What labels must not carry
export * as attributes from './attributes.ts';
export * as events from './events.ts';
export * as logFields from './log-fields.ts';
export * as spans from './spans.ts';

// How they are defined, and what they are called elsewhere
export * from './define.ts';
export * from './labels.ts';
export { otelName } from './otel-name.ts';
export { type Group, schema } from './schema.ts';

// What every binding offers
export type {
  CounterHandle,
  GaugeHandle,
  Handle,
  HistogramHandle,
  Instruments,
  SeriesOf,
} from './series/instruments.ts';
