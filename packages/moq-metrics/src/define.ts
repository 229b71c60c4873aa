import { isEnum, isLabelValue, type LabelSet, type LabelValues, type NoLabels } from './labels.ts';

/** Who measures: the relay, the player in the page, the collector, or software that is not ours. */
export type Owner = 'relay' | 'player' | 'collector' | 'stack';

/** How far a definition can be relied on. A deprecated one names its replacement. */
export type Stability = 'stable' | 'experimental' | 'deprecated';

/** `planned` until something emits it. */
export type Status = 'planned' | 'live';

/** What is said of a metric when it is defined. What may be left out has a default. */
export interface Definition {
  /** The name in Prometheus. */
  readonly name: string;
  /** The unit as OpenTelemetry writes it: `s`, `By`, `bits/s`, `{session}`. */
  readonly unit: string;
  /** The exact meaning; it is the HELP text. */
  readonly description: string;
  /** By default whom the name speaks of: `moq_client_…` is the player's. */
  readonly owner?: Owner;
  /** By default `stable`. */
  readonly stability?: Stability;
  /** The name of the metric to use instead of a deprecated one. */
  readonly replacement?: string;
  /** By default `live`. */
  readonly status?: Status;
  /** The first version that had it; by default 0.1.0, the first there was. */
  readonly since?: string;
}

/** The labels of a definition; one without labels says nothing of them. */
export type WithLabels<L extends LabelValues> = keyof L extends never
  ? { readonly labels?: never }
  : { readonly labels: LabelSet<L> };

/** What all metrics have. */
interface Defined<L extends LabelValues> extends Required<Omit<Definition, 'replacement'>> {
  readonly labels: LabelSet<L>;
  readonly replacement?: string;
}

/** Something that only grows. */
export interface CounterMetric<L extends LabelValues = NoLabels> extends Defined<L> {
  readonly kind: 'counter';
}

/** Something that goes up and down. */
export interface GaugeMetric<L extends LabelValues = NoLabels> extends Defined<L> {
  readonly kind: 'gauge';
}

/** A distribution over fixed buckets. */
export interface HistogramMetric<L extends LabelValues = NoLabels> extends Defined<L> {
  readonly kind: 'histogram';
  /** Upper bounds of the buckets, ascending, without +Inf. */
  readonly buckets: readonly number[];
}

/** Any metric of the schema. */
export type Metric<L extends LabelValues = LabelValues> =
  | CounterMetric<L>
  | GaugeMetric<L>
  | HistogramMetric<L>;

/** The labels a metric is used with: an object with exactly its label names. */
export type LabelsOf<M> =
  M extends CounterMetric<infer L>
    ? L
    : M extends GaugeMetric<infer L>
      ? L
      : M extends HistogramMetric<infer L>
        ? L
        : never;

/** The label argument of a metric: none when the metric has no labels. */
export type LabelArguments<L extends LabelValues> = keyof L extends never ? [] : [labels: L];

/** A metric defined in a way that cannot work; the message names it. */
export class DefinitionError extends Error {
  override readonly name = 'DefinitionError';
  /** The name of the metric. */
  readonly metric: string;

  constructor(metric: string, problem: string) {
    super(`${metric || 'a metric without a name'}: ${problem}`);
    this.metric = metric;
  }
}

/**
 * Defines a counter.
 *
 * @throws DefinitionError when the definition cannot work
 */
/* @__NO_SIDE_EFFECTS__ */
export function counter<L extends LabelValues = NoLabels>(
  definition: Definition & WithLabels<NoInfer<L>>,
): CounterMetric<L> {
  return { kind: 'counter', ...complete<L>(definition) };
}

/**
 * Defines a gauge.
 *
 * @throws DefinitionError when the definition cannot work
 */
/* @__NO_SIDE_EFFECTS__ */
export function gauge<L extends LabelValues = NoLabels>(
  definition: Definition & WithLabels<NoInfer<L>>,
): GaugeMetric<L> {
  return { kind: 'gauge', ...complete<L>(definition) };
}

/**
 * Defines a histogram.
 *
 * @throws DefinitionError when the definition cannot work
 */
/* @__NO_SIDE_EFFECTS__ */
export function histogram<L extends LabelValues = NoLabels>(
  definition: Definition & WithLabels<NoInfer<L>> & { readonly buckets: readonly number[] },
): HistogramMetric<L> {
  const { name, buckets } = definition;
  if (
    buckets.length === 0 ||
    buckets.some((le, i) => !Number.isFinite(le) || le <= (buckets[i - 1] ?? -Infinity))
  ) {
    throw new DefinitionError(name, `buckets must be finite and ascend, not ${buckets.join(' ')}`);
  }
  return { kind: 'histogram', buckets, ...complete<L>(definition) };
}

const OWNERS: readonly (readonly [prefix: string, owner: Owner])[] = [
  ['moq_relay_', 'relay'],
  ['moq_client_', 'player'],
  ['moq_audience_', 'collector'],
  ['moq_collector_', 'collector'],
];

function complete<L extends LabelValues>(
  definition: Definition & { readonly labels?: LabelSet<L> },
): Defined<L> {
  const { name, description, unit, labels = {} as LabelSet<L> } = definition;
  if (!/^[a-z][a-zA-Z0-9_]*$/.test(name)) throw new DefinitionError(name, 'not a Prometheus metric name');
  if (!description) throw new DefinitionError(name, 'a description is missing: it is the HELP text');
  if (!unit || unit === '1')
    throw new DefinitionError(name, 'a unit is missing: what is counted is written {thing}');
  for (const [label, values] of Object.entries(labels as LabelSet)) {
    if (!/^[a-z][a-z0-9_]*$/.test(label) || label === 'le') {
      throw new DefinitionError(name, `"${label}" is not a label name`);
    }
    if (!isEnum(values)) {
      if (Number.isInteger(values.limit) && values.limit >= 1) continue;
      throw new DefinitionError(name, `label "${label}" needs a limit of at least 1, not ${values.limit}`);
    }
    if (values.length === 0 || new Set(values).size < values.length || !values.every(isLabelValue)) {
      throw new DefinitionError(name, `label "${label}" has no values, one twice, or one that is none`);
    }
  }
  if (definition.stability === 'deprecated' && !definition.replacement) {
    throw new DefinitionError(name, 'deprecated without saying what to use instead');
  }
  return {
    owner: OWNERS.find(([prefix]) => name.startsWith(prefix))?.[1] ?? 'stack',
    stability: 'stable',
    status: 'live',
    since: '0.1.0',
    ...definition,
    labels,
  };
}
