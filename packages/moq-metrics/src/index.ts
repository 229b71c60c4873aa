export * as attributes from './attributes.ts';
export * as audience from './audience.ts';
export * as client from './client.ts';
export * as collector from './collector.ts';
export * from './define.ts';
export * as events from './events.ts';
export * from './labels.ts';
export * as logFields from './log-fields.ts';
export { otelName } from './otel-name.ts';
export * as relay from './relay.ts';
export { type Group, schema } from './schema.ts';
export type {
  CounterHandle,
  GaugeHandle,
  Handle,
  HistogramHandle,
  Instruments,
  SeriesOf,
} from './series/instruments.ts';
export * as spans from './spans.ts';
export * as stack from './stack.ts';
