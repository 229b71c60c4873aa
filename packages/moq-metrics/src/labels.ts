/** A label whose values are known beforehand. Each of them exists as a series from the start, at zero. */
export interface EnumLabel<Value extends string = string> {
  readonly kind: 'enum';
  readonly values: readonly Value[];
}

/** A label whose values come from outside: at most `limit` of them get series of their own. */
export interface BoundedLabel {
  readonly kind: 'bounded';
  readonly limit: number;
}

/** How one label of a metric is typed. */
export type Label = EnumLabel | BoundedLabel;

/** The labels of a metric, by name. */
export type Labels = Readonly<Record<string, Label>>;

/** The value a label takes in code: one of the enum's, or any string. */
export type LabelValue<L> = L extends EnumLabel<infer Value> ? Value : string;

/** Where values past a bounded label's limit go. */
export const OTHER = '__other__';

/** The namespace of a broadcast whose path has a single segment. */
export const ROOT_NAMESPACE = '_root';

/** A label that takes one of the given values. */
export function oneOf<const Values extends readonly [string, ...string[]]>(
  ...values: Values
): EnumLabel<Values[number]> {
  return { kind: 'enum', values };
}

/** A label that takes any value, of which at most `limit` get series of their own. */
export function bounded(limit: number): BoundedLabel {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`a bounded label needs a limit of at least 1, not ${limit}`);
  }
  return { kind: 'bounded', limit };
}

/** The namespace of a broadcast: everything before the last `/` of its path. */
export function namespaceOf(broadcast: string): string {
  const slash = broadcast.lastIndexOf('/');
  return slash < 0 ? ROOT_NAMESPACE : broadcast.slice(0, slash);
}

/** Everything before the last `/` of a broadcast's path. */
export const namespace: BoundedLabel = bounded(100);
/** The whole path of a broadcast. */
export const broadcast: BoundedLabel = bounded(200);
/** What a track carries, by the broadcast's catalog. */
export const trackType: EnumLabel<'video' | 'audio' | 'catalog' | 'other'> = oneOf(
  'video',
  'audio',
  'catalog',
  'other',
);
/** The side of the relay the traffic belongs to: the publisher's or the subscriber's. */
export const direction: EnumLabel<'publish' | 'subscribe'> = oneOf('publish', 'subscribe');
/** What carries a session. */
export const transport: EnumLabel<'webtransport' | 'websocket' | 'quic'> = oneOf(
  'webtransport',
  'websocket',
  'quic',
);
