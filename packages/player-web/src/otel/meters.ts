import type { client, LabelsOf, LabelValues } from '@moq-observability/moq-metrics';

type Client = typeof client;
type KeysOf<Kind extends string> = {
  [Key in keyof Client]: Client[Key] extends { readonly kind: Kind } ? Key : never;
}[keyof Client];

/** A counter of players, by the key the schema knows it by. */
export type ClientCounter = KeysOf<'counter'>;

/** A histogram of players, by the key the schema knows it by. */
export type ClientHistogram = KeysOf<'histogram'>;

/** The labels of a metric of players. */
export type ClientLabels<Key extends keyof Client> = LabelsOf<Client[Key]> & LabelValues;

/**
 * What adds up increments of the schema's metrics. It is told them by their keys: not all that adds up has the whole
 * schema at hand.
 */
export interface Meters<
  Counter extends ClientCounter = ClientCounter,
  Histogram extends ClientHistogram = ClientHistogram,
> {
  /** Adds to a counter. Adding 0 is worth a point: the series then exists before its first event. */
  add<Key extends Counter>(metric: Key, labels: ClientLabels<Key>, amount?: number): void;
  /** Observes a value in a histogram. */
  observe<Key extends Histogram>(metric: Key, labels: ClientLabels<Key>, value: number): void;
}
