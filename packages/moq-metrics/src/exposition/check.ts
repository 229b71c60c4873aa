import type { HistogramMetric, Metric, Owner } from '../define.ts';
import { isEnum, OTHER } from '../labels.ts';
import { schema } from '../schema.ts';
import { type ExposedFamily, parseExposition, type Sample } from './parse.ts';

/** Something about an exposition that is not as the schema says. */
export interface Finding {
  /** The metric, or empty when a line could not be read. */
  readonly metric: string;
  readonly message: string;
}

/** Options of {@link checkExposition}. */
export interface CheckOptions {
  /**
   * Whose metrics these are: all of theirs that are live must be there, and no others of the schema. By default those
   * whose metrics are found. The collector exposes what players measure: `['collector', 'player']`.
   */
  readonly owner?: Owner | readonly Owner[];
  /** The metrics to hold the exposition against; by default the whole schema. */
  readonly metrics?: Iterable<Metric>;
}

/**
 * Holds what a program exposes against the schema: emitted ⊆ schema, and of its owners schema ⊆ emitted, except what is
 * planned. Compares names, types, HELP, labels and their values, caps, and buckets. Metrics that are not of the schema
 * and do not begin with `moq_` are none of its business.
 *
 * @returns what is not right; empty when all is
 */
export function checkExposition(text: string, options: CheckOptions = {}): readonly Finding[] {
  const { families, errors } = parseExposition(text);
  const known = new Map<string, Metric>();
  for (const metric of options.metrics ?? schema().flatMap(({ metrics }) => [...metrics.values()])) {
    known.set(metric.name, metric);
  }
  const owners = options.owner === undefined ? ownersIn(families, known) : new Set([options.owner].flat());
  const findings: Finding[] = errors.map((message) => ({ metric: '', message }));
  for (const family of families.values()) {
    const metric = known.get(family.name);
    const messages = metric ? checkFamily(family, metric, owners) : checkUnknown(family);
    for (const message of messages) findings.push({ metric: family.name, message });
  }
  for (const { name, owner, status } of known.values()) {
    if (owner === 'stack' || status === 'planned' || !owners.has(owner) || families.has(name)) continue;
    findings.push({ metric: name, message: 'is missing' });
  }
  return findings;
}

function ownersIn(
  families: ReadonlyMap<string, ExposedFamily>,
  known: ReadonlyMap<string, Metric>,
): Set<Owner> {
  return new Set([...families.keys()].flatMap((name) => known.get(name)?.owner ?? []));
}

function checkUnknown({ name }: ExposedFamily): readonly string[] {
  return name.startsWith('moq_') ? ['is not in the schema'] : [];
}

function checkFamily(family: ExposedFamily, metric: Metric, owners: ReadonlySet<Owner>): readonly string[] {
  if (family.type !== metric.kind)
    return [`is a ${family.type ?? 'metric without a type'}, not a ${metric.kind}`];
  if (metric.owner === 'stack') return [];
  const messages = new Set<string>();
  if (!owners.has(metric.owner)) messages.add(`belongs to: ${metric.owner}`);
  if (family.help !== metric.description) messages.add(`has another HELP: ${JSON.stringify(family.help)}`);
  for (const sample of family.samples) {
    for (const message of checkLabels(sample, metric)) messages.add(message);
    if (metric.kind === 'counter' && !(sample.value >= 0)) messages.add(`counts ${sample.value}`);
  }
  for (const message of checkCaps(family.samples, metric)) messages.add(message);
  for (const message of metric.kind === 'histogram'
    ? checkBuckets(family, metric)
    : checkRepetition(family)) {
    messages.add(message);
  }
  return [...messages];
}

function checkLabels({ name, labels }: Sample, metric: Metric): readonly string[] {
  const expected = Object.keys(metric.labels);
  const found = [...labels.keys()].filter((label) => !(label === 'le' && name === `${metric.name}_bucket`));
  if (found.toSorted().join() !== expected.toSorted().join()) {
    return [`has the labels ${found.join(', ') || 'none'}, not ${expected.join(', ') || 'none'}`];
  }
  return Object.entries(metric.labels).flatMap(([label, values]) => {
    const value = labels.get(label)!;
    if (!isEnum(values) || values.includes(value) || value === OTHER) return [];
    return [`has ${label}=${JSON.stringify(value.slice(0, 80))}, which is none of ${values.join(', ')}`];
  });
}

function checkCaps(samples: readonly Sample[], metric: Metric): readonly string[] {
  return Object.entries(metric.labels).flatMap(([name, label]) => {
    if (isEnum(label)) return [];
    const values = new Set(samples.map(({ labels }) => labels.get(name)));
    values.delete(OTHER);
    return values.size > label.limit
      ? [`has ${values.size} values of ${name}, more than ${label.limit}`]
      : [];
  });
}

function checkRepetition({ samples }: ExposedFamily): readonly string[] {
  return new Set(samples.map(seriesOf)).size === samples.length ? [] : ['has a series twice'];
}

function checkBuckets({ samples, name }: ExposedFamily, { buckets }: HistogramMetric): readonly string[] {
  const expected = [...buckets, Number.POSITIVE_INFINITY].join(' ');
  const counts = new Map(
    samples
      .filter((sample) => sample.name === `${name}_count`)
      .map((sample) => [seriesOf(sample), sample.value]),
  );
  const bySeries = Map.groupBy(
    samples.filter((sample) => sample.name === `${name}_bucket`),
    seriesOf,
  );
  const messages: string[] = [];
  if (bySeries.size !== counts.size) messages.push('has series without all of _bucket, _sum and _count');
  for (const [series, members] of bySeries) {
    const bounds = members.map(({ labels }) => Number(labels.get('le')?.replace('+Inf', 'Infinity')));
    if (bounds.join(' ') !== expected) messages.push(`has the buckets ${bounds.join(' ')}, not ${expected}`);
    if (members.some(({ value }, i) => value < (members[i - 1]?.value ?? 0)))
      messages.push('has buckets that shrink');
    if (members.at(-1)?.value !== counts.get(series))
      messages.push('has a _count that is not its last bucket');
  }
  return messages;
}

/** What tells a series from the others of its metric; the buckets of a histogram are one. */
function seriesOf({ labels }: Sample): string {
  return JSON.stringify(
    [...labels].filter(([name]) => name !== 'le').toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
