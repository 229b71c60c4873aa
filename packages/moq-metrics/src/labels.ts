import { namespaceOf } from './broadcast-path.ts';

export { broadcastPath, namespaceOf, OTHER, ROOT_NAMESPACE } from './broadcast-path.ts';

/** A label whose values are known beforehand: exactly these. Each exists as a series from the start, at zero. */
export type EnumLabel<Value extends string = string> = readonly Value[];

/** A label whose values come from outside: at most `limit` of them get series of their own. */
export interface BoundedLabel {
  readonly limit: number;
  /** The label each value belongs to a value of: both have series of their own, or neither. */
  readonly within?: { readonly label: BoundedLabel; readonly of: (value: string) => string };
}

/** How a label with these values is defined: a closed enum for a union of strings, either kind for any string. */
export type Label<Value extends string = string> = string extends Value
  ? EnumLabel | BoundedLabel
  : EnumLabel<Value>;

/** The values of a metric's labels, by label name, as code passes them. */
export type LabelValues = Readonly<Record<string, string>>;

/** The values of a metric that has no labels. */
export type NoLabels = Readonly<Record<never, string>>;

/** The definitions of a metric's labels, by label name. */
export type LabelSet<L extends LabelValues = LabelValues> = { readonly [Name in keyof L]: Label<L[Name]> };

/**
 * A label that takes any value, of which at most `limit` get series of their own. Metrics that share the label share
 * its slots. A limit below 1 is refused by the metric that is defined with it.
 */
/* @__NO_SIDE_EFFECTS__ */
export function bounded(limit: number, within?: BoundedLabel['within']): BoundedLabel {
  return within ? { limit, within } : { limit };
}

/** Whether a label is a closed enum. */
export function isEnum(label: EnumLabel | BoundedLabel): label is EnumLabel {
  return Array.isArray(label);
}

/** The longest value a label takes, in UTF-16 units. */
export const LABEL_VALUE_MAX = 256;

/**
 * Whether text can be told apart from any other wherever it goes: not empty (Prometheus takes that for no label at all),
 * not longer than {@link LABEL_VALUE_MAX}, and without lone surrogates, which all become the same character in UTF-8.
 */
export function isLabelValue(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LABEL_VALUE_MAX && value.isWellFormed();
}

/** Everything before the last `/` of a broadcast's path. */
export const namespace: BoundedLabel = bounded(100);

/** The whole path of a broadcast. */
export const broadcast: BoundedLabel = bounded(200, { label: namespace, of: namespaceOf });

/** A family of codecs (`avc1`, `av01`, `opus`), not the full codec string. */
export const codec: BoundedLabel = bounded(16);

/** What a track carries. */
export const trackTypes = ['video', 'audio', 'catalog', 'other'] as const;
/** What a track carries. */
export type TrackType = (typeof trackTypes)[number];

/** The side of the relay the traffic belongs to: the publisher's or the subscriber's. */
export const directions = ['publish', 'subscribe'] as const;
/** The side of the relay the traffic belongs to: the publisher's or the subscriber's. */
export type Direction = (typeof directions)[number];

/** What carries a session. */
export const transports = ['webtransport', 'websocket', 'quic'] as const;
/** What carries a session. */
export type Transport = (typeof transports)[number];

/** A broadcast and its namespace: the labels of everything that is told per stream. */
export type Stream = {
  /** `namespaceOf(broadcast)`, never anything else. */
  readonly namespace: string;
  readonly broadcast: string;
};
/** A broadcast and its namespace: the labels of everything that is told per stream. */
export const stream: LabelSet<Stream> = { namespace, broadcast };

/**
 * The type of a track by its name and what the broadcast's catalog says of it.
 *
 * @param inCatalog what the catalog lists the track as; undefined when it does not, or when there is no catalog
 */
export function trackTypeOf(track: string, inCatalog?: 'video' | 'audio'): TrackType {
  if (track.startsWith('catalog.json')) return 'catalog';
  if (inCatalog) return inCatalog;
  if (track.startsWith('video')) return 'video';
  return track.startsWith('audio') ? 'audio' : 'other';
}
